/** What stands for itself in a pattern only as an escape. */
const NOT_ASCII = /[^\x20-\x7e]/g;

/** A pattern whose author wrote bytes beyond ASCII, a character each, as the parser takes it: they stand for themselves. */
export function escapedBytes(pattern: string): string {
  return pattern.replace(NOT_ASCII, byte => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
