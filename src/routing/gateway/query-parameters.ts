/**
 * The parameters of a query, as forms send them (application/x-www-form-urlencoded): `&` divides them, a plus sign is a space, and
 * escapes are decoded. An escape that is none stands for itself. Texts are bytes, a character each.
 */
import { hexByte } from '../path.ts';

/** The value of the first parameter with a name; empty without one. @param query with or without its question mark */
export function parameterValue(query: string, name: string): string {
  for (const [other, value] of parameters(query)) if (other === name) return value;
  return '';
}

export function* parameters(query: string): Generator<[name: string, value: string]> {
  const isPlain = !query.includes('%') && !query.includes('+');
  for (let start = query.startsWith('?') ? 1 : 0, end = 0; start < query.length; start = end + 1) {
    end = query.indexOf('&', start);
    if (end < 0) end = query.length;
    const parameter = query.slice(start, end);
    const equals = parameter.indexOf('=');
    const name = equals < 0 ? parameter : parameter.slice(0, equals);
    const value = equals < 0 ? '' : parameter.slice(equals + 1);
    yield isPlain ? [name, value] : [decoded(name), decoded(value)];
  }
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  return spaced.replace(/%[0-9a-f]{2}/gi, triplet => String.fromCharCode(hexByte(triplet, 1)));
}
