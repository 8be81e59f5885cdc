import type { ReturnPolicy } from '../../../model/policy.ts';
import { encodeUnsafe } from '../../../routing/escapes.ts';
import { errorBody } from '../error-pages.ts';
import { redirectAnswer } from '../redirect-answer.ts';
import { VariableText } from '../variables.ts';
import { Condition } from './condition.ts';
import { type Filter, type FilteredExchange, LocalAnswer, Refusal, type Verdict } from './filter.ts';
import { decided } from './path-edits.ts';

/** Answers requests, as nginx's `return` does. */
export class Return implements Filter {
  readonly #status: number;
  readonly #location: VariableText | undefined;
  readonly #body: string;
  readonly #contentType: string;
  readonly #when: Condition | undefined;

  constructor({ status, location, body, when }: ReturnPolicy) {
    this.#status = status;
    this.#location = location && new VariableText(location);
    this.#body = Buffer.from(body ?? (status < 400 ? '' : errorBody(status, ''))).toString('latin1');
    this.#contentType = this.#body === '' ? '' : body === undefined ? 'text/html' : 'text/plain';
    this.#when = when && new Condition(when);
  }

  request(exchange: FilteredExchange): Verdict {
    const isMeant = this.#when === undefined || decided(() => this.#when?.holds(exchange));
    if (isMeant instanceof Refusal) return isMeant;
    if (!isMeant) return undefined;
    const { requestId } = exchange;
    if (this.#location !== undefined) {
      const location = this.#location.of(exchange, encodeUnsafe);
      return new LocalAnswer(redirectAnswer(this.#status, location, requestId));
    }
    return new LocalAnswer({
      status: this.#status,
      contentType: this.#contentType,
      headers: [['X-Request-ID', requestId]],
      body: this.#body,
    });
  }
}
