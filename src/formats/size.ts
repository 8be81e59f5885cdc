import { FormatError } from '../errors.ts';
import { quote } from '../text/quote.ts';

const UNITS: readonly (readonly [suffix: string, bytes: number])[] = [
  ['g', 1024 ** 3],
  ['m', 1024 ** 2],
  ['k', 1024],
];

/** Reads nginx's sizes, `0`, `512`, `8k`, `10m`, `1g` (either case), into bytes. @throws FormatError */
export function parseSize(text: string): number {
  const match = /^(\d{1,15})([kmg]?)$/i.exec(text.trim());
  if (match === null) {
    throw new FormatError(
      `${quote(text)} is not a size: write a whole number of bytes, or one with k, m or g, as in 10m`,
    );
  }
  const suffix = match[2]?.toLowerCase();
  const bytes = Number(match[1]) * (UNITS.find(([unit]) => unit === suffix)?.[1] ?? 1);
  if (!Number.isSafeInteger(bytes)) throw new FormatError(`${quote(text)} is too large`);
  return bytes;
}

/** Writes bytes in the largest unit that holds them exactly. */
export function formatSize(bytes: number): string {
  for (const [suffix, size] of UNITS) {
    if (bytes !== 0 && bytes % size === 0) return `${bytes / size}${suffix}`;
  }
  return String(bytes);
}
