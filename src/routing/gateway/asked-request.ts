import { CostBudget } from '../pattern/cost-budget.ts';
import { NamedValues } from './named-values.ts';
import { parameters, parameterValue } from './query-parameters.ts';

/** The head of a request, as far as routes of Gateways look at it. */
export interface AskedHead {
  readonly method: string;
  /** The values of all header lines with a name in lower case, joined; empty without any. */
  field(name: string, separator: string): string;
  /** All header lines; the names as they came. */
  fields(): Iterable<readonly [name: string, value: string]>;
}

/**
 * RFC 9110 section 5.3: lines of one name are one list, whose elements a comma divides. Two lines are thus never taken for one of their
 * values: a client cannot meet a condition by a line beside that of a proxy in front.
 */
const SEPARATOR = ', ';

const NO_HEAD: AskedHead = { method: '', field: () => '', fields: () => [] };

/** What conditions ask of one request after the other, and what the search for its route may take. */
export class AskedRequest {
  /** All patterns and conditions together: nanoseconds. */
  readonly budget = new CostBudget(500_000);
  #head = NO_HEAD;
  #query = '';
  readonly #headers = new NamedValues(
    name => this.#head.field(name, SEPARATOR),
    () => joined(this.#head.fields()),
  );
  readonly #parameters = new NamedValues(
    name => parameterValue(this.#query, name),
    () => first(parameters(this.#query)),
  );

  /** @param query with its question mark; empty without one */
  begin(head: AskedHead, query: string): void {
    this.#head = head;
    this.#query = query;
    this.#headers.clear();
    this.#parameters.clear();
    this.budget.begin();
  }

  /** Drops what would keep the head of the request in memory. */
  forget(): void {
    this.#head = NO_HEAD;
    this.#query = '';
    this.#headers.forget();
    this.#parameters.forget();
  }

  get method(): string {
    return this.#head.method;
  }

  /** @param name in lower case @returns empty for a header that is empty or absent */
  header(name: string): string {
    return this.#headers.get(name);
  }

  /** The first parameter with a name, decoded: bytes, a character each. @returns empty for one that is empty or absent */
  parameter(name: string): string {
    return this.#query === '' ? '' : this.#parameters.get(name);
  }
}

function joined(fields: Iterable<readonly [name: string, value: string]>): Map<string, string> {
  const values = new Map<string, string>();
  for (const [sent, value] of fields) {
    const name = sent.toLowerCase();
    const before = values.get(name);
    values.set(name, before === undefined ? value : before + SEPARATOR + value);
  }
  return values;
}

function first(fields: Iterable<readonly [name: string, value: string]>): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of fields) if (!values.has(name)) values.set(name, value);
  return values;
}
