import type { CookieAffinity } from '../../model/cluster.ts';
import type { ServiceRef } from '../../model/route.ts';
import { type AffinityKeys, VALUE_LENGTH } from './affinity-keys.ts';

/** An endpoint as cookies know it. */
interface Bindable {
  readonly id: string;
}

/** The endpoints of one cluster, by the values of its sticky cookie. */
export class StickyEndpoints<E extends Bindable> {
  cookie: CookieAffinity;
  readonly #keys: AffinityKeys;
  readonly #service: ServiceRef;
  #endpoints: readonly E[] = [];
  /** By value; undefined where the endpoints or the keys have changed since it was made. */
  #byValue: Map<string, E> | undefined;
  #revision = -1;
  /** By id: a change of some endpoints makes the values of those alone. */
  #values = new Map<string, readonly string[]>();

  constructor(cookie: CookieAffinity, keys: AffinityKeys, service: ServiceRef) {
    this.cookie = cookie;
    this.#keys = keys;
    this.#service = service;
  }

  /** @param endpoints all that a cookie may bind to, those that take no other requests among them */
  changed(endpoints: readonly E[]): void {
    this.#endpoints = endpoints;
    this.#byValue = undefined;
  }

  /** The endpoint that a cookie names; undefined for what no cookie of this cluster says. */
  find(value: string): E | undefined {
    return value.length === VALUE_LENGTH ? this.#current().get(value) : undefined;
  }

  /** What a new cookie says for an endpoint. */
  valueOf({ id }: E): string {
    this.#current();
    return this.#values.get(id)?.[0] ?? (this.#keys.valuesOf(this.#service, id)[0] as string);
  }

  #current(): Map<string, E> {
    if (this.#byValue !== undefined && this.#revision === this.#keys.revision) return this.#byValue;
    const known = this.#revision === this.#keys.revision ? this.#values : new Map<string, readonly string[]>();
    this.#revision = this.#keys.revision;
    this.#values = new Map(
      this.#endpoints.map(({ id }) => [id, known.get(id) ?? this.#keys.valuesOf(this.#service, id)]),
    );
    this.#byValue = new Map(
      this.#endpoints.flatMap(one => (this.#values.get(one.id) ?? []).map((value): [string, E] => [value, one])),
    );
    return this.#byValue;
  }
}
