/** Up to here a body is joined to what goes before it in one text, and one system call sends both. */
export const MAX_JOINED_BYTES = 16 * 1024;

/** The ranges (start, end, start, end…) as one latin1 text. */
export function joinedText(bytes: Buffer, ranges: readonly number[]): string {
  let text = '';
  for (let index = 0; index < ranges.length; index += 2)
    text += bytes.toString('latin1', ranges[index], ranges[index + 1]);
  return text;
}

/** The text as one chunk (RFC 9112 section 7.1). */
export function asChunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}
