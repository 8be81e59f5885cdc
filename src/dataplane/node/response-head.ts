import type { IncomingMessage } from 'node:http';
import type { FailureReason } from '../../failures/failures.ts';
import { authenticatesConnection } from '../../formats/http/authentication.ts';
import type { CompiledRoute } from '../compiled-route.ts';
import { addConnectionOptions, isHopByHop, keepAliveTimeout } from '../http1/hop-by-hop.ts';
import { MAX_HEAD_BYTES, MAX_LINE_BYTES, MAX_LINES } from '../http1/limits.ts';
import { mayHoldRedirect, rewriteRedirect } from '../pipeline/redirects.ts';
import { isOfferedUpgrade } from '../pipeline/upgrade.ts';

/** What an upstream's head says about its body. */
export interface ResponseHead {
  /** Name, value, name, value…: for the client, without Connection. */
  readonly headers: string[];
  readonly hasLength: boolean;
  /** It has an Upgrade for the client, which Connection has to name. */
  readonly offersUpgrade: boolean;
  /** Milliseconds the upstream keeps an idle connection (its Keep-Alive header); -1 when it does not say. */
  readonly keepAliveMs: number;
  /** A login on the connection is under way, or done. */
  readonly authenticatesConnection: boolean;
}

/** RFC 9110 section 15.5.22: its Upgrade says to the client what is required. */
const UPGRADE_REQUIRED = 426;

const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * Reads an upstream's head by the same rules as a client's (RFC 9112 section 6.3): what is ambiguous here would let an
 * upstream answer for another request.
 * @returns a reason for a head that must not be passed on
 */
export function readResponseHead(
  response: IncomingMessage,
  route: CompiledRoute,
  hosts: readonly string[],
): ResponseHead | FailureReason {
  const { rawHeaders, statusCode: status = 0, statusMessage = '' } = response;
  if (response.httpVersionMajor !== 1 || status < 200 || status > 999) return 'response_status_line_malformed';
  if (CONTROL.test(statusMessage)) return 'response_control_character';
  // Node knows one limit only, for a whole head.
  if (isTooLarge(rawHeaders)) return 'response_header_too_large';
  const connectionOptions = connectionOptionsOf(rawHeaders);
  let lengths = 0;
  let codings = 0;
  let keepAliveMs = -1;
  let isLogin = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    const value = rawHeaders[index + 1] as string;
    if (CONTROL.test(value)) return 'response_control_character';
    if (name === 'keep-alive') keepAliveMs = keepAliveTimeout(value);
    else if (name === 'www-authenticate' || name === 'proxy-authenticate') isLogin ||= authenticatesConnection(value);
    else if (name === 'content-length') {
      lengths += 1;
      if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value))) return 'response_content_length_malformed';
    } else if (name === 'transfer-encoding') {
      codings += 1;
      if (value.toLowerCase() !== 'chunked') return 'response_transfer_encoding_unsupported';
    }
  }
  if (lengths > 1) return 'response_content_length_duplicate';
  if (codings > 1) return 'response_transfer_encoding_duplicate';
  if (lengths + codings > 1) return 'response_length_and_chunked';
  // RFC 9112 section 6.1: a server must not send Transfer-Encoding to an HTTP/1.0 peer, nor does one that speaks it.
  if (codings > 0 && response.httpVersionMinor === 0) return 'response_transfer_encoding_in_http_1_0';
  const bodiless = status === 204;
  return {
    headers: clientHeaders(rawHeaders, connectionOptions, { status, chunked: codings > 0 }, route, hosts),
    hasLength: lengths > 0 && !bodiless,
    offersUpgrade: status === UPGRADE_REQUIRED && response.headers.upgrade !== undefined,
    keepAliveMs,
    authenticatesConnection: isLogin,
  };
}

/** An estimate from names and values, since the blanks around values are gone. */
function isTooLarge(rawHeaders: readonly string[]): boolean {
  let headBytes = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const lineBytes = (rawHeaders[index] as string).length + (rawHeaders[index + 1] as string).length + 2;
    headBytes += lineBytes + 2;
    if (lineBytes > MAX_LINE_BYTES || headBytes > MAX_HEAD_BYTES) return true;
  }
  return rawHeaders.length > 2 * MAX_LINES;
}

/** Headers that end here. X-Accel-* would steer an nginx in front of this program. @param name in lower case */
function isForProxy(name: string): boolean {
  return isHopByHop(name) || name.startsWith('x-accel-');
}

function connectionOptionsOf(rawHeaders: readonly string[]): ReadonlySet<string> {
  const options = new Set<string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'connection') addConnectionOptions(rawHeaders[index + 1] ?? '', options);
  }
  return options;
}

function clientHeaders(
  rawHeaders: readonly string[],
  connectionOptions: ReadonlySet<string>,
  { status, chunked }: { readonly status: number; readonly chunked: boolean },
  route: CompiledRoute,
  hosts: readonly string[],
): string[] {
  const headers: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    const lower = name.toLowerCase();
    if (lower === 'content-length') {
      // RFC 9110 section 8.6: none on a 204.
      if (status !== 204) headers.push(name, value);
      continue;
    }
    if (lower === 'upgrade' && status === UPGRADE_REQUIRED) {
      headers.push(name, value);
      continue;
    }
    if (isForProxy(lower) || connectionOptions.has(lower)) continue;
    // Without chunks no trailers can follow, and Node throws.
    if (lower === 'trailer' && !chunked) continue;
    const rewrite = route.editsRedirects && mayHoldRedirect(lower);
    headers.push(name, rewrite ? rewriteRedirect(lower, value, route, hosts) : value);
  }
  return headers;
}

/** The headers of a 1xx response that are for the client. */
export function informationHeaders(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  const connectionOptions = connectionOptionsOf(rawHeaders);
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    const lower = name.toLowerCase();
    if (!isForProxy(lower) && !connectionOptions.has(lower) && !CONTROL.test(value)) kept.push(name, value);
  }
  return kept;
}

/**
 * The head of a 101 response for the client.
 * @param asked the protocols the client offered and the upstream was sent
 * @returns undefined when the upstream switches to something else
 */
export function switchingHead(response: IncomingMessage, asked: string): string | undefined {
  const protocol = response.headers.upgrade ?? '';
  if (response.statusCode !== 101 || !isOfferedUpgrade(protocol, asked)) return undefined;
  const kept = informationHeaders(response.rawHeaders);
  let head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
  for (let index = 0; index < kept.length; index += 2) {
    // RFC 9110 section 8.6: what follows a 101 has no length.
    if (kept[index]?.toLowerCase() !== 'content-length') head += `${kept[index]}: ${kept[index + 1]}\r\n`;
  }
  return `${head}\r\n`;
}
