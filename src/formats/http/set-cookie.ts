/** Set-Cookie, as user agents read it (RFC 6265 section 5.2). */
import { trimWhitespace } from './list.ts';

/**
 * The field value with another Path. Everything else, blanks and order included, stays as it is.
 * @param map gets each Path that begins with a slash. Any other means the default path, which a user agent takes from the
 *   URL that it asked for.
 */
export function mapCookiePath(value: string, map: (path: string) => string): string {
  // RFC 6265bis section 4.1.3.2: a user agent refuses such a cookie unless its Path is "/". The prefix counts in any case.
  if (/^[ \t]*__host-/i.test(value)) return value;
  let mapped = '';
  let copied = 0;
  for (let semicolon = value.indexOf(';'); semicolon >= 0; semicolon = value.indexOf(';', semicolon + 1)) {
    PATH.lastIndex = semicolon;
    if (!PATH.test(value)) continue;
    const start = PATH.lastIndex - 1;
    const next = value.indexOf(';', start);
    const path = trimWhitespace(value.slice(start, next < 0 ? value.length : next));
    mapped += value.slice(copied, start) + map(path);
    copied = start + path.length;
  }
  return mapped + value.slice(copied);
}

/** From its semicolon to the first slash of its value: an attribute name counts in any case. */
const PATH = /;[ \t]*path[ \t]*=[ \t]*\//iy;

/**
 * The field value with other values of its attributes. A value that changes is written as nginx writes it: `; ` stands between
 * the attributes.
 * @param map gets the name of each attribute, in lower case, and its value
 */
export function mapCookieAttributes(value: string, map: (name: string, value: string) => string): string {
  const [pair = '', ...attributes] = value.split(';').map(trimWhitespace);
  let isChanged = false;
  const mapped = attributes.map(attribute => {
    const equals = attribute.indexOf('=');
    if (equals < 0) return attribute;
    const name = trimWhitespace(attribute.slice(0, equals));
    const before = trimWhitespace(attribute.slice(equals + 1));
    const after = map(name.toLowerCase(), before);
    if (after === before) return attribute;
    isChanged = true;
    return `${name}=${after}`;
  });
  return isChanged ? [pair, ...mapped].join('; ') : value;
}
