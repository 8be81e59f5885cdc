import { Exchange } from './exchange.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { Downstream } from './ports.ts';

/** A burst of requests is no reason to keep their exchanges for ever. */
const MAX_SPARE = 256;

/** The exchanges of a worker. An idle connection has none; each is used again for other requests. */
export class Exchanges {
  readonly #context: PipelineContext;
  readonly #spare: Exchange[] = [];

  constructor(context: PipelineContext) {
    this.#context = context;
  }

  take(downstream: Downstream): Exchange {
    const spare = this.#spare.pop();
    if (spare === undefined) return new Exchange(this.#context, downstream, exchange => this.#giveBack(exchange));
    spare.state.serve(downstream);
    return spare;
  }

  #giveBack(exchange: Exchange): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(exchange);
  }
}
