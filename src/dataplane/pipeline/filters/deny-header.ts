import type { DenyHeaderPolicy } from '../../../model/policy.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import type { Pattern } from '../../../routing/pattern/pattern.ts';
import { type Filter, type FilteredExchange, Refusal, type Verdict } from './filter.ts';
import { decided } from './path-edits.ts';

/** Refuses requests in which a header has one of some values. */
export class DenyHeader implements Filter {
  readonly #header: string;
  readonly #values: ReadonlySet<string>;
  readonly #patterns: readonly Pattern[];
  readonly #refusal: Refusal;

  constructor({ header, values, patterns }: DenyHeaderPolicy) {
    this.#header = header;
    this.#values = new Set(values.map(value => value.toLowerCase()));
    this.#patterns = patterns.map(({ text, ignoresCase }) => compilePattern(text, { ignoresCase }));
    this.#refusal = new Refusal('header_denied', header);
  }

  request({ head }: FilteredExchange): Verdict {
    const value = head.field(this.#header, ', ');
    if (this.#values.has(value.toLowerCase())) return this.#refusal;
    for (const pattern of this.#patterns) {
      const found = decided(() => pattern.match(value));
      if (found instanceof Refusal) return found;
      if (found !== undefined) return this.#refusal;
    }
    return undefined;
  }
}
