/** Ways in which nginx's outcome becomes ours. */
import type { HeaderLine } from '../support/raw-message.ts';
import { type Outcome, OWN_PAGE, type SeenRequest, sorted, UPSTREAM_MARK } from './outcome.ts';

/** What the upstream says in Date, and in Server, in all its answers. */
const UPSTREAM_DATE = 'Sat, 21 Nov 2026 10:00:00 GMT';

export type Edit = (outcome: Outcome) => Outcome;

/** The differences of every exchange, which would drown the others if each case named them. */
export function everywhere(outcome: Outcome, sent: string): Outcome {
  // RFC 9112 section 3.2.2: an absolute target's authority counts, and Host is then ignored.
  const authority = /^\S+ [a-z]+:\/\/([^/?# ]*)/i.exec(sent)?.[1];
  const host = authority ?? /^host:[ \t]*(.*?)[ \t]*\r?$/im.exec(sent)?.[1];
  return responseHeaders(seen(outcome, request => asHttp11(request, host)));
}

/** Contract section 4: HTTP/1.1 to the upstream, kept alive, and more about where the request came from. */
function asHttp11(request: SeenRequest, host: string | undefined): SeenRequest {
  const added: HeaderLine[] = [['X-Forwarded-Proto', 'http']];
  if (host !== undefined) added.push(['X-Forwarded-Host', host]);
  added.push(['X-Forwarded-Prefix', '/volume'], ['X-Request-ID', '<id>']);
  const headers = request.headers.filter(([name, text]) => !(name === 'Connection' && text === 'close'));
  const at = headers.findIndex(([name]) => name === 'X-Forwarded-For') + 1;
  return {
    ...request,
    line: request.line.replace(/HTTP\/1\.0$/, 'HTTP/1.1'),
    headers: [...headers.slice(0, at), ...added, ...headers.slice(at)],
  };
}

/** Contract section 5: Date and Server are the upstream's; an answer made here has a request id, no Server, no ETag. */
function responseHeaders(outcome: Outcome): Outcome {
  if (outcome.status === 0) return outcome;
  const kept = outcome.headers.filter(([name]) => name !== 'Server' && name !== 'Date');
  const theirs: HeaderLine[] = [
    ['Server', 'theirs'],
    ['Date', UPSTREAM_DATE],
  ];
  const own: HeaderLine[] = [
    ['Date', '<now>'],
    ['X-Request-ID', '<id>'],
  ];
  const isUpstreams = kept.some(([name]) => name === UPSTREAM_MARK);
  return {
    ...outcome,
    headers: sorted(isUpstreams ? [...kept, ...theirs] : [...kept.filter(([, text]) => text !== '<file>'), ...own]),
  };
}

/** Changes what the upstream sees. */
export function seen(outcome: Outcome, edit: (request: SeenRequest) => SeenRequest): Outcome {
  return { ...outcome, requests: outcome.requests.map(edit) };
}

/** The upstream sees another target. */
export function target(text: string): Edit {
  return outcome => seen(outcome, request => ({ ...request, line: request.line.replace(/ \S+ /, () => ` ${text} `) }));
}

/** The upstream sees other client headers: everything behind what the proxy itself sends. */
export function clientHeaders(...lines: readonly HeaderLine[]): Edit {
  return outcome =>
    seen(outcome, request => {
      const own = request.headers.findIndex(([name]) => name === 'X-Request-ID') + 1;
      return { ...request, headers: [...request.headers.slice(0, own), ...lines] };
    });
}

/** The client gets an error that is made here, and the upstream nothing. */
export function refused(status: number, reason: string, connection: 'keep-alive' | 'close'): Edit {
  return () => ({
    status,
    reason,
    headers: sorted([
      ['Connection', connection],
      ['Content-Type', 'text/html'],
      ['Date', '<now>'],
      ['X-Request-ID', '<id>'],
    ]),
    body: OWN_PAGE,
    framing: 'none',
    trailers: [],
    interim: [],
    complete: true,
    requests: [],
  });
}

/** As `refused`, but the upstream was asked. */
export function badGateway(page: string): Edit {
  return outcome => ({
    ...refused(502, 'Bad Gateway', 'keep-alive')(outcome),
    body: page,
    requests: outcome.requests,
  });
}

/** A GET from `Host: test` without headers of its own is forwarded and answered as usual. */
export function forwarded(upstreamTarget: string): Edit {
  return () => ({
    status: 200,
    reason: 'OK',
    headers: sorted([
      ['Connection', 'keep-alive'],
      ['Content-Length', '2'],
      ['Date', UPSTREAM_DATE],
      ['Server', 'theirs'],
      [UPSTREAM_MARK, '1'],
    ]),
    body: 'ok',
    framing: 'content-length',
    trailers: [],
    interim: [],
    complete: true,
    requests: [
      {
        line: `GET ${upstreamTarget} HTTP/1.1`,
        headers: [
          ['Host', 'test'],
          ['X-Real-IP', '127.0.0.1'],
          ['X-Forwarded-For', '127.0.0.1'],
          ['X-Forwarded-Proto', 'http'],
          ['X-Forwarded-Host', 'test'],
          ['X-Forwarded-Prefix', '/volume'],
          ['X-Request-ID', '<id>'],
        ],
        body: '',
        trailers: [],
      },
    ],
  });
}

/** Changes the headers that the client gets. */
export function received(edit: (headers: readonly HeaderLine[]) => readonly HeaderLine[]): Edit {
  return outcome => ({ ...outcome, headers: sorted(edit(outcome.headers)) });
}
