import type { ByteSet } from './byte-set.ts';

/** What a pattern says, as a tree. */
export type Syntax =
  | { readonly kind: 'bytes'; readonly set: ByteSet }
  | { readonly kind: 'sequence'; readonly items: readonly Syntax[] }
  | { readonly kind: 'choice'; readonly options: readonly Syntax[] }
  | Repeat
  | { readonly kind: 'group'; readonly index: number; readonly of: Syntax }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'boundary'; readonly isNegated: boolean }
  | { readonly kind: 'lookahead'; readonly isNegated: boolean; readonly of: Syntax };

export interface Repeat {
  readonly kind: 'repeat';
  readonly of: Syntax;
  readonly min: number;
  /** Infinity where there is no limit. */
  readonly max: number;
  /** Takes as few as it can, rather than as many. */
  readonly isLazy: boolean;
}

/** Whether it can match without taking a byte. */
export function mayBeEmpty(syntax: Syntax): boolean {
  switch (syntax.kind) {
    case 'bytes':
      return false;
    case 'sequence':
      return syntax.items.every(mayBeEmpty);
    case 'choice':
      return syntax.options.some(mayBeEmpty);
    case 'repeat':
      return syntax.min === 0 || mayBeEmpty(syntax.of);
    case 'group':
      return mayBeEmpty(syntax.of);
    default:
      return true;
  }
}

/** Whether it captures anything. What stands in a look-ahead captures nothing. */
export function hasGroup(syntax: Syntax): boolean {
  switch (syntax.kind) {
    case 'sequence':
      return syntax.items.some(hasGroup);
    case 'choice':
      return syntax.options.some(hasGroup);
    case 'repeat':
      return hasGroup(syntax.of);
    default:
      return syntax.kind === 'group';
  }
}

/** Whether it can match while one of its groups takes no part. */
export function mayMissGroup(syntax: Syntax): boolean {
  switch (syntax.kind) {
    case 'sequence':
      return syntax.items.some(mayMissGroup);
    case 'choice':
      return syntax.options.length > 1 ? hasGroup(syntax) : syntax.options.some(mayMissGroup);
    case 'repeat':
      return syntax.min === 0 ? hasGroup(syntax.of) : mayMissGroup(syntax.of);
    case 'group':
      return mayMissGroup(syntax.of);
    default:
      return false;
  }
}

/** How many instructions it becomes: see program.ts. */
export function sizeOf(syntax: Syntax): number {
  switch (syntax.kind) {
    case 'sequence':
      return sum(syntax.items);
    case 'choice':
      return sum(syntax.options) + 2 * (syntax.options.length - 1);
    case 'repeat': {
      const { min, max } = syntax;
      const size = sizeOf(syntax.of);
      if (max !== Infinity) return size * max + (max - min);
      return min === 0 ? size + 2 : size * min + 1;
    }
    case 'group':
    case 'lookahead':
      return sizeOf(syntax.of) + 2;
    default:
      return 1;
  }
}

function sum(parts: readonly Syntax[]): number {
  return parts.reduce((size, part) => size + sizeOf(part), 0);
}
