/** The pairs of a Cookie header (RFC 6265 section 5.4), as servers read them: semicolons part them, and blanks around them do not count. */
import { trimWhitespace } from './list.ts';

/** The value of a cookie; empty where it is not there. Of several, the first counts. */
export function cookieValue(header: string, name: string): string {
  for (let start = 0, end = 0; start < header.length; start = end + 1) {
    end = header.indexOf(';', start);
    if (end < 0) end = header.length;
    while (header[start] === ' ') start += 1;
    const equals = start + name.length;
    if (header[equals] === '=' && equals < end && header.startsWith(name, start))
      return header.slice(equals + 1, end).trimEnd();
  }
  return '';
}

/** All values that a cookie has, in their order: a user agent sends the one of the longer path first. */
export function cookieValues(header: string, name: string): string[] {
  if (!header.includes(name)) return [];
  return header
    .split(';')
    .filter(pair => nameOf(pair) === name)
    .map(pair => trimWhitespace(pair.slice(pair.indexOf('=') + 1)));
}

/** The header without one cookie; the other pairs stay byte for byte. Empty where no pair is left. */
export function withoutCookie(header: string, name: string): string {
  if (!header.includes(name)) return header;
  const pairs = header.split(';');
  const kept = pairs.filter(pair => nameOf(pair) !== name);
  if (kept.length === pairs.length) return header;
  const text = kept.join(';');
  // The blank behind the semicolon that parted it from the pair before.
  return kept[0] === pairs[0] ? text : text.replace(/^[ \t]+/, '');
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? '' : trimWhitespace(pair.slice(0, equals));
}
