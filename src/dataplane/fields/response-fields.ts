/** The header lines that clients get, whichever version of HTTP they speak. A codec adds what frames the response. */
import { trimWhitespace } from '../../formats/http/list.ts';
import type { Answer, FieldEdits, ResponseView } from '../pipeline/ports.ts';
import { dateLine } from './http-date.ts';

/** Those of a final response, each with its line end. */
export function responseLines(head: ResponseView, edits: FieldEdits | undefined): string {
  let lines = head.status === 204 ? linesWithoutLength(head) : head.lines();
  if (edits !== undefined) lines = edited(lines, edits) + lineEnded(edits.added);
  return head.hasDate ? lines : lines + dateLine();
}

/** RFC 9110 section 8.6: no length on a 1xx or a 204. */
export function linesWithoutLength(head: ResponseView): string {
  return head.contentLength < 0 ? head.lines() : dropLines(head.lines(), 'content-length');
}

/** Those of an answer made here. */
export function answerLines({ contentType, headers, body }: Answer): string {
  let lines = `${dateLine()}Content-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n`;
  for (const [name, value] of headers) lines += `${name}: ${value}\r\n`;
  return lines;
}

/** @param line of a header; empty: there is no line */
export function lineEnded(line: string): string {
  return line === '' ? '' : `${line}\r\n`;
}

/** @param lines each with its line end @param name in lower case */
export function dropLines(lines: string, name: string): string {
  return lines
    .split('\r\n')
    .filter(line => line.slice(0, line.indexOf(':')).toLowerCase() !== name)
    .join('\r\n');
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
