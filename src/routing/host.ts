import { isIPv6 } from 'node:net';

/**
 * The longest host name of the DNS (RFC 1035 section 2.3.4) as it is written, without a trailing dot. Such a name has at
 * most 127 labels. A longer host names nothing, and to look for the wildcards that take it would cost too much.
 */
export const MAX_HOST_LENGTH = 253;

/**
 * nginx's `$host`: the host of a Host header or an authority in lower case, without port and trailing dot. IPv6 keeps
 * its brackets.
 *
 * @returns undefined when it is empty, too long, or not `host [":" port]` of RFC 3986 section 3.2. A comma is refused
 *   although it is a sub-delim: two joined Host lines look like that.
 */
export function parseHost(authority: string): string | undefined {
  let end = authority.length;
  if (authority.charCodeAt(0) === 0x5b) {
    const bracket = authority.indexOf(']');
    if (bracket < 0 || !isIPv6(authority.slice(1, bracket)) || authority.includes('%')) return undefined;
    end = bracket + 1;
    return isPort(authority, end) ? authority.slice(0, end).toLowerCase() : undefined;
  }
  let previousDot = false;
  for (let index = 0; index < end; index += 1) {
    const code = authority.charCodeAt(index);
    if (code === 0x3a) {
      if (!isPort(authority, index)) return undefined;
      end = index;
      break;
    }
    if (code >= 0x80 || HOST_CHARACTER[code] === 0) return undefined;
    const dot = code === 0x2e;
    if (dot && previousDot) return undefined;
    previousDot = dot;
  }
  if (previousDot) end -= 1;
  return end <= 0 || end > MAX_HOST_LENGTH ? undefined : authority.slice(0, end).toLowerCase();
}

/** reg-name of RFC 3986 section 3.2.2 without the comma and without escapes, which no DNS name has. */
const HOST_CHARACTER = new Uint8Array(128);
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+;=") {
  HOST_CHARACTER[character.charCodeAt(0)] = 1;
}

/** Nothing, or a colon and a port; RFC 3986 lets the digits be missing. */
function isPort(authority: string, start: number): boolean {
  if (start === authority.length) return true;
  if (authority.charCodeAt(start) !== 0x3a) return false;
  let port = 0;
  for (let index = start + 1; index < authority.length; index += 1) {
    const digit = authority.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return false;
    port = port * 10 + digit;
    if (port > 65_535) return false;
  }
  return true;
}
