/** The lines of a log, however long it is, and however long a line is. */

import { FormatError } from '../errors.ts';
import { utf16Of } from '../formats/text-file.ts';

/** Longer than any line of an access log: request line and headers of a client take 32 KiB at most, and escapes are four bytes. */
const MAX_LINE_BYTES = 256 * 1024;

const LF = 0x0a;

/** RFC 3629 section 6: a mark at the beginning of a text is no part of it. */
const UTF8_MARK = '\xef\xbb\xbf';

/**
 * Takes a stream apart at its line ends. A line that is too long is undefined: it is left out while it comes, and no part of it
 * is kept.
 * @returns each line in latin1, without CR and LF
 * @throws FormatError for UTF-16
 */
export async function* logLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  let begun: Buffer[] = [];
  let bytes = 0;
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst && utf16Of(chunk) !== undefined)
      throw new FormatError('it is UTF-16, as PowerShell writes it: write UTF-8');
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LF, start);
      const piece = Buffer.from(chunk.buffer, chunk.byteOffset + start, (end < 0 ? chunk.length : end) - start);
      bytes += piece.length;
      if (bytes > MAX_LINE_BYTES) begun = [];
      else if (piece.length > 0) begun.push(piece);
      if (end < 0) break;
      yield lineOf(begun, bytes, isFirst);
      isFirst = false;
      begun = [];
      bytes = 0;
      start = end + 1;
    }
  }
  if (bytes > 0) yield lineOf(begun, bytes, isFirst);
}

function lineOf(pieces: readonly Buffer[], bytes: number, isFirst: boolean): string | undefined {
  if (bytes > MAX_LINE_BYTES) return undefined;
  const line = Buffer.concat(pieces).toString('latin1').replace(/\r$/, '');
  return isFirst && line.startsWith(UTF8_MARK) ? line.slice(UTF8_MARK.length) : line;
}
