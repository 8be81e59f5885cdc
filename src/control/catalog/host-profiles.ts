import type { ObjectRef } from '../../model/diagnostic.ts';
import { serviceKey } from '../../model/route.ts';

/** An object that names a host. */
export interface HostClaim {
  readonly object: ObjectRef;
  /** RFC 3339; empty where it has none. */
  readonly createdAt: string;
}

const PROFILES = ['services', 'ingresses', 'gateways'] as const;
export type HostProfile = (typeof PROFILES)[number];

/** Those of one host, by owner. */
type Claims = Readonly<Record<HostProfile, Map<string, HostClaim>>>;

/** Who has to be asked again about a host, by profile. */
export type Turned = Readonly<Record<HostProfile, readonly string[]>>;

/**
 * Whose rules each host is matched by, those of annotated Services, those of Ingresses or those of Gateways that share the ports of both:
 * the oldest object that names the host decides.
 */
export class HostProfiles {
  readonly #claims = new Map<string, Claims>();
  /** By owner, the hosts that it names. */
  readonly #hosts: Readonly<Record<HostProfile, Map<string, readonly string[]>>> = byProfile(() => new Map());
  /** Hosts that may have gone from one profile to another. */
  readonly #turned = new Set<string>();

  /** Replaces what an owner names. @param owner a key that is unique in its profile */
  set(profile: HostProfile, owner: string, hosts: readonly string[], claim: HostClaim): void {
    const known = this.#hosts[profile];
    const before = known.get(owner) ?? [];
    if (before.length === 0 && hosts.length === 0) return;
    for (const host of before) this.#change(host, claims => void claims[profile].delete(owner));
    for (const host of hosts) this.#change(host, claims => void claims[profile].set(owner, claim));
    if (hosts.length === 0) known.delete(owner);
    else known.set(owner, hosts);
  }

  /** The object of another profile to which a host belongs; undefined where this one may have it. */
  foreignOwner(profile: HostProfile, host: string): ObjectRef | undefined {
    const claims = this.#claims.get(host);
    const other = oldest(claims, one => one !== profile);
    if (other === undefined) return undefined;
    const own = oldest(claims, one => one === profile);
    return own !== undefined && isOlder(own, other) ? undefined : other.object;
  }

  /** The object of another profile that names a host and is older than who claims it. */
  olderOwner(profile: HostProfile, host: string, claim: HostClaim): ObjectRef | undefined {
    const other = oldest(this.#claims.get(host), one => one !== profile);
    return other === undefined || isOlder(claim, other) ? undefined : other.object;
  }

  /** The owners of hosts that may have gone from one profile to another since this was asked last. */
  takeTurned(): Turned {
    const turned = byProfile(() => new Set<string>());
    for (const host of this.#turned) {
      const claims = this.#claims.get(host);
      for (const profile of PROFILES) for (const owner of claims?.[profile].keys() ?? []) turned[profile].add(owner);
    }
    this.#turned.clear();
    return byProfile(profile => [...turned[profile]]);
  }

  #change(host: string, change: (claims: Claims) => void): void {
    const claims = this.#claims.get(host) ?? byProfile(() => new Map<string, HostClaim>());
    const wasContested = claims.ingresses.size + claims.gateways.size > 0;
    change(claims);
    const others = claims.ingresses.size + claims.gateways.size;
    if (others + claims.services.size === 0) this.#claims.delete(host);
    else this.#claims.set(host, claims);
    // Thousands of Services may name one host: without another profile nothing is compared.
    if (wasContested || others > 0) this.#turned.add(host);
  }
}

function byProfile<T>(make: (profile: HostProfile) => T): Record<HostProfile, T> {
  return { services: make('services'), ingresses: make('ingresses'), gateways: make('gateways') };
}

function oldest(claims: Claims | undefined, counts: (profile: HostProfile) => boolean): HostClaim | undefined {
  let first: HostClaim | undefined;
  if (claims === undefined) return first;
  for (const profile of PROFILES) {
    if (!counts(profile)) continue;
    for (const claim of claims[profile].values()) if (first === undefined || isOlder(claim, first)) first = claim;
  }
  return first;
}

/** A manifest may have no age: then it is the newest. Of two of one age, an Ingress comes behind a Service of its name. */
function isOlder(a: HostClaim, b: HostClaim): boolean {
  const [left, right] = [a.createdAt || '~', b.createdAt || '~'];
  return left === right ? nameOf(a) < nameOf(b) : left < right;
}

function nameOf({ object }: HostClaim): string {
  return `${serviceKey(object)} ${object.kind ?? ''}`;
}
