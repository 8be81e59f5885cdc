import type { ObjectRef } from '../../model/diagnostic.ts';
import { serviceKey } from '../../model/route.ts';

/** An object that names a host. */
export interface HostClaim {
  readonly object: ObjectRef;
  /** RFC 3339; empty where it has none. */
  readonly createdAt: string;
}

/** Those of one host, by owner. */
interface Claims {
  readonly services: Map<string, HostClaim>;
  readonly ingresses: Map<string, HostClaim>;
}

type Profile = keyof Claims;

/** Who has to be asked again about a host, by profile. */
export type Turned = Readonly<Record<Profile, readonly string[]>>;

/**
 * Whose rules each host is matched by, those of annotated Services or those of Ingresses: the oldest object that names the host decides.
 */
export class HostProfiles {
  readonly #claims = new Map<string, Claims>();
  /** By owner, the hosts that it names. */
  readonly #hosts: Readonly<Record<Profile, Map<string, readonly string[]>>> = {
    services: new Map(),
    ingresses: new Map(),
  };
  /** Hosts that may have gone from one profile to the other. */
  readonly #turned = new Set<string>();

  /** Replaces what an owner names. @param owner a key that is unique in its profile */
  set(profile: Profile, owner: string, hosts: readonly string[], claim: HostClaim): void {
    const known = this.#hosts[profile];
    const before = known.get(owner) ?? [];
    if (before.length === 0 && hosts.length === 0) return;
    for (const host of before) this.#change(host, claims => void claims[profile].delete(owner));
    for (const host of hosts) this.#change(host, claims => void claims[profile].set(owner, claim));
    if (hosts.length === 0) known.delete(owner);
    else known.set(owner, hosts);
  }

  /** The object of the other profile to which a host belongs; undefined where this one may have it. */
  foreignOwner(profile: Profile, host: string): ObjectRef | undefined {
    const claims = this.#claims.get(host);
    const other = oldest(claims?.[profile === 'services' ? 'ingresses' : 'services'].values());
    if (other === undefined) return undefined;
    const own = oldest(claims?.[profile].values());
    return own !== undefined && isOlder(own, other) ? undefined : other.object;
  }

  /** The owners of hosts that may have gone from one profile to the other since this was asked last. */
  takeTurned(): Turned {
    const turned = { services: new Set<string>(), ingresses: new Set<string>() };
    for (const host of this.#turned) {
      const claims = this.#claims.get(host);
      for (const owner of claims?.services.keys() ?? []) turned.services.add(owner);
      for (const owner of claims?.ingresses.keys() ?? []) turned.ingresses.add(owner);
    }
    this.#turned.clear();
    return { services: [...turned.services], ingresses: [...turned.ingresses] };
  }

  #change(host: string, change: (claims: Claims) => void): void {
    const claims = this.#claims.get(host) ?? { services: new Map(), ingresses: new Map() };
    const wasContested = claims.ingresses.size > 0;
    change(claims);
    if (claims.ingresses.size + claims.services.size === 0) this.#claims.delete(host);
    else this.#claims.set(host, claims);
    // Thousands of Services may name one host: without an Ingress nothing is compared.
    if (wasContested || claims.ingresses.size > 0) this.#turned.add(host);
  }
}

function oldest(claims: Iterable<HostClaim> = []): HostClaim | undefined {
  let first: HostClaim | undefined;
  for (const claim of claims) if (first === undefined || isOlder(claim, first)) first = claim;
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
