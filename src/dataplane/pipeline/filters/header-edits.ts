import type { HeaderEdit, HeadersPolicy } from '../../../model/policy.ts';
import type { FieldChanges } from './field-changes.ts';
import type { Filter, FilteredExchange } from './filter.ts';

/** Changes the header lines that the upstream gets. */
export class RequestHeaderEdits implements Filter {
  readonly #edits: readonly HeaderEdit[];

  constructor({ edits }: HeadersPolicy) {
    this.#edits = edits;
  }

  request({ requestEdits }: FilteredExchange): undefined {
    edit(requestEdits, this.#edits);
  }
}

/** Changes the header lines that the client gets, those of errors too. */
export class ResponseHeaderEdits implements Filter {
  readonly #edits: readonly HeaderEdit[];

  constructor({ edits }: HeadersPolicy) {
    this.#edits = edits;
  }

  response({ responseEdits }: FilteredExchange): void {
    edit(responseEdits, this.#edits);
  }
}

function edit(changes: FieldChanges, edits: readonly HeaderEdit[]): void {
  for (const { op, name, value } of edits) {
    if (op === 'set') changes.set(name, value);
    else if (op === 'add') changes.add(name, value);
    else changes.drop(name);
  }
}
