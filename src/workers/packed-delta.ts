/**
 * A change on its way to the workers, as text: it is made once, where the structured clone of ten thousand routes, which was
 * the most expensive part of a first sync, is made anew for each worker. What is the same for nearly all is left out, and is one
 * object over there.
 */
import { isDeepStrictEqual } from 'node:util';
import { endpointId, plainCluster } from '../model/cluster.ts';
import type {
  PublishedCluster,
  PublishedDelta,
  PublishedEndpoint,
  PublishedEndpointSet,
  PublishedRoute,
} from '../model/delta.ts';
import type { ClusterId, Route, RouteOverrides } from '../model/route.ts';

type PackedRoute = Omit<PublishedRoute, 'host' | 'overrides'> & Partial<Pick<PublishedRoute, 'host' | 'overrides'>>;

/** Of a plain cluster, what others may not have. */
type PackedCluster =
  | PublishedCluster
  | readonly [id: ClusterId, name: string, namespace: string, service: string, counterBlock: number];

/** What is absent is as in an endpoint of which nothing is known but where it is. */
type PackedEndpoint = readonly [
  address: string,
  port: number,
  id?: string,
  weight?: number,
  state?: PublishedEndpoint['state'],
];

type PackedSet = readonly [
  cluster: ClusterId,
  revision: number,
  endpoints: readonly PackedEndpoint[],
  slots?: readonly number[],
];

interface Packed {
  readonly version: number;
  readonly routes: {
    readonly upserts: readonly PackedRoute[];
    readonly removals: PublishedDelta['routes']['removals'];
  };
  readonly clusters: { readonly upserts: readonly PackedCluster[]; readonly removals: readonly ClusterId[] };
  readonly endpoints: readonly PackedSet[];
}

const NO_OVERRIDES: RouteOverrides = {};
/** Clusters and sets of endpoints in one text. */
const PART = 1_000;
/** Of a part that is not the last: routes come behind all clusters, and clusters go behind all routes. */
const NOTHING = { routes: { upserts: [], removals: [] }, gone: [] };

/** @returns texts to be unpacked and applied one behind the other: what is read of one is thrown away before the next */
export function pack({ version, routes, clusters, endpoints }: PublishedDelta): readonly string[] {
  const texts: string[] = [];
  const part = (
    from: number,
    rest: Pick<Packed, 'routes'> & { readonly gone: Packed['clusters']['removals'] },
  ): void => {
    const packed: Packed = {
      version,
      routes: rest.routes,
      clusters: { upserts: clusters.upserts.slice(from, from + PART).map(packCluster), removals: rest.gone },
      endpoints: endpoints.slice(from, from + PART).map(packSet),
    };
    texts.push(JSON.stringify(packed));
  };
  let from = 0;
  for (; Math.max(clusters.upserts.length, endpoints.length) - from > PART; from += PART) part(from, NOTHING);
  const changes = { upserts: routes.upserts.map(packRoute), removals: routes.removals };
  part(from, { routes: changes, gone: clusters.removals });
  return texts;
}

/** @param text one of {@link pack} */
export function unpack(text: string): PublishedDelta {
  const { version, routes, clusters, endpoints } = JSON.parse(text) as Packed;
  return {
    version,
    routes: { upserts: routes.upserts.map(unpackRoute), removals: routes.removals },
    clusters: { upserts: clusters.upserts.map(unpackCluster), removals: clusters.removals },
    endpoints: endpoints.map(unpackSet),
  };
}

/** The main thread gives its own routes, which have more than a worker needs. */
function packRoute(route: PublishedRoute & Partial<Route>): PackedRoute {
  const { service: _service, createdAt: _createdAt, host, overrides, ...rest } = route;
  const hasOverrides = Object.keys(overrides).length > 0;
  return { ...rest, ...(host !== '' && { host }), ...(hasOverrides && { overrides }) };
}

function unpackRoute({ host = '', overrides = NO_OVERRIDES, ...rest }: PackedRoute): PublishedRoute {
  return { host, overrides, ...rest };
}

function packCluster(published: PublishedCluster): PackedCluster {
  const { cluster, counterBlock, slot } = published;
  const { id, name, service } = cluster;
  const isPlain = slot === undefined && isDeepStrictEqual(cluster, plainCluster(id, name, service));
  return isPlain ? [id, name, service.namespace, service.name, counterBlock] : published;
}

function unpackCluster(packed: PackedCluster): PublishedCluster {
  if ('cluster' in packed) return packed;
  const [id, name, namespace, service, counterBlock] = packed;
  return { cluster: plainCluster(id, name, { namespace, name: service }), counterBlock };
}

function packSet({ cluster, revision, endpoints, slots }: PublishedEndpointSet): PackedSet {
  const packed = endpoints.map(packEndpoint);
  return slots === undefined ? [cluster, revision, packed] : [cluster, revision, packed, slots];
}

function unpackSet([cluster, revision, packed, slots]: PackedSet): PublishedEndpointSet {
  return { cluster, revision, endpoints: packed.map(unpackEndpoint), ...(slots && { slots }) };
}

function packEndpoint({ address, port, id, weight, state }: PublishedEndpoint): PackedEndpoint {
  if (state !== 'ready' || weight !== 1) return [address, port, id, weight, state];
  return id === endpointId(address, port) ? [address, port] : [address, port, id];
}

function unpackEndpoint(packed: PackedEndpoint): PublishedEndpoint {
  const [address, port, id = endpointId(address, port), weight = 1, state = 'ready'] = packed;
  return { id, address, port, weight, state };
}
