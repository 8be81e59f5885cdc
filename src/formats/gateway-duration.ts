import { FormatError } from '../errors.ts';
import { quote } from '../text/quote.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** setTimeout() takes at most 2^31-1 ms: 24 days. */
export const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Reads a duration of the Gateway API (GEP-2257), such as `1h30m` or `500ms`, into milliseconds. One that is longer than a timer can run
 * counts as {@link LONGEST_TIMEOUT_MS}. @throws FormatError
 */
export function parseGatewayDuration(text: string): number {
  if (!/^(?:\d{1,5}(?:h|ms|m|s)){1,4}$/.test(text)) {
    throw new FormatError(
      `${quote(text)} is not a duration: write one to four whole numbers with h, m, s or ms, as in 500ms or 1m30s`,
    );
  }
  let sum = 0;
  for (const [, number, unit = ''] of text.matchAll(/(\d+)(h|ms|m|s)/g)) sum += Number(number) * (UNIT_MS[unit] ?? 0);
  return Math.min(sum, LONGEST_TIMEOUT_MS);
}
