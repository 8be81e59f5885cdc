import { type ExchangeState, FILTERING, ROUTING } from '../exchange-state.ts';
import type { PipelineContext } from '../pipeline-context.ts';
import type { Answer } from '../ports.ts';
import type { Asked, SubrequestAnswer, SubrequestListener } from '../subrequests/question.ts';
import { pageAnswer } from './error-pages.ts';
import type { PageOwner, PageQuestion } from './filter.ts';

/** What an exchange waits for while another service is asked for a page in place of an error. */
export class PageRequest implements SubrequestListener {
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #headers: Answer['headers'];
  readonly #owner: PageOwner;
  #asked: Asked | undefined;
  #isSettled = false;
  #generation = 0;

  /** @param headers of the error, for a page that says nothing else */
  constructor(context: PipelineContext, state: ExchangeState, headers: Answer['headers'], owner: PageOwner) {
    this.#context = context;
    this.#state = state;
    this.#headers = headers;
    this.#owner = owner;
  }

  /** @returns whether a page may come: then the exchange waits */
  begin({ cluster, question }: PageQuestion): boolean {
    this.#asked = this.#context.subrequests.ask('error-pages', cluster, question, this);
    if (this.#isSettled) return false;
    this.#state.enter(FILTERING);
    this.#generation = this.#state.generation;
    return true;
  }

  /** The exchange has ended. */
  cancel(): void {
    this.#asked?.cancel();
  }

  answered(answer: SubrequestAnswer): void {
    if (!this.#goesOn()) return;
    this.#count('answered');
    // The policy that has refused the request says more.
    this.#state.record.policy ??= 'error-pages';
    this.#owner.pageCame(pageAnswer(answer, this.#headers));
  }

  failed(): void {
    this.#count('failed');
    if (this.#goesOn()) this.#owner.noPage();
  }

  crashed(error: unknown): void {
    this.#owner.crashed(error);
  }

  /** @returns whether the exchange still waits */
  #goesOn(): boolean {
    this.#isSettled = true;
    this.#asked = undefined;
    if (this.#state.generation !== this.#generation) return false;
    this.#state.enter(ROUTING);
    return true;
  }

  #count(verdict: 'answered' | 'failed'): void {
    this.#context.engine.counters.countPolicy('error-pages', verdict);
  }
}
