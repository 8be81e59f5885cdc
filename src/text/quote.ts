import { printable } from './printable.ts';

/** A message shows only the beginning of a longer text, since messages go into logs, metrics and Events. */
const MAX_QUOTED = 256;

/** Quotes a text from outside for a message, on one line and without characters that a terminal would obey. */
export function quote(text: string): string {
  if (text.length <= MAX_QUOTED) return printable(JSON.stringify(text));
  return `${printable(JSON.stringify(text.slice(0, MAX_QUOTED)))}… (${text.length} characters)`;
}
