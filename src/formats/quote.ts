import { printable } from './printable.ts';

/** Quotes a text from outside for a message: on one line, and without what a terminal would obey. */
export function quote(text: string): string {
  return printable(JSON.stringify(text));
}
