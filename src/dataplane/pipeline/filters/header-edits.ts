import type { HeadersPolicy } from '../../../model/policy.ts';
import { PreparedChanges } from './field-changes.ts';
import type { Filter, FilteredExchange } from './filter.ts';

/** Changes the header lines that the upstream gets. */
export class RequestHeaderEdits implements Filter {
  readonly #changes: PreparedChanges;

  constructor({ edits }: HeadersPolicy) {
    this.#changes = new PreparedChanges(edits);
  }

  request({ requestEdits }: FilteredExchange): undefined {
    requestEdits.apply(this.#changes);
  }
}

/** Changes the header lines that the client gets, those of errors too. */
export class ResponseHeaderEdits implements Filter {
  readonly #changes: PreparedChanges;

  constructor({ edits }: HeadersPolicy) {
    this.#changes = new PreparedChanges(edits);
  }

  response({ responseEdits }: FilteredExchange): void {
    responseEdits.apply(this.#changes);
  }
}
