import { readLatin1 } from '../../formats/http/bytes.ts';
import type { BodyPiece } from '../pipeline/ports.ts';
import { MAX_JOINED_BYTES } from '../transport/read-buffers.ts';
import type { Transport } from '../transport/transport.ts';

/** The ranges (start, end, start, end…) as one latin1 text. */
export function joinedText(bytes: Buffer, ranges: readonly number[]): string {
  let text = '';
  for (let index = 0; index < ranges.length; index += 2)
    text += readLatin1(bytes, ranges[index] as number, ranges[index + 1] as number);
  return text;
}

/**
 * Writes a piece of a body behind a head, or behind nothing. A small piece goes out in one system call with the head before it
 * and the end of the body behind it.
 * @param isChunked the body is sent in chunks (RFC 9112 section 7.1)
 * @param isFinal nothing is to follow soon: the piece may wait for the end of the turn
 * @returns the bytes written, with their framing
 */
export function writePiece(
  transport: Transport,
  head: string,
  piece: BodyPiece,
  isChunked: boolean,
  isFinal: boolean,
): number {
  const { size } = piece;
  const isFramed = isChunked && size > 0;
  const before = isFramed ? `${size.toString(16)}\r\n` : '';
  const behind = isFramed ? '\r\n' : '';
  const tail = isChunked && piece.isLast ? `0\r\n${piece.trailers}\r\n` : '';
  if (size <= MAX_JOINED_BYTES) {
    const start = head + before;
    const end = behind + tail;
    transport.writePiece(start, piece, end, isFinal);
    return start.length + size + end.length;
  }
  if (head !== '') transport.writeText(head);
  const kept = piece.keep();
  const bytes = kept.view(size, before, behind);
  transport.writeBytes(bytes, kept.giveBack);
  if (tail !== '') transport.writeText(tail);
  return head.length + bytes.length + tail.length;
}
