import { entryOf } from '../table-changes.ts';
import type { AskedRequest } from './asked-request.ts';
import type { Conditions, ValueTest } from './conditions.ts';

/** What it costs to look for a value, in nanoseconds. */
const LOOKUP_COST = 50;

/** A route with what it asks of requests. */
export interface RankedRoute<R> {
  readonly route: R;
  /** Undefined: it takes all requests. */
  readonly conditions: Conditions | undefined;
}

/** Places of routes in their list, in ascending order. */
type Places = number[];

/** Places of routes that ask for a value, by that value. */
type PlacesByValue = Map<string, Places>;

/**
 * Finds the first route of a long list that takes a request, without asking all of them. Each route stands under one value that it asks
 * for: of a header, else of a parameter, else the method. Those without such a value are asked one after the other.
 */
export class RankedIndex<R> {
  readonly #ranked: readonly RankedRoute<R>[];
  readonly #headers = new Map<string, PlacesByValue>();
  readonly #query = new Map<string, PlacesByValue>();
  readonly #methods: PlacesByValue = new Map();
  readonly #others: Places = [];

  constructor(ranked: readonly RankedRoute<R>[]) {
    this.#ranked = ranked;
    for (const [place, { conditions }] of ranked.entries()) this.#placesFor(conditions).push(place);
  }

  /** @throws {PatternCostError} */
  match(request: AskedRequest): R | undefined {
    const { budget } = request;
    let best = this.#first(this.#methods.get(request.method), request, this.#ranked.length);
    for (const [name, places] of this.#headers) {
      budget.charge(LOOKUP_COST);
      best = this.#first(places.get(request.header(name)), request, best);
    }
    for (const [name, places] of this.#query) {
      budget.charge(LOOKUP_COST);
      best = this.#first(places.get(request.parameter(name)), request, best);
    }
    return this.#ranked[this.#first(this.#others, request, best)]?.route;
  }

  /** The first place whose route takes the request; `before` where there is none before that. */
  #first(places: Places | undefined, request: AskedRequest, before: number): number {
    if (places === undefined) return before;
    for (const place of places) {
      if (place >= before) break;
      const { conditions } = this.#ranked[place] as RankedRoute<R>;
      if (conditions === undefined || conditions.areMet(request)) return place;
    }
    return before;
  }

  #placesFor(conditions: Conditions | undefined): Places {
    const header = conditions?.headers.find(isExact);
    if (header !== undefined) return placesFor(this.#headers, header);
    const parameter = conditions?.query.find(isExact);
    if (parameter !== undefined) return placesFor(this.#query, parameter);
    return conditions?.method === undefined ? this.#others : placesOf(this.#methods, conditions.method);
  }
}

function isExact({ value }: ValueTest): boolean {
  return value !== undefined;
}

function placesFor(names: Map<string, PlacesByValue>, { name, value = '' }: ValueTest): Places {
  return placesOf(
    entryOf(names, name, () => new Map<string, Places>()),
    value,
  );
}

function placesOf(values: PlacesByValue, value: string): Places {
  return entryOf(values, value, () => []);
}
