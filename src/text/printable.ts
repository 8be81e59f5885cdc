/**
 * Characters that a terminal would obey instead of show: C0, DEL and C1 controls; format characters, which reverse the direction of
 * what follows (U+202E) or take no space; line and paragraph separators; halves of surrogate pairs.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The same without line breaks and tabs, with which JSON and YAML are laid out. */
const UNPRINTABLE_IN_LINES = /[^\P{Cc}\t\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Makes one line of a text from outside, such as an annotation. Characters that could drive the terminal or forge a line of
 * output become escapes.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** The same for several lines. In JSON, where only strings can hold such a character, the value stays what it is. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE_IN_LINES, escaped);
}

/** Whether {@link printableLines} would change it. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE_IN_LINES) < 0;
}

/** An escape for each UTF-16 unit, as JSON has them. */
function escaped(character: string): string {
  let escapes = '';
  for (let index = 0; index < character.length; index += 1) {
    escapes += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return escapes;
}
