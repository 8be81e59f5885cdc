import type { Syntax } from './syntax.ts';

export interface LiteralPrefix {
  /** In lower case. */
  readonly text: string;
  /** The pattern says nothing else. */
  readonly isWhole: boolean;
}

/**
 * The text that every match of a pattern begins with, which has to stand at the start of a text. The pattern has no regard to case.
 * It holds ASCII alone: the letters behind it have other cases in JavaScript than in a pattern.
 */
export function literalPrefix(syntax: Syntax): LiteralPrefix {
  const items = syntax.kind === 'sequence' ? syntax.items : [syntax];
  if (items[0]?.kind !== 'start') return { text: '', isWhole: false };
  let text = '';
  for (const item of items.slice(1)) {
    const byte = item.kind === 'bytes' ? item.set.lowerCase : -1;
    if (byte < 0) return { text, isWhole: false };
    text += String.fromCharCode(byte);
  }
  return { text, isWhole: true };
}
