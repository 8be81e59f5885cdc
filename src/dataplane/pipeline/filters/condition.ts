import type { RequestCondition } from '../../../model/policy.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import { type VariableSource, VariableText } from '../variables.ts';

/** Tells which requests are meant: nginx's `if`. */
export class Condition {
  readonly #subject: VariableText;
  readonly #test: (text: string) => boolean;
  readonly #isNegated: boolean;

  constructor({ subject, test, isNegated }: RequestCondition) {
    this.#subject = new VariableText(subject);
    this.#isNegated = isNegated;
    if ('equals' in test) {
      this.#test = text => text === test.equals;
    } else {
      const pattern = compilePattern(test.pattern, { ignoresCase: test.ignoresCase });
      this.#test = text => pattern.match(text) !== undefined;
    }
  }

  /** @throws {PatternCostError} */
  holds(source: VariableSource): boolean {
    return this.#test(this.#subject.of(source, value => value)) !== this.#isNegated;
  }
}
