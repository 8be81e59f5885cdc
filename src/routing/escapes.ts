/** Escapes (RFC 3986 section 2.1) in texts whose characters are bytes. */

/** What no URL holds as it is, and what browsers take for the slash. */
const UNSAFE = /[^\x21-\x7e]|["<>\\^`{|}]/g;

/** The same, and what ends a path or begins an escape: what nginx escapes in a path that it has changed. */
const UNSAFE_IN_PATH = /[^\x21-\x7e]|["#%<>?\\^`{|}]/g;

/** The same as {@link UNSAFE}, and what would end a value of a query. */
const UNSAFE_IN_QUERY = /[^\x21-\x7e]|["<>\\^`{|}&+;=]/g;

/** A URL, or a part of one. Its escapes, and what divides it, stay. */
export function encodeUnsafe(text: string): string {
  return text.replace(UNSAFE, encoded);
}

/** A path whose escapes have been decoded. */
export function encodeDecodedPath(text: string): string {
  return text.replace(UNSAFE_IN_PATH, encoded);
}

/** A value in a query. Its escapes stay. */
export function encodeInQuery(text: string): string {
  return text.replace(UNSAFE_IN_QUERY, encoded);
}

function encoded(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
