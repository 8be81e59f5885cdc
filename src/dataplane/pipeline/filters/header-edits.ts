import type { HeaderEdit, HeadersPolicy } from '../../../model/policy.ts';
import { VariableText } from '../variables.ts';
import { type FieldChanges, PreparedChanges } from './field-changes.ts';
import type { Filter, FilteredExchange, FilteredResponse } from './filter.ts';

/** Changes the header lines that the upstream gets. */
export class RequestHeaderEdits implements Filter {
  readonly constant: PreparedChanges | undefined;
  readonly #edits: Edits;

  constructor({ edits }: HeadersPolicy) {
    this.#edits = new Edits(edits);
    this.constant = this.#edits.prepared;
  }

  request(exchange: FilteredExchange): undefined {
    this.#edits.apply(exchange, exchange.requestEdits);
  }
}

/** Changes the header lines that the client gets, those of errors too. */
export class ResponseHeaderEdits implements Filter {
  readonly constant: PreparedChanges | undefined;
  readonly #edits: Edits;

  constructor({ edits }: HeadersPolicy) {
    this.#edits = new Edits(edits);
    this.constant = this.#edits.prepared;
  }

  response(exchange: FilteredExchange, { status }: FilteredResponse): void {
    this.#edits.apply(exchange, exchange.responseEdits, status);
  }
}

/** Edits that are worked out once, where they are the same for all messages. */
class Edits {
  /** Undefined where they depend on the message. */
  readonly prepared: PreparedChanges | undefined;
  readonly #edits: readonly (readonly [edit: HeaderEdit, text: VariableText | undefined])[];

  constructor(edits: readonly HeaderEdit[]) {
    const isPlain = edits.every(({ text, statuses }) => text === undefined && statuses === undefined);
    this.prepared = isPlain ? new PreparedChanges(edits) : undefined;
    this.#edits = edits.map(edit => [edit, edit.text && new VariableText(edit.text)]);
  }

  /** @param status of a response */
  apply(exchange: FilteredExchange, changes: FieldChanges, status?: number): void {
    if (this.prepared !== undefined) {
      changes.apply(this.prepared);
      return;
    }
    for (const [{ op, name, value, statuses }, text] of this.#edits) {
      if (status !== undefined && statuses?.includes(status) === false) continue;
      const written = text === undefined ? value : text.of(exchange, withoutControls);
      if (op === 'add' && written !== '') changes.add(name, written);
      else if (op === 'set' && (written !== '' || text === undefined)) changes.set(name, written);
      else if (op !== 'add') changes.drop(name);
    }
  }
}

/** Control characters, which a variable such as $arg_x cannot hold as it came, but a decoded path can. */
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g;

function withoutControls(value: string): string {
  return value.replace(CONTROLS, '');
}
