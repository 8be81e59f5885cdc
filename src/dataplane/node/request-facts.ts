import type { IncomingMessage } from 'node:http';
import type { FailureReason } from '../../failures/failures.ts';
import { acceptsTrailers } from '../../formats/http/te.ts';
import { parseHost } from '../../routing/host.ts';
import { addConnectionOptions } from '../http1/hop-by-hop.ts';
import { MAX_HEAD_BYTES, MAX_LINE_BYTES, MAX_LINES } from '../http1/limits.ts';
import { TextHead } from '../log/text-head.ts';

/** What the header lines of a request say, read once. */
export interface RequestFacts {
  /** As parseHost gives it; empty for HTTP/1.0 without Host. */
  readonly host: string;
  readonly rawHost: string;
  /** Undefined without Content-Length. */
  readonly contentLength: number | undefined;
  readonly isChunked: boolean;
  readonly connectionOptions: ReadonlySet<string>;
  /** Header lines by the names that matter here, joined as a list; absent ones are undefined. */
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
  readonly forwardedHost: string | undefined;
  readonly requestId: string;
  readonly expect: string | undefined;
  readonly upgrade: string | undefined;
  readonly trailer: string | undefined;
  readonly acceptsTrailers: boolean;
  readonly referer: string;
  readonly userAgent: string;
  readonly authorization: string;
}

const COLLECTED = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'referer',
  'user-agent',
  'authorization',
]);

/**
 * Judges a request by its header lines where llhttp is looser than the rules against request smuggling
 * (RFC 9112 sections 3.2, 6.1 and 6.3), and reads what the rest of the program needs of them.
 */
export function readFacts(request: IncomingMessage): RequestFacts | FailureReason {
  const { rawHeaders } = request;
  if ((request.url?.length ?? 0) + (request.method?.length ?? 0) + 10 > MAX_LINE_BYTES) return 'request_line_too_long';
  if (rawHeaders.length > 2 * MAX_LINES) return 'request_too_many_headers';
  const lines = new Map<string, string[]>();
  let headBytes = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    const lineBytes = name.length + value.length + 2;
    headBytes += lineBytes + 2;
    if (lineBytes > MAX_LINE_BYTES || headBytes > MAX_HEAD_BYTES) return 'request_header_too_large';
    const lower = name.toLowerCase();
    if (!COLLECTED.has(lower)) continue;
    const values = lines.get(lower);
    if (values === undefined) lines.set(lower, [value]);
    else values.push(value);
  }
  return judge(request, lines);
}

function judge(request: IncomingMessage, lines: ReadonlyMap<string, string[]>): RequestFacts | FailureReason {
  const { httpVersionMajor: major, httpVersionMinor: minor } = request;
  if (major >= 2) return 'request_http_version_unsupported';
  if (major < 1) return 'request_http_version_malformed';
  const isOld = minor === 0;

  const hosts = lines.get('host') ?? [];
  const [rawHost = ''] = hosts;
  if (hosts.length > 1) return 'request_host_duplicate';
  if (hosts.length === 0 && !isOld) return 'request_host_missing';
  const host = hosts.length === 0 ? '' : parseHost(rawHost);
  if (host === undefined) return 'request_host_malformed';

  const lengths = lines.get('content-length') ?? [];
  const codings = lines.get('transfer-encoding') ?? [];
  if (lengths.length > 1) return 'request_content_length_duplicate';
  if (codings.length > 1) return 'request_transfer_encoding_duplicate';
  if (lengths.length > 0 && codings.length > 0) return 'request_length_and_chunked';
  const [length] = lengths;
  const [coding] = codings;
  if (length !== undefined && !(/^\d+$/.test(length) && Number.isSafeInteger(Number(length)))) {
    return 'request_content_length_malformed';
  }
  if (coding !== undefined) {
    if (isOld) return 'request_transfer_encoding_in_http_1_0';
    if (coding.toLowerCase() !== 'chunked') return 'request_transfer_encoding_unsupported';
  }

  const connectionOptions = new Set<string>();
  for (const value of lines.get('connection') ?? []) addConnectionOptions(value, connectionOptions);
  const joined = (name: string): string | undefined => lines.get(name)?.join(', ');
  return {
    host,
    rawHost,
    contentLength: length === undefined ? undefined : Number(length),
    isChunked: coding !== undefined,
    connectionOptions,
    forwardedFor: joined('x-forwarded-for'),
    forwardedProto: joined('x-forwarded-proto'),
    forwardedHost: joined('x-forwarded-host'),
    requestId: joined('x-request-id') ?? '',
    // RFC 9110 section 10.1.1: from an HTTP/1.0 client the expectation is ignored.
    expect: isOld ? undefined : joined('expect'),
    // RFC 9110 section 7.8: so is its Upgrade, and one that Connection does not name.
    upgrade: isOld || !connectionOptions.has('upgrade') ? undefined : joined('upgrade'),
    trailer: joined('trailer'),
    acceptsTrailers: acceptsTrailers(joined('te') ?? ''),
    referer: joined('referer') ?? '',
    userAgent: joined('user-agent') ?? '',
    authorization: joined('authorization') ?? '',
  };
}

export function hasBody({ isChunked, contentLength = 0 }: RequestFacts): boolean {
  return isChunked || contentLength > 0;
}

/** @param facts undefined where the request was refused before they were read */
export function loggedHead(request: IncomingMessage, facts: RequestFacts | undefined): TextHead {
  const { method, url, httpVersion } = request;
  const protocol = httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1';
  return new TextHead({ ...facts, protocol, requestLine: `${method} ${url} HTTP/${httpVersion}` });
}
