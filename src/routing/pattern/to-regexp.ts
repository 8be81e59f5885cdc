import type { Repeat, Syntax } from './syntax.ts';

/** Writes a pattern as JavaScript's RegExp reads it without flags. */
export function toRegExp(syntax: Syntax): string {
  switch (syntax.kind) {
    case 'bytes':
      return syntax.set.toRegExp();
    case 'sequence':
      return syntax.items.map(toRegExp).join('');
    case 'choice':
      return `(?:${syntax.options.map(toRegExp).join('|')})`;
    case 'repeat':
      return `(?:${toRegExp(syntax.of)})${quantifier(syntax)}`;
    case 'group':
      return `(${toRegExp(syntax.of)})`;
    case 'start':
      return '^';
    case 'end':
      return '$';
    case 'boundary':
      return syntax.isNegated ? '\\B' : '\\b';
    case 'lookahead':
      return `(?${syntax.isNegated ? '!' : '='}${toRegExp(syntax.of)})`;
  }
}

function quantifier({ min, max, isLazy }: Repeat): string {
  return `{${min},${max === Infinity ? '' : max}}${isLazy ? '?' : ''}`;
}
