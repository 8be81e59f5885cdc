/**
 * Quotes a text from outside for a message: on one line, and without what a terminal would obey (C0, DEL and C1
 * controls).
 */
export function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
