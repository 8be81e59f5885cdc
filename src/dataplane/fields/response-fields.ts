/** The header lines that clients get, whichever version of HTTP they speak. A codec adds what frames the response. */
import type { Answer, FieldEdits, ResponseView } from '../pipeline/ports.ts';
import { dropLines, editedLines } from './header-lines.ts';
import { dateLine } from './http-date.ts';

/** Those of a final response, each with its line end. */
export function responseLines(head: ResponseView, edits: FieldEdits | undefined): string {
  let lines = head.status === 204 ? linesWithoutLength(head) : head.lines();
  if (edits !== undefined) lines = editedLines(lines, edits) + edits.added;
  return head.hasDate ? lines : lines + dateLine();
}

/** RFC 9110 section 8.6: no length on a 1xx or a 204. */
export function linesWithoutLength(head: ResponseView): string {
  return head.contentLength < 0 ? head.lines() : dropLines(head.lines(), 'content-length');
}

/** Those of an answer made here. */
export function answerLines({ status, contentType, headers, body }: Answer): string {
  const type = contentType === '' ? '' : `Content-Type: ${contentType}\r\n`;
  // As in linesWithoutLength().
  const length = status === 204 ? '' : `Content-Length: ${body.length}\r\n`;
  let lines = dateLine() + type + length;
  for (const [name, value] of headers) lines += `${name}: ${value}\r\n`;
  return lines;
}
