import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { BackendTlsPolicyObject } from '../../resources/gateway/gateway-object.ts';
import type { ServicePort } from '../../resources/service-object.ts';
import { BackendTlsReading } from './backend-tls.ts';
import type { GatewayLookups } from './gateway-lookups.ts';
import type { ObjectStatus } from './gateway-status.ts';
import type { RouteReading } from './readings.ts';
import type { BackendTls } from './routes/route-context.ts';

const ASKER = 'BackendTLSPolicies ';

/** All BackendTLSPolicies, namespace by namespace: they are about Services of their own namespace. */
export class BackendTlsPolicies {
  readonly #readings = new Map<string, BackendTlsReading>();
  readonly #dirty = new Set<string>();
  /** By key of a route, the Services of which it has asked. */
  readonly #asked = new Map<string, Map<string, ServiceRef>>();

  /** Who asks for what the policies of a namespace name. */
  static askerOf(namespace: string): string {
    return ASKER + namespace;
  }

  /** What the policies of a namespace name may have changed. @returns whether such an asker is meant */
  touchAsker(asker: string): boolean {
    if (!asker.startsWith(ASKER)) return false;
    this.touch(asker.slice(ASKER.length));
    return true;
  }

  touch(namespace: string): void {
    this.#dirty.add(namespace);
  }

  /**
   * Reads what may be otherwise than before.
   * @returns the namespaces whose Services may be connected to in another way
   */
  settle(
    policies: readonly BackendTlsPolicyObject[],
    lookupsFor: (asker: string) => Pick<GatewayLookups, 'authorities' | 'service'>,
  ): readonly string[] {
    const namespaces = [...this.#dirty];
    this.#dirty.clear();
    for (const namespace of namespaces) {
      const own = policies.filter(({ metadata }) => metadata.namespace === namespace);
      // Also for a namespace without policies: an empty look-up ends the demand for the ConfigMaps of those that have gone.
      const lookups = lookupsFor(BackendTlsPolicies.askerOf(namespace));
      if (own.length === 0) this.#readings.delete(namespace);
      else this.#readings.set(namespace, new BackendTlsReading(own, lookups));
    }
    return namespaces;
  }

  /** A route is translated anew: what it has asked for before no longer counts. */
  forget(route: string): void {
    this.#asked.delete(route);
  }

  /** As `RouteContext.backendTls`. @param route its key */
  tlsFor(route: string, service: ServiceRef, port: ServicePort): BackendTls | undefined {
    const asked = this.#asked.get(route) ?? new Map<string, ServiceRef>();
    this.#asked.set(route, asked.set(serviceKey(service), service));
    return this.#readings.get(service.namespace)?.tlsFor(service, port);
  }

  /** @param routes by key, as they are served */
  *statuses(routes: ReadonlyMap<string, RouteReading>): Generator<ObjectStatus> {
    if (this.#readings.size === 0) return;
    const gateways = this.#gatewaysByService(routes);
    for (const reading of this.#readings.values()) {
      yield* reading.statuses(service => gateways.get(serviceKey(service))?.values() ?? []);
    }
  }

  /** By Service, the Gateways whose requests may come to it. */
  #gatewaysByService(routes: ReadonlyMap<string, RouteReading>): ReadonlyMap<string, ReadonlyMap<string, ServiceRef>> {
    const gateways = new Map<string, Map<string, ServiceRef>>();
    for (const [key, asked] of this.#asked) {
      for (const { gateway } of routes.get(key)?.attached ?? []) {
        for (const service of asked.keys()) {
          const known = gateways.get(service) ?? new Map<string, ServiceRef>();
          gateways.set(service, known.set(serviceKey(gateway), gateway));
        }
      }
    }
    return gateways;
  }
}
