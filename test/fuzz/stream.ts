/** Bytes that come over a connection, and where they are cut. */
import type { Random } from './random.ts';

export interface Stream {
  readonly bytes: Buffer;
  /** Places of the cuts, ascending. */
  readonly cuts: readonly number[];
}

/** Whole as often as not; else in a few pieces, and now and then byte by byte. */
export function cut(random: Random, bytes: Buffer): Stream {
  if (random.oneIn(2) || bytes.length < 2) return { bytes, cuts: [] };
  if (bytes.length < 600 && random.oneIn(12)) return byteByByte(bytes);
  const cuts = new Set<number>();
  for (let count = random.between(1, 5); count > 0; count -= 1) cuts.add(random.between(1, bytes.length - 1));
  return { bytes, cuts: [...cuts].sort((a, b) => a - b) };
}

export function byteByByte(bytes: Buffer): Stream {
  return { bytes, cuts: placesIn(bytes) };
}

/** Every place where bytes can be cut. */
export function placesIn(bytes: Buffer): number[] {
  return Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1);
}

export function* pieces({ bytes, cuts }: Stream): Iterable<Buffer> {
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** Long runs of one byte are counted, not written out. */
export function show({ bytes, cuts }: Stream): string {
  const text = JSON.stringify(bytes.toString('latin1')).replace(
    /(.)\1{99,}/g,
    (run: string, byte: string) => `" + "${byte}".repeat(${run.length}) + "`,
  );
  return `${text}${cuts.length === 0 ? '' : ` cut at ${cuts.join(', ')}`}`;
}

/** The same without cuts, or without some of its bytes: halves first, single bytes last. */
export function* simpler({ bytes, cuts }: Stream): Iterable<Stream> {
  if (cuts.length > 0) yield { bytes, cuts: [] };
  for (const place of cuts.length > 1 ? cuts : []) yield { bytes, cuts: [place] };
  for (let size = Math.ceil(bytes.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < bytes.length; start += size) {
      const end = Math.min(start + size, bytes.length);
      const left = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
      // Each cut stays between the same two bytes, where both are still there.
      const moved = cuts.map(place => (place <= start ? place : Math.max(start, place - (end - start))));
      yield { bytes: left, cuts: [...new Set(moved)].filter(place => place > 0 && place < left.length) };
    }
  }
}
