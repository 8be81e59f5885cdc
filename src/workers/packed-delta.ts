/**
 * A change on its way to the workers, as text: it is made once, where the structured clone of ten thousand routes, which was
 * the most expensive part of a first sync, is made anew for each worker. What is the same for nearly all is left out, and is one
 * object over there.
 */
import type { CertificateId } from '../model/certificate.ts';
import { endpointId } from '../model/cluster.ts';
import type {
  PublishedDelta,
  PublishedEndpoint,
  PublishedEndpointSet,
  PublishedRoute,
  TlsChanges,
} from '../model/delta.ts';
import type { GatewayPort, PortChanges, PortId } from '../model/gateway-port.ts';
import type { Policy } from '../model/policy.ts';
import type { ClusterId, IngressRoute, Route, RouteOverrides } from '../model/route.ts';
import type { TlsHost } from '../model/tls-host.ts';
import { type PackedCertificate, packCertificate, unpackCertificate } from './packed-certificates.ts';
import { type PackedCluster, packCluster, unpackCluster } from './packed-clusters.ts';
import {
  type GatewayFields,
  GatewayPacker,
  gatewayUnpacker,
  type PackedGatewayFields,
  type PackedGatewayParts,
} from './packed-gateway.ts';
import { type PackedPolicy, packPolicies, unpackPolicies } from './packed-policies.ts';
import { SharedValues } from './shared-values.ts';

/** What routes share is named by its place in {@link Packed.policies} and {@link Packed.ingresses}. */
type PackedRoute = Omit<PublishedRoute, 'host' | 'overrides' | 'policies' | 'ingress' | keyof GatewayFields> &
  Partial<Pick<PublishedRoute, 'host' | 'overrides'>> & {
    readonly policies?: number;
    readonly ingress?: number;
    readonly gatewayFields?: PackedGatewayFields;
  };

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

interface PackedTls {
  readonly certificates: {
    readonly upserts: readonly PackedCertificate[];
    readonly removals: readonly CertificateId[];
  };
  readonly hosts: { readonly upserts: readonly TlsHost[]; readonly removals: readonly string[] };
}

interface PackedPorts {
  readonly certificates: PackedTls['certificates'];
  readonly ports: { readonly upserts: readonly GatewayPort[]; readonly removals: readonly PortId[] };
}

/** A change, or a part of one, as a worker gets it. */
export interface PackedDelta {
  readonly text: string;
  /** Memory with the texts of its certificates. */
  readonly pieces: readonly SharedArrayBuffer[];
}

interface Packed {
  readonly version: number;
  readonly routes: {
    readonly upserts: readonly PackedRoute[];
    readonly removals: PublishedDelta['routes']['removals'];
  };
  readonly policies?: readonly (readonly PackedPolicy[])[];
  readonly ingresses?: readonly IngressRoute[];
  readonly gateway?: PackedGatewayParts;
  readonly clusters: { readonly upserts: readonly PackedCluster[]; readonly removals: readonly ClusterId[] };
  readonly endpoints: readonly PackedSet[];
  readonly tls?: PackedTls;
  readonly ports?: PackedPorts;
}

const NO_OVERRIDES: RouteOverrides = {};
/** Clusters, sets of endpoints and certificates in one text. */
const PART = 1_000;

/**
 * @returns parts to be unpacked and applied one behind the other: what is read of one is thrown away before the next. Hosts come
 * behind all certificates and routes behind all clusters, and what goes, goes behind all routes
 */
