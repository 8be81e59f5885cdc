/** The lines of a log, however long it is, and however long a line is. */

/** Longer than any line of an access log: request line and headers of a client take 32 KiB at most, and escapes are four bytes. */
const MAX_LINE_BYTES = 256 * 1024;

const LF = 0x0a;

/**
 * Takes a stream apart at its line ends. A line that is too long is undefined: it is left out while it comes, and no part of it
 * is kept.
 * @returns each line in latin1, without CR and LF
 */
export async function* logLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  let begun: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LF, start);
      const piece = Buffer.from(chunk.buffer, chunk.byteOffset + start, (end < 0 ? chunk.length : end) - start);
      bytes += piece.length;
      if (bytes > MAX_LINE_BYTES) begun = [];
      else if (piece.length > 0) begun.push(piece);
      if (end < 0) break;
      yield lineOf(begun, bytes);
      begun = [];
      bytes = 0;
      start = end + 1;
    }
  }
  if (bytes > 0) yield lineOf(begun, bytes);
}

function lineOf(pieces: readonly Buffer[], bytes: number): string | undefined {
  return bytes > MAX_LINE_BYTES ? undefined : Buffer.concat(pieces).toString('latin1').replace(/\r$/, '');
}
