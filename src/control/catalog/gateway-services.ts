import { isDeepStrictEqual } from 'node:util';
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { GatewayService } from '../../resources/gateway/gateway-service.ts';
import type { Fault } from '../../translate/gateway/conditions.ts';
import type { GatewayServices, GatewayServiceType } from '../../translate/gateway/gateway-lookups.ts';

/** Numbers of ports, both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface KnownGatewayServicesOptions {
  readonly type: GatewayServiceType;
  readonly host: string;
  readonly range: PortRange;
}

/** The Services that are made for Gateways, as a watch says them, and what keeps others from being made. */
export class KnownGatewayServices implements GatewayServices {
  readonly #options: KnownGatewayServicesOptions;
  #services: ReadonlyMap<string, GatewayService> = new Map();
  readonly #problems = new Map<string, Fault>();
  #holders: ReadonlyMap<number, string> = new Map();
  #isChanged = false;

  constructor(options: KnownGatewayServicesOptions) {
    this.#options = options;
  }

  get type(): GatewayServiceType {
    return this.#options.type;
  }

  get host(): string {
    return this.#options.host;
  }

  of(service: ServiceRef): GatewayService | undefined {
    return this.#services.get(serviceKey(service));
  }

  problemOf(service: ServiceRef): Fault | undefined {
    return this.#problems.get(serviceKey(service));
  }

  isGivenAway(port: number): boolean {
    const { first, last } = this.#options.range;
    return port >= first && port <= last;
  }

  holderOf(port: number): string | undefined {
    return this.#holders.get(port);
  }

  hold(holders: ReadonlyMap<number, string>): void {
    this.#holders = holders;
  }

  /** The next number of the range that no Gateway has, and that is not among those that are taken; it is taken then. */
  free(taken: Set<number>): number | undefined {
    const { first, last } = this.#options.range;
    for (let port = first; port <= last; port += 1) {
      if (taken.has(port) || this.#holders.has(port)) continue;
      taken.add(port);
      return port;
    }
    return undefined;
  }

  /** These are all. */
  set(services: Iterable<GatewayService>): void {
    const now = new Map([...services].map(service => [serviceKey(service), service]));
    if (isDeepStrictEqual(now, this.#services)) return;
    this.#services = now;
    this.#isChanged = true;
  }

  /** @param problem undefined: it can be made */
  setProblem(service: ServiceRef, problem: Fault | undefined): void {
    const key = serviceKey(service);
    if (this.#problems.get(key)?.message === problem?.message) return;
    if (problem === undefined) this.#problems.delete(key);
    else this.#problems.set(key, problem);
    this.#isChanged = true;
  }

  /** Whether something was said that {@link takeChanged} has not told. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** Whether something was said since this was asked last. */
  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }
}
