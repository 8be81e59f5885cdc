import { withoutCookie } from './cookies.ts';
import { trimWhitespace } from './list.ts';

const COOKIE = 'cookie';

/**
 * Header lines without one cookie, however many lines and spellings it comes in; everything else stays byte for byte.
 * @param lines each with its line end
 */
export function withoutCookieLines(lines: string, name: string): string {
  if (!lines.includes(name)) return lines;
  let kept = '';
  let copied = 0;
  for (let start = 0, end = 0; start < lines.length; start = end) {
    end = lines.indexOf('\r\n', start) + 2;
    const colon = start + COOKIE.length;
    if (lines[colon] !== ':' || lines.slice(start, colon).toLowerCase() !== COOKIE) continue;
    const value = trimWhitespace(lines.slice(colon + 1, end - 2));
    const rest = withoutCookie(value, name);
    if (rest === value) continue;
    const valueStart = lines.indexOf(value, colon + 1);
    kept += rest === '' ? lines.slice(copied, start) : `${lines.slice(copied, valueStart)}${rest}`;
    copied = rest === '' ? end : valueStart + value.length;
  }
  return kept + lines.slice(copied);
}
