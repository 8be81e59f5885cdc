import { closest } from './closest.ts';
import { quote } from './quote.ts';

/** The message for a value that is not one of the known words. */
export function notOneOf(value: unknown, known: readonly string[]): string {
  const rule = `must be one of ${known.join(', ')}`;
  if (typeof value !== 'string') return rule;
  const near = closest(value, known);
  return `${quote(value)} ${rule}${near === undefined ? '' : `; did you mean ${near}?`}`;
}
