/** Set-Cookie, as user agents read it (RFC 6265 section 5.2). */
import { trimWhitespace } from './list.ts';

/**
 * The field value with another Path. Everything else, blanks and order included, stays as it is.
 * @param map gets each Path that begins with a slash. Any other means the default path, which a user agent takes from the
 *   URL that it asked for.
 */
export function mapCookiePath(value: string, map: (path: string) => string): string {
  const [pair = '', ...attributes] = value.split(';');
  // RFC 6265bis section 4.1.3.2: a user agent refuses such a cookie unless its Path is "/". The prefix counts in any case.
  if (/^__host-/i.test(trimWhitespace(pair))) return value;
  return [pair, ...attributes.map(attribute => mapAttribute(attribute, map))].join(';');
}

function mapAttribute(attribute: string, map: (path: string) => string): string {
  const equals = attribute.indexOf('=');
  if (equals < 0 || trimWhitespace(attribute.slice(0, equals)).toLowerCase() !== 'path') return attribute;
  const path = trimWhitespace(attribute.slice(equals + 1));
  if (!path.startsWith('/')) return attribute;
  const start = attribute.indexOf(path, equals);
  return attribute.slice(0, start) + map(path) + attribute.slice(start + path.length);
}
