import { STATUS_CODES } from 'node:http';
import { dropLines, endedLines } from '../fields/header-lines.ts';
import { answerLines, linesWithoutLength, responseLines } from '../fields/response-fields.ts';
import type { Answer, FieldEdits, ResponseView } from '../pipeline/ports.ts';

const KEEP_ALIVE = 'Connection: keep-alive\r\n\r\n';
const CLOSE = 'Connection: close\r\n\r\n';

/** The head the client gets, with the empty line at its end. */
export function composeResponse(
  head: ResponseView,
  keeps: boolean,
  chunked: boolean,
  edits: FieldEdits | undefined,
): string {
  let lines = responseLines(head, edits);
  // Without chunks no trailers follow.
  if (head.hasTrailer && !chunked) lines = dropLines(lines, 'trailer');
  const coding = chunked ? 'Transfer-Encoding: chunked\r\n' : '';
  const isUpgradeRequired = head.status === 426 && head.upgrade !== '';
  const end = isUpgradeRequired ? offeredUpgrade(head, keeps) : keeps ? KEEP_ALIVE : CLOSE;
  return `HTTP/1.1${head.statusAndReason}\r\n${lines}${coding}${end}`;
}

/** RFC 9110 section 15.5.22: the Upgrade of a 426 says what is required. Connection has to name it (section 7.8). */
function offeredUpgrade(head: ResponseView, keeps: boolean): string {
  return `Upgrade: ${head.upgrade}\r\nConnection: ${keeps ? 'keep-alive' : 'close'}, Upgrade\r\n\r\n`;
}

/** A 1xx response for the client. */
export function composeInterim(head: ResponseView): string {
  return `HTTP/1.1${head.statusAndReason}\r\n${linesWithoutLength(head)}\r\n`;
}

/** 101 for the client: from here on the bytes are the protocol's. */
export function composeSwitch(head: ResponseView, added: readonly string[]): string {
  const lines = linesWithoutLength(head) + endedLines(added);
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n${lines}\r\n`;
}

/** The head of an answer made here. */
export function composeAnswer(answer: Answer, keeps: boolean): string {
  const { status } = answer;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${answerLines(answer)}${keeps ? KEEP_ALIVE : CLOSE}`;
}
