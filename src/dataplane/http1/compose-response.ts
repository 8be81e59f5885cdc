import { STATUS_CODES } from 'node:http';
import { trimWhitespace } from '../../formats/http/list.ts';
import type { Answer, FieldEdits, ResponseView } from '../pipeline/ports.ts';
import { dateLine } from './http-date.ts';

const KEEP_ALIVE = 'Connection: keep-alive\r\n\r\n';
const CLOSE = 'Connection: close\r\n\r\n';

/** The head the client gets, with the empty line at its end. */
export function composeResponse(
  head: ResponseView,
  keeps: boolean,
  chunked: boolean,
  edits: FieldEdits | undefined,
): string {
  let lines = head.status === 204 ? withoutLength(head) : head.lines();
  if (edits !== undefined) lines = edited(lines, edits) + ended(edits.added);
  // Without chunks no trailers follow.
  if (head.hasTrailer && !chunked) lines = dropLines(lines, 'trailer');
  const date = head.hasDate ? '' : dateLine();
  const coding = chunked ? 'Transfer-Encoding: chunked\r\n' : '';
  const isUpgradeRequired = head.status === 426 && head.upgrade !== '';
  const end = isUpgradeRequired ? offeredUpgrade(head, keeps) : keeps ? KEEP_ALIVE : CLOSE;
  return `HTTP/1.1${head.statusAndReason}\r\n${lines}${date}${coding}${end}`;
}

/** RFC 9110 section 15.5.22: the Upgrade of a 426 says what is required. Connection has to name it (section 7.8). */
function offeredUpgrade(head: ResponseView, keeps: boolean): string {
  return `Upgrade: ${head.upgrade}\r\nConnection: ${keeps ? 'keep-alive' : 'close'}, Upgrade\r\n\r\n`;
}

/** A 1xx response for the client. */
export function composeInterim(head: ResponseView): string {
  return `HTTP/1.1${head.statusAndReason}\r\n${withoutLength(head)}\r\n`;
}

/** 101 for the client: from here on the bytes are the protocol's. */
export function composeSwitch(head: ResponseView, added: string): string {
  const lines = withoutLength(head) + ended(added);
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n${lines}\r\n`;
}

/** The head of an answer made here. */
export function composeAnswer({ status, contentType, headers, body }: Answer, keeps: boolean): string {
  let lines = '';
  for (const [name, value] of headers) lines += `${name}: ${value}\r\n`;
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${dateLine()}Content-Type: ${contentType}\r\n` +
    `Content-Length: ${body.length}\r\n${lines}${keeps ? KEEP_ALIVE : CLOSE}`
  );
}

/** @param line of a header; empty: there is no line */
function ended(line: string): string {
  return line === '' ? '' : `${line}\r\n`;
}

/** RFC 9110 section 8.6: no length on a 1xx or a 204. */
function withoutLength(head: ResponseView): string {
  return head.contentLength < 0 ? head.lines() : dropLines(head.lines(), 'content-length');
}

/** @param lines each with its line end */
function edited(lines: string, edits: FieldEdits): string {
  let text = '';
  let copied = 0;
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf('\r\n', start);
    const colon = lines.indexOf(':', start);
    const name = lines.slice(start, colon).toLowerCase();
    if (edits.concerns(name)) {
      const line = lines.slice(colon + 1, end);
      const value = trimWhitespace(line);
      text += `${lines.slice(copied, colon + 1 + line.indexOf(value))}${edits.edit(name, value)}`;
      copied = end;
    }
    start = end + 2;
  }
  return text + lines.slice(copied);
}

function dropLines(lines: string, name: string): string {
  return lines
    .split('\r\n')
    .filter(line => line.slice(0, line.indexOf(':')).toLowerCase() !== name)
    .join('\r\n');
}
