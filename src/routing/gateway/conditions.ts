import type { RequestConditions, ValueCondition } from '../../model/route.ts';
import { escapedBytes } from '../pattern/byte-text.ts';
import { compilePattern } from '../pattern/compile-pattern.ts';
import type { CostBudget } from '../pattern/cost-budget.ts';
import type { Pattern } from '../pattern/pattern.ts';
import type { AskedRequest } from './asked-request.ts';

/** What it costs to ask for a value, or for all of a route, in nanoseconds. */
const QUESTION_COST = 50;

/** What a request has to be like for a route: all of it. A header or a parameter without a value meets no condition. */
export class Conditions {
  readonly method: string | undefined;
  readonly headers: readonly ValueTest[];
  readonly query: readonly ValueTest[];

  /** @throws {FormatError} for a text that is no pattern where it has to be one */
  constructor({ method, headers = [], query = [] }: RequestConditions) {
    this.method = method;
    this.headers = headers.map(header => new ValueTest(header));
    this.query = query.map(parameter => new ValueTest(parameter));
  }

  /** @throws {PatternCostError} */
  areMet(request: AskedRequest): boolean {
    const { budget } = request;
    budget.charge(QUESTION_COST);
    if (this.method !== undefined && this.method !== request.method) return false;
    for (const header of this.headers) if (!header.takes(request.header(header.name), budget)) return false;
    for (const parameter of this.query) {
      if (!parameter.takes(request.parameter(parameter.name), budget)) return false;
    }
    return true;
  }
}

/** A condition for a value. */
export class ValueTest {
  /** As {@link AskedRequest} is asked for it. */
  readonly name: string;
  /** The value that it must have; undefined where a pattern decides. */
  readonly value: string | undefined;
  readonly #pattern: Pattern | undefined;

  constructor({ name, value, isPattern }: ValueCondition) {
    this.name = bytesOf(name);
    if (isPattern) this.#pattern = compilePattern(escapedBytes(bytesOf(value)), { anchor: 'whole' });
    else this.value = bytesOf(value);
  }

  takes(value: string, budget: CostBudget): boolean {
    budget.charge(QUESTION_COST);
    if (this.#pattern === undefined) return value === this.value;
    return value !== '' && this.#pattern.match(value, budget) !== undefined;
  }
}

/** UTF-8, a character for each byte, as heads and decoded queries have it. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** What a rule asks of requests beyond host and path, for people; empty where it asks for nothing. */
export function conditionsLabel({ method, headers = [], query = [] }: RequestConditions = {}): string {
  const sign = ({ isPattern }: ValueCondition): string => (isPattern ? '~' : '=');
  return [
    ...(method === undefined ? [] : [`method ${method}`]),
    ...headers.map(header => `header ${header.name}${sign(header)}${header.value}`),
    ...query.map(parameter => `query ${parameter.name}${sign(parameter)}${parameter.value}`),
  ].join(', ');
}
