import { closest } from './closest.ts';
import { quote } from './quote.ts';

/** What to say of something that is none of the words there are. */
export function notOneOf(value: unknown, known: readonly string[]): string {
  const rule = `must be one of ${known.join(', ')}`;
  if (typeof value !== 'string') return rule;
  const near = closest(value, known);
  return `${quote(value)} ${rule}${near === undefined ? '' : `; did you mean ${near}?`}`;
}