export function pack({ version, routes, clusters, endpoints, tls, ports }: PublishedDelta): readonly PackedDelta[] {
  const certificates = tls?.certificates.upserts ?? [];
  const portCertificates = ports?.certificates.upserts ?? [];
  const longest = Math.max(clusters.upserts.length, endpoints.length, certificates.length, portCertificates.length);
  const parts: PackedDelta[] = [];
  for (let from = 0; from === 0 || from < longest; from += PART) {
    const part = <T>(list: readonly T[]): readonly T[] => list.slice(from, from + PART);
    const last = <T>(list: readonly T[]): readonly T[] => (from + PART >= longest ? list : []);
    const pieces = new SharedValues<SharedArrayBuffer>();
    const policies = new SharedValues<readonly Policy[]>();
    const ingresses = new SharedValues<IngressRoute>();
    const gateway = new GatewayPacker(policies);
    const upserts = last(routes.upserts).map(route => packRoute(route, policies, ingresses, gateway));
    const gatewayParts = gateway.parts();
    const packed: Packed = {
      version,
      routes: { upserts, removals: last(routes.removals) },
      ...(policies.values.length > 0 && { policies: policies.values.map(packPolicies) }),
      ...(ingresses.values.length > 0 && { ingresses: ingresses.values }),
      ...(gatewayParts && { gateway: gatewayParts }),
      clusters: {
        upserts: part(clusters.upserts).map(one => packCluster(one, pieces)),
        removals: last(clusters.removals),
      },
      endpoints: part(endpoints).map(packSet),
      ...(tls && {
        tls: {
          certificates: {
            upserts: part(certificates).map(one => packCertificate(one, pieces)),
            removals: last(tls.certificates.removals),
          },
          hosts: { upserts: last(tls.hosts.upserts), removals: last(tls.hosts.removals) },
        },
      }),
      ...(ports && {
        ports: {
          certificates: {
            upserts: part(portCertificates).map(one => packCertificate(one, pieces)),
            removals: last(ports.certificates.removals),
          },
          ports: { upserts: last(ports.ports.upserts), removals: last(ports.ports.removals) },
        },
      }),
    };
    parts.push({ text: JSON.stringify(packed), pieces: pieces.values });
  }
  return parts;
}

/** @param part one of {@link pack} */
export function unpack({ text, pieces }: PackedDelta): PublishedDelta {
  const {
    version,
    routes,
    clusters,
    endpoints,
    tls,
    ports,
    policies = [],
    ingresses = [],
    gateway,
  } = JSON.parse(text) as Packed;
  const lists = policies.map(unpackPolicies);
  const unpackGateway = gatewayUnpacker(gateway, lists);
  const upserts = routes.upserts.map(route => unpackRoute(route, lists, ingresses, unpackGateway));
  return {
    version,
    routes: { upserts, removals: routes.removals },
    clusters: { upserts: clusters.upserts.map(one => unpackCluster(one, pieces)), removals: clusters.removals },
    endpoints: endpoints.map(unpackSet),
    ...(tls && { tls: unpackTls(tls, pieces) }),
    ...(ports && { ports: unpackPorts(ports, pieces) }),
  };
}

function unpackPorts({ certificates, ports }: PackedPorts, pieces: PackedDelta['pieces']): PortChanges {
  return { certificates: unpackCertificates(certificates, pieces), ports };
}

function unpackTls({ certificates, hosts }: PackedTls, pieces: PackedDelta['pieces']): TlsChanges {
  return { certificates: unpackCertificates(certificates, pieces), hosts };
}

function unpackCertificates(
  { upserts, removals }: PackedTls['certificates'],
  pieces: PackedDelta['pieces'],
): TlsChanges['certificates'] {
  return { upserts: upserts.map(one => unpackCertificate(one, pieces)), removals };
}

/** The main thread gives its own routes, which have more than a worker needs. */
function packRoute(
  route: PublishedRoute & Partial<Route>,
  lists: SharedValues<readonly Policy[]>,
  ingresses: SharedValues<IngressRoute>,
  packer: GatewayPacker,
): PackedRoute {
  const { service: _service, createdAt: _createdAt, ...published } = route;
  const { listener: _listener, gateway: _gateway, backends: _backends, ...others } = published;
  const { host, overrides, policies, ingress, ...rest } = others;
  const gatewayFields = packer.fields(route);
  const hasOverrides = Object.keys(overrides).length > 0;
  return {
    ...rest,
    ...(host !== '' && { host }),
    ...(hasOverrides && { overrides }),
    ...(policies && { policies: lists.placeOf(policies) }),
    ...(ingress && { ingress: ingresses.placeOf(ingress) }),
    ...(gatewayFields && { gatewayFields }),
  };
}

function unpackRoute(
  { host = '', overrides = NO_OVERRIDES, policies, ingress, gatewayFields, ...rest }: PackedRoute,
  lists: readonly (readonly Policy[])[],
  ingresses: readonly IngressRoute[],
  unpackGateway: (fields: PackedGatewayFields) => GatewayFields,
): PublishedRoute {
  const list = policies === undefined ? undefined : lists[policies];
  const shared = ingress === undefined ? undefined : ingresses[ingress];
  return {
    host,
    overrides,
    ...rest,
    ...(list && { policies: list }),
    ...(shared && { ingress: shared }),
    ...(gatewayFields && unpackGateway(gatewayFields)),
  };
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
