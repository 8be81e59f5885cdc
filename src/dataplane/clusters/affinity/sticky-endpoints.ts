import { randomBytes } from 'node:crypto';
import type { Cluster, CookieAffinity, Endpoint } from '../../../model/cluster.ts';
import type { Candidate } from '../balancers/balancer.ts';
import { hashOf, Rendezvous } from '../balancers/rendezvous.ts';
import { type AffinityKeys, VALUE_LENGTH } from './affinity-keys.ts';
import { NginxCookies } from './nginx-cookies.ts';

/** Enough that no two clients get the same key. */
const KEY_BYTES = 12;

/** The endpoints of one cluster, by the values of its sticky cookie. */
export class StickyEndpoints<E extends Candidate & Endpoint> {
  readonly #keys: AffinityKeys;
  readonly #cluster: Pick<Cluster, 'service' | 'name'>;
  #cookie: CookieAffinity;
  #endpoints: readonly E[] = [];
  /** By value; undefined where the endpoints or the keys have changed since it was made. */
  #byValue: Map<string, E> | undefined;
  #revision = -1;
  /** By id: a change of some endpoints makes the values of those alone. */
  #values = new Map<string, readonly string[]>();
  /** Undefined where cookies of ingress-nginx mean nothing. */
  #nginx: NginxCookies<E> | undefined;
  /** Leads from the key of a cookie to an endpoint; undefined where cookies name endpoints. */
  #scores: Rendezvous<E> | undefined;

  constructor(cookie: CookieAffinity, keys: AffinityKeys, cluster: Pick<Cluster, 'service' | 'name'>) {
    this.#keys = keys;
    this.#cluster = cluster;
    this.#cookie = cookie;
    this.#setMode(cookie.mode);
  }

  get cookie(): CookieAffinity {
    return this.#cookie;
  }

  set cookie(cookie: CookieAffinity) {
    const isSameMode = cookie.mode === this.#cookie.mode;
    this.#cookie = cookie;
    if (!isSameMode) this.#setMode(cookie.mode);
  }

  /** @param endpoints all that a cookie may bind to, those that take no other requests among them */
  changed(endpoints: readonly E[]): void {
    this.#endpoints = endpoints;
    this.#byValue = undefined;
    this.#nginx?.changed(endpoints);
    this.#scores?.changed(endpoints);
  }

  /** The endpoint that a cookie names; undefined for what no cookie of this cluster says. */
  find(value: string): E | undefined {
    if (value.length === VALUE_LENGTH) return this.#current().get(value);
    const key = this.#nginx?.keyOf(value);
    if (key === undefined) return undefined;
    return this.#scores === undefined ? this.#nginx?.find(key) : this.#bestFor(key);
  }

  /** What a new cookie says for an endpoint. */
  valueOf({ id }: E): string {
    this.#current();
    return this.#values.get(id)?.[0] ?? (this.#keys.valuesOf(this.#cluster.service, id)[0] as string);
  }

  /** Whether a value that leads to an endpoint may stay: a key that was turned made it else. */
  isCurrent(value: string, endpoint: E): boolean {
    return value.length !== VALUE_LENGTH || this.valueOf(endpoint) === value;
  }

  /** What a new cookie says before an endpoint was chosen, which it does itself; undefined where cookies name endpoints. */
  newValue(): string | undefined {
    return this.#scores && this.#nginx?.valueOf(randomBytes(KEY_BYTES).toString('base64url'));
  }

  #setMode(mode: CookieAffinity['mode']): void {
    this.#nginx = mode && new NginxCookies(this.#cluster.name);
    this.#scores = mode === 'balanced' ? new Rendezvous() : undefined;
    this.changed(this.#endpoints);
  }

  #bestFor(key: string): E | undefined {
    const scores = this.#scores as Rendezvous<E>;
    const hash = hashOf(key);
    let best: E | undefined;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const [index, endpoint] of scores.endpoints.entries()) {
      const score = scores.score(index, hash);
      if (score <= bestScore) continue;
      best = endpoint;
      bestScore = score;
    }
    return best;
  }

  #current(): Map<string, E> {
    if (this.#byValue !== undefined && this.#revision === this.#keys.revision) return this.#byValue;
    const known = this.#revision === this.#keys.revision ? this.#values : new Map<string, readonly string[]>();
    this.#revision = this.#keys.revision;
    const { service } = this.#cluster;
    this.#values = new Map(this.#endpoints.map(({ id }) => [id, known.get(id) ?? this.#keys.valuesOf(service, id)]));
    this.#byValue = new Map(
      this.#endpoints.flatMap(one => (this.#values.get(one.id) ?? []).map((value): [string, E] => [value, one])),
    );
    return this.#byValue;
  }
}
