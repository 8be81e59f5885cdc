/** Reads what a line of an access log says of its request: nginx's combined format and those that begin with it, and our JSON. */

/** A request as a log has it. */
export interface LoggedRequest {
  readonly method: string;
  /** The request target, with one character for each byte (latin1). */
  readonly target: string;
  /** As the Host header is to have it; undefined where the line names none. */
  readonly host: string | undefined;
}

/**
 * Why a line asks for nothing: it has no known format (`format`); what the client sent was no request (`request`), as the lines of
 * answers with 400 have it.
 */
export type Unreadable = 'format' | 'request';

/**
 * The time of a combined line and the request line after it. nginx escapes quotes in all that a client says, so that no user name
 * can hold this. What stands before it may be anything, such as the stamp of a container runtime.
 */
const COMBINED = /\[\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}\] "([^"]*)" \d{3} /;

/** RFC 9112 section 3; METHOD as nginx takes it. The target may not hold what could end its line. */
const REQUEST_LINE = /^([A-Z][A-Z_-]{0,31}) ([\x21-\x7e\x80-\xff]+)(?: HTTP\/\d(?:\.\d)?)?$/;

/** A host, and a port: all that may go into a Host header from a log. */
const HOST = /^(?:[A-Za-z0-9_*.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** @param line without its line end, in latin1 */
export function readLogLine(line: string): LoggedRequest | Unreadable {
  if (line.startsWith('{')) return readJsonLine(line);
  const requestLine = COMBINED.exec(line)?.[1];
  return requestLine === undefined ? 'format' : readRequestLine(unescaped(requestLine), undefined);
}

/** Whether a text can be the value of a Host header. */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

function readJsonLine(line: string): LoggedRequest | Unreadable {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'format';
  }
  const { requestLine, host } = value as { readonly requestLine?: unknown; readonly host?: unknown };
  if (typeof requestLine !== 'string') return 'format';
  return readRequestLine(requestLine, typeof host === 'string' && host !== '' ? host : undefined);
}

function readRequestLine(requestLine: string, host: string | undefined): LoggedRequest | Unreadable {
  const [, method, target] = REQUEST_LINE.exec(requestLine) ?? [];
  if (method === undefined || target === undefined) return 'request';
  if (target.startsWith('/') || target === '*') {
    return host === undefined || isHost(host) ? { method, target, host } : 'request';
  }
  // The absolute form, which clients of proxies send: its host counts (RFC 9112 section 3.2.2).
  const [, authority, rest] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target) ?? [];
  if (authority === undefined || rest === undefined || !isHost(authority)) return 'request';
  return { method, target: rest.startsWith('/') ? rest : `/${rest}`, host: authority };
}

/** nginx writes `\xHH` for quotes, backslashes and all that is not printable ASCII. */
function unescaped(text: string): string {
  return text.replace(/\\x([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
