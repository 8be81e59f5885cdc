/** What routes of Gateways have beyond others, on its way to the workers: a rule has many routes, and a listener more. */
import type { Policy } from '../model/policy.ts';
import {
  type GatewayRoute,
  type ListenerPlace,
  listenerKey,
  type RequestConditions,
  type WeightedBackend,
} from '../model/route.ts';
import { SharedValues } from './shared-values.ts';

type PackedListener = readonly [port: ListenerPlace['port'], hostname: string];

/** The listener by its place in {@link PackedGatewayParts.listeners}. */
export type PackedListenerPlace = readonly [
  listener: number,
  match: string,
  hostRank: number,
  rank: string,
  conditions?: RequestConditions,
];

/** The policies by their place in the list of all. */
type PackedBackend = readonly [cluster: WeightedBackend['cluster'], weight: number, policies?: number];

/** What routes name by its place. */
export interface PackedGatewayParts {
  readonly listeners: readonly PackedListener[];
  readonly gateways: readonly GatewayRoute[];
  readonly backends: readonly (readonly PackedBackend[])[];
}

/** What a route says by places in {@link PackedGatewayParts}. */
export interface PackedGatewayFields {
  readonly place?: PackedListenerPlace;
  readonly gateway?: number;
  readonly backends?: number;
}

/** The fields of a route that are packed here. */
export interface GatewayFields {
  readonly listener?: ListenerPlace | undefined;
  readonly gateway?: GatewayRoute;
  readonly backends?: readonly WeightedBackend[];
}

/** Gathers what the routes of one text share. */
export class GatewayPacker {
  readonly #listeners = new Map<string, readonly [place: number, PackedListener]>();
  readonly #gateways = new SharedValues<GatewayRoute>();
  readonly #backends = new SharedValues<readonly WeightedBackend[]>();
  readonly #policies: SharedValues<readonly Policy[]>;

  /** @param policies gets those of backends, too */
  constructor(policies: SharedValues<readonly Policy[]>) {
    this.#policies = policies;
  }

  /** Undefined for a route that has none of them. */
  fields({ listener, gateway, backends }: GatewayFields): PackedGatewayFields | undefined {
    if (listener === undefined && gateway === undefined && backends === undefined) return undefined;
    for (const { policies } of backends ?? []) if (policies !== undefined) this.#policies.placeOf(policies);
    return {
      ...(listener && { place: this.#packListener(listener) }),
      ...(gateway && { gateway: this.#gateways.placeOf(gateway) }),
      ...(backends && { backends: this.#backends.placeOf(backends) }),
    };
  }

  /** Undefined where no route has anything of it. */
  parts(): PackedGatewayParts | undefined {
    const gateways = this.#gateways.values;
    const backends = this.#backends.values;
    if (this.#listeners.size === 0 && gateways.length === 0 && backends.length === 0) return undefined;
    return {
      listeners: Array.from(this.#listeners.values(), ([, listener]) => listener),
      gateways,
      backends: backends.map(list => list.map(backend => this.#packBackend(backend))),
    };
  }

  #packListener({ port, hostname, match, hostRank, rank, conditions }: ListenerPlace): PackedListenerPlace {
    const key = listenerKey(port, hostname);
    const [place] = this.#listeners.get(key) ?? [this.#listeners.size];
    this.#listeners.set(key, [place, [port, hostname]]);
    return conditions === undefined ? [place, match, hostRank, rank] : [place, match, hostRank, rank, conditions];
  }

  #packBackend({ cluster, weight, policies }: WeightedBackend): PackedBackend {
    return policies === undefined ? [cluster, weight] : [cluster, weight, this.#policies.placeOf(policies)];
  }
}

const NO_PARTS: PackedGatewayParts = { listeners: [], gateways: [], backends: [] };

/** @param policies the lists of all routes */
export function gatewayUnpacker(
  { listeners, gateways, backends }: PackedGatewayParts = NO_PARTS,
  policies: readonly (readonly Policy[])[],
): (fields: PackedGatewayFields) => GatewayFields {
  const lists = backends.map(list => list.map(backend => unpackBackend(backend, policies)));
  return ({ place, gateway, backends: list }) => ({
    ...(place && { listener: unpackListener(place, listeners) }),
    ...(gateway !== undefined && { gateway: gateways[gateway] as GatewayRoute }),
    ...(list !== undefined && { backends: lists[list] as readonly WeightedBackend[] }),
  });
}

function unpackListener(
  [place, match, hostRank, rank, conditions]: PackedListenerPlace,
  listeners: readonly PackedListener[],
): ListenerPlace {
  const [port, hostname] = listeners[place] as PackedListener;
  return { port, hostname, match, hostRank, rank, ...(conditions && { conditions }) };
}

function unpackBackend(
  [cluster, weight, place]: PackedBackend,
  policies: readonly (readonly Policy[])[],
): WeightedBackend {
  const list = place === undefined ? undefined : policies[place];
  return { cluster, weight, ...(list && { policies: list }) };
}
