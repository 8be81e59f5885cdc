/** What an upstream does over HTTP/2, and the reason that comes of it. */
import type { FailureReason } from '../../src/failures/failures.ts';
import type { Http2Request } from '../support/raw-http2-upstream.ts';

export interface Http2ResponseCase {
  readonly what: string;
  readonly reason: FailureReason;
  readonly status: number;
  readonly detail: RegExp;
  readonly send: (request: Http2Request) => void;
}

const [DATA, INTERNAL_ERROR, REFUSED_STREAM] = [0, 2, 7];

export const HTTP2_RESPONSE_CASES: readonly Http2ResponseCase[] = [
  {
    what: 'a refused stream, twice',
    reason: 'upstream_stream_refused',
    status: 502,
    detail: /^$/,
    send: request => request.reset(REFUSED_STREAM),
  },
  {
    what: 'a reset stream',
    reason: 'upstream_stream_reset',
    status: 502,
    detail: /^INTERNAL_ERROR$/,
    send: request => request.reset(INTERNAL_ERROR),
  },
  {
    what: 'a frame that is too large',
    reason: 'response_http2_malformed',
    status: 502,
    detail: /^FRAME_SIZE_ERROR: DATA of 16385 bytes$/,
    send: request => request.connection.send(DATA, 0, request.streamId, '', 16_385),
  },
  {
    what: 'a shorter body than declared',
    reason: 'response_length_mismatch',
    status: 200,
    detail: /^3 bytes, not 9$/,
    send: request => {
      request.head(200, [['content-length', '9']]);
      request.data('abc', true);
    },
  },
];
