/** Colours of a terminal, by select graphic rendition (ECMA-48 section 8.3.117). */

const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof STYLES;

/** Gives a text a style, or leaves it as it is where colours are not wanted. The text has to be printable. */
export type Paint = (style: Style, text: string) => string;

export const PLAIN: Paint = (_style, text) => text;

export const COLOURED: Paint = (style, text) => {
  const [on, off] = STYLES[style];
  return text === '' ? '' : `\x1b[${on}m${text}\x1b[${off}m`;
};

/**
 * Whether output is to have colours: on a terminal, unless NO_COLOR (https://no-color.org) or CLICOLOR=0 asks for none or
 * the terminal is a dumb one; FORCE_COLOR and CLICOLOR_FORCE ask for them anywhere. NO_COLOR wins over all.
 */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  // An empty variable counts as one that is not set.
  if (environment.NO_COLOR) return false;
  const { FORCE_COLOR: force, CLICOLOR_FORCE: forceToo } = environment;
  if (force) return force !== '0' && force !== 'false';
  if (forceToo && forceToo !== '0') return true;
  return isTerminal && environment.CLICOLOR !== '0' && environment.TERM !== 'dumb';
}
