import { FormatError } from '../errors.ts';
import { quote } from '../text/quote.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** setTimeout() takes at most 2^31-1 ms and fires at once beyond: a longer duration would be a silent zero. */
const LONGEST_MS = 2 ** 31 - 1;

/** Reads `500ms`, `5s`, `2m`, `1h` into milliseconds. @throws FormatError */
export function parseDuration(text: string): number {
  const match = /^(\d{1,10})(ms|s|m|h)$/.exec(text.trim());
  const unit = UNIT_MS[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new FormatError(
      `${quote(text)} is not a duration: write a whole number and ms, s, m or h, as in 500ms or 5s`,
    );
  }
  const milliseconds = Number(match[1]) * unit;
  if (milliseconds > LONGEST_MS) throw new FormatError(`${quote(text)} is too long: at most ${LONGEST_MS}ms (24 days)`);
  return milliseconds;
}

/** Writes milliseconds in the largest unit that holds them exactly: 90000 is `90s`, 120000 is `2m`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  for (const unit of ['h', 'm', 's'] as const) {
    const size = UNIT_MS[unit] as number;
    // 60s stays 60s: that is how the documentation and nginx's users write it.
    if (milliseconds % size === 0 && milliseconds / size > 1) return `${milliseconds / size}${unit}`;
  }
  return milliseconds % 1_000 === 0 ? `${milliseconds / 1_000}s` : `${milliseconds}ms`;
}
