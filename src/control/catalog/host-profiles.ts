import type { ObjectRef } from '../../model/diagnostic.ts';
import { serviceKey } from '../../model/route.ts';

/** An object that names a host. */
export interface HostClaim {
  readonly object: ObjectRef;
  /** RFC 3339; empty where it has none. */
  readonly createdAt: string;
}

/** What is said of one host. */
interface Claims {
  /** By key of the Service. */
  readonly services: Map<string, HostClaim>;
  /** Of the oldest Ingress. */
  ingress: HostClaim | undefined;
}

/**
 * Whose rules each host is matched by, those of annotated Services or those of Ingresses: the oldest object that names the host decides.
 */
export class HostProfiles {
  readonly #claims = new Map<string, Claims>();
  /** By Service, the hosts that it names. */
  readonly #hosts = new Map<string, readonly string[]>();
  /** Hosts that may have gone from one profile to the other. */
  readonly #turned = new Set<string>();

  /** Replaces what a Service names. @param key of the Service */
  setService(key: string, hosts: readonly string[], claim: HostClaim): void {
    const before = this.#hosts.get(key) ?? [];
    if (before.length === 0 && hosts.length === 0) return;
    for (const host of before) this.#change(host, ({ services }) => void services.delete(key));
    for (const host of hosts) this.#change(host, ({ services }) => void services.set(key, claim));
    if (hosts.length === 0) this.#hosts.delete(key);
    else this.#hosts.set(key, hosts);
  }

  /** @param claim of the oldest Ingress that names the host; undefined: none does */
  setIngress(host: string, claim: HostClaim | undefined): void {
    this.#change(host, claims => {
      claims.ingress = claim;
    });
  }

  /** The Ingress to which a host belongs; undefined where Services may have it. */
  ingressOf(host: string): ObjectRef | undefined {
    const { ingress, services } = this.#claims.get(host) ?? {};
    if (ingress === undefined) return undefined;
    const service = oldest(services?.values());
    return service === undefined || isOlder(ingress, service) ? ingress.object : undefined;
  }

  /** The Service to which a host belongs; undefined where Ingresses may have it. */
  serviceOf(host: string): ObjectRef | undefined {
    const { ingress, services } = this.#claims.get(host) ?? {};
    const service = oldest(services?.values());
    return service === undefined || (ingress !== undefined && isOlder(ingress, service)) ? undefined : service.object;
  }

  /** Hosts that may have gone from one profile to the other since this was asked last, with the keys of the Services that name them. */
  takeTurned(): Map<string, readonly string[]> {
    const turned = [...this.#turned].map(host => [host, [...(this.#claims.get(host)?.services.keys() ?? [])]] as const);
    this.#turned.clear();
    return new Map(turned);
  }

  #change(host: string, change: (claims: Claims) => void): void {
    const claims = this.#claims.get(host) ?? { services: new Map(), ingress: undefined };
    const wasContested = claims.ingress !== undefined;
    change(claims);
    if (claims.ingress === undefined && claims.services.size === 0) this.#claims.delete(host);
    else this.#claims.set(host, claims);
    // Thousands of Services may name one host: without an Ingress nothing is compared.
    if (wasContested || claims.ingress !== undefined) this.#turned.add(host);
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
