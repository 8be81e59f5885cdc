/** Up to here a body is joined to what goes before it in one text, and one system call sends both. */
export const MAX_JOINED_BYTES = 16 * 1024;

/** The ranges (start, end, start, end…) as one latin1 text. */
export function joinedText(bytes: Buffer, ranges: readonly number[]): string {
  let text = '';
  for (let index = 0; index < ranges.length; index += 2)
    text += bytes.toString('latin1', ranges[index], ranges[index + 1]);
  return text;
}

/** One chunk of all ranges, in memory of its own (RFC 9112 section 7.1). */
export function asChunk(bytes: Buffer, ranges: readonly number[], size: number): Buffer {
  const prefix = `${size.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(prefix.length + size + 2);
  let at = chunk.write(prefix, 0, 'latin1');
  for (let index = 0; index < ranges.length; index += 2) at += bytes.copy(chunk, at, ranges[index], ranges[index + 1]);
  chunk[at] = 0x0d;
  chunk[at + 1] = 0x0a;
  return chunk;
}
