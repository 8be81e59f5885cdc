/**
 * A change on its way to the workers, as one text: it is made once, where the structured clone of ten thousand routes, which was
 * the most expensive part of a first sync, is made anew for each worker.
 */
import { type ClusterEndpoint, plainEndpoint } from '../model/cluster.ts';
import type { PublishedDelta, PublishedEndpointSet, PublishedRoute } from '../model/delta.ts';
import type { ClusterId, Route } from '../model/route.ts';

/** A plain endpoint has an address and a port, and nothing else. */
type PackedEndpoint =
  | readonly [address: string, port: number]
  | readonly [
      address: string,
      port: number,
      id: string,
      pod: string,
      zone: string,
      weight: number,
      state: ClusterEndpoint['state'],
    ];

type PackedSet = readonly [
  cluster: ClusterId,
  revision: number,
  endpoints: readonly PackedEndpoint[],
  slots?: readonly number[],
];

interface Packed extends Omit<PublishedDelta, 'endpoints'> {
  readonly endpoints: readonly PackedSet[];
}

export function pack({ version, routes, clusters, endpoints }: PublishedDelta): string {
  const upserts = routes.upserts.map(withoutUnneeded);
  const packed: Packed = { version, routes: { ...routes, upserts }, clusters, endpoints: endpoints.map(packSet) };
  return JSON.stringify(packed);
}

/** @param text of {@link pack} */
export function unpack(text: string): PublishedDelta {
  const { endpoints, ...rest } = JSON.parse(text) as Packed;
  return {
    ...rest,
    endpoints: endpoints.map(unpackSet),
  };
}

/** The main thread gives its own routes, which have more than a worker needs. */
function withoutUnneeded(route: PublishedRoute & Partial<Route>): PublishedRoute {
  const { service: _service, createdAt: _createdAt, ...published } = route;
  return published;
}

function packSet({ cluster, revision, endpoints, slots }: PublishedEndpointSet): PackedSet {
  const packed = endpoints.map(packEndpoint);
  return slots === undefined ? [cluster, revision, packed] : [cluster, revision, packed, slots];
}

function unpackSet([cluster, revision, packed, slots]: PackedSet): PublishedEndpointSet {
  return { cluster, revision, endpoints: packed.map(unpackEndpoint), ...(slots && { slots }) };
}

function packEndpoint(endpoint: ClusterEndpoint): PackedEndpoint {
  const { address, port, id, pod, zone, weight, state } = endpoint;
  const isPlain = pod === '' && zone === '' && weight === 1 && state === 'ready' && id === plainEndpoint(endpoint).id;
  return isPlain ? [address, port] : [address, port, id, pod, zone, weight, state];
}

function unpackEndpoint([address, port, ...rest]: PackedEndpoint): ClusterEndpoint {
  const [id, pod, zone, weight, state] = rest;
  if (id === undefined || pod === undefined || zone === undefined || weight === undefined || state === undefined) {
    return plainEndpoint({ address, port });
  }
  return { address, port, id, pod, zone, weight, state };
}
