/** How many columns of a terminal a text takes. Texts have to be printable: without control and format characters. */

const NARROW_ONLY = /^[\x20-\x7e]*$/;

/** Combines with the character before. */
const COMBINING = /^[\p{Mn}\p{Me}]$/u;

/** East Asian Width W and F (Unicode Standard Annex #11), as far as in common use, and emoji. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\u30fb-\u30ff\uff01-\uff60\uffe0-\uffe6]$/u;
/** Narrow characters of these scripts. */
const HALFWIDTH = /^[\uff61-\uffdc]$/;

/** Columns that a text takes. */
export function displayWidth(text: string): number {
  if (NARROW_ONLY.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Pads with spaces to a width in columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Cuts to a width in columns; an ellipsis replaces the rest. */
export function cutToWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  return width < 1 ? '' : `${headOf(text, width - 1)}…`;
}

/** Breaks into lines of at most `width` columns, between words where possible. @param width at least 2 */
export function wrapToWidth(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (displayWidth(rest) > width) {
    const head = headOf(rest, width);
    // The space after the last word may be the first character that does not fit.
    const space = rest[head.length] === ' ' ? head.length : head.lastIndexOf(' ');
    const end = space > 0 ? space : head.length;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  lines.push(rest);
  return lines;
}

/** The same with a limit of lines; an ellipsis replaces the rest. */
export function wrapToLines(text: string, width: number, most: number): string[] {
  const lines = wrapToWidth(text, width);
  if (lines.length <= most) return lines;
  const [last = '', ...gone] = lines.slice(most - 1);
  return [...lines.slice(0, most - 1), cutToWidth([last, ...gone].join(' '), width)];
}

/** The longest beginning that fits, with the combining characters of its last character. */
function headOf(text: string, width: number): string {
  let head = '';
  let left = width;
  for (const character of text) {
    left -= characterWidth(character);
    if (left < 0) break;
    head += character;
  }
  return head;
}

function characterWidth(character: string): number {
  if (character < '\u0300' || HALFWIDTH.test(character)) return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
