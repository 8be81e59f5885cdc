/** Frames of short messages, RFC 6455 section 5.2. */
import { randomBytes } from 'node:crypto';

/** Opcode and length, of a payload of up to 125 bytes. */
export const SHORT_HEAD = 2;
export const MASK_BYTES = 4;

const FINAL_BINARY = 0x82;
const MASKED = 0x80;

/** @returns the length of the whole first frame, undefined while that has not come @throws for a longer message */
export function frameLength(bytes: Buffer): number | undefined {
  const [, second] = bytes;
  if (second === undefined) return undefined;
  const payload = second & ~MASKED;
  if (payload > 125) throw new RangeError('only messages of up to 125 bytes');
  const length = SHORT_HEAD + (second & MASKED ? MASK_BYTES : 0) + payload;
  return bytes.length < length ? undefined : length;
}

/** A message as a client sends it. */
export function clientFrame(payload: Buffer): Buffer {
  const mask = randomBytes(MASK_BYTES);
  const masked = payload.map((byte, index) => byte ^ (mask[index % MASK_BYTES] ?? 0));
  return Buffer.concat([Buffer.of(FINAL_BINARY, MASKED | payload.length), mask, masked]);
}

/** The same message as a server sends it. */
export function serverFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(FINAL_BINARY, payload.length), payload]);
}
