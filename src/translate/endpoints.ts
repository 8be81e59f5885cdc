/** Which endpoints of its EndpointSlices a Service's port has: those that kube-proxy would choose. Pure. */
import { isIPv6 } from 'node:net';
import type { ClusterEndpoint } from '../model/cluster.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { EndpointSlice } from '../resources/endpoint-slice.ts';
import type { ServiceObject, ServicePort } from '../resources/service-object.ts';
import type { SliceEndpoint } from '../resources/slice-endpoint.ts';
import { quote } from '../text/quote.ts';

/** Stable words, as of every diagnostic. */
export type EndpointWarning =
  | 'EndpointNamesNotSupported'
  | 'EndpointPortMissing'
  | 'EndpointPortNotNumbered'
  | 'NodeNameUnknown';

/** Where this program runs. */
export interface Location {
  /** Of the node; empty where it is not known. */
  readonly nodeName: string;
  readonly zone: string;
  /** Topology hints that leave fewer endpoints than this are not followed. */
  readonly zoneMinimum: number;
}

export interface EndpointsInForce {
  /**
   * By id. Those that are ready take requests; without any, requests get 503. Undefined: which ones may be used cannot be told
   * here, and the ClusterIP is used.
   */
  readonly endpoints: readonly ClusterEndpoint[] | undefined;
  readonly warnings: readonly Diagnostic[];
}

/** An endpoint with the port that it has in its slice. */
interface Candidate {
  readonly id: string;
  readonly port: number;
  readonly endpoint: SliceEndpoint;
}

/** So many ports are named to people who look for another. */
const MAX_NAMED_PORTS = 10;

/**
 * The union of the slices: the same endpoint may be in several of them while the controller moves it, and then its better
 * condition counts.
 * @param slices all of the Service
 * @param port where requests go; slices are searched for its name, and say on which number the pods listen
 */
export function endpointsOf(
  service: ServiceObject,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  location: Location,
): EndpointsInForce {
  const warnings: Diagnostic[] = [];
  const warn = (reason: EndpointWarning, message: string): void => {
    const { namespace, name } = service.metadata;
    warnings.push({ object: { namespace, name }, severity: 'warning', reason, message, paths: [] });
  };
  const candidates = distinct(candidatesOf(port, slices, warn), isIPv6Service(service));
  if (service.spec.internalTrafficPolicy !== 'Local') return { endpoints: inForce(candidates, location), warnings };
  if (location.nodeName === '') {
    warn(
      'NodeNameUnknown',
      'internalTrafficPolicy: Local means the endpoints of one node, and kube-entry does not know on which node it runs: the ClusterIP is used, where kube-proxy knows it; --node-name says it here',
    );
    return { endpoints: undefined, warnings };
  }
  // Kubernetes never falls back to other nodes here, and a Service may rely on that.
  const local = candidates.filter(({ endpoint }) => endpoint.nodeName === location.nodeName);
  return { endpoints: inForce(local, location), warnings };
}

/** The pods of a dual-stack Service are in slices of both families. */
function isIPv6Service({ spec }: ServiceObject): boolean {
  const [family = ''] = Array.isArray(spec.ipFamilies) ? spec.ipFamilies : [];
  return family === '' ? isIPv6(spec.clusterIP ?? '') : family === 'IPv6';
}

function candidatesOf(
  { name = '', port: servicePort }: ServicePort,
  slices: readonly EndpointSlice[],
  warn: (reason: EndpointWarning, message: string) => void,
): Candidate[] {
  const candidates: Candidate[] = [];
  const otherPorts = new Set<string>();
  let hasPort = false;
  // Whichever order a source has them in: copies that say the same must not take turns.
  for (const slice of [...slices].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const sliceName = slice.metadata.name;
    if (slice.addressType === 'FQDN') {
      warn(
        'EndpointNamesNotSupported',
        `EndpointSlice ${sliceName} holds host names (addressType: FQDN), which is deprecated: it is left out; write IP addresses, or use an ExternalName Service`,
      );
      continue;
    }
    const found = slice.ports.find(port => port.name === name);
    if (found === undefined) for (const other of slice.ports) otherPorts.add(other.name);
    else if (found.port === 0) {
      hasPort = true;
      warn(
        'EndpointPortNotNumbered',
        `EndpointSlice ${sliceName} has no number for ${portLabel(name)}: it is left out; give the port a number`,
      );
    } else {
      hasPort = true;
      for (const endpoint of slice.endpoints) candidates.push(candidateOf(endpoint, found.port));
    }
  }
  if (!hasPort && otherPorts.size > 0) {
    warn(
      'EndpointPortMissing',
      `port ${servicePort} of the Service has no endpoints: slices are searched for ${portLabel(name)}, and have ${[...otherPorts].slice(0, MAX_NAMED_PORTS).map(portLabel).join(', ')}`,
    );
  }
  return candidates;
}

function portLabel(name: string): string {
  return name === '' ? 'the port without a name' : `the port ${quote(name)}`;
}

function candidateOf(endpoint: SliceEndpoint, port: number): Candidate {
  const id = endpoint.uid === '' ? `${endpoint.address}:${port}` : `${endpoint.uid}:${port}`;
  return { id, port, endpoint };
}

/** Each address once, and each pod once: of a pod with addresses of both families, that of the Service's own. */
function distinct(candidates: readonly Candidate[], prefersIPv6: boolean): readonly Candidate[] {
  if (areDistinct(candidates)) return candidates;
  const rank = ({ endpoint }: Candidate): number =>
    2 * CONDITIONS.indexOf(endpoint.state) + (endpoint.address.includes(':') === prefersIPv6 ? 1 : 0);
  const bestBy = (keyOf: (candidate: Candidate) => string, from: Iterable<Candidate>): Map<string, Candidate> => {
    const best = new Map<string, Candidate>();
    for (const candidate of from) {
      const key = keyOf(candidate);
      const known = best.get(key);
      if (known !== undefined && rank(candidate) <= rank(known)) continue;
      // At the end: the candidates stay in their order, in which the first of equals counts.
      best.delete(key);
      best.set(key, candidate);
    }
    return best;
  };
  // By address first: one that a new pod has taken over is in two slices, as two pods, for a moment.
  const byAddress = bestBy(({ endpoint, port }) => `${endpoint.address}:${port}`, candidates);
  return [...bestBy(({ id }) => id, byAddress.values()).values()];
}

/** As nearly always: looking costs far less than choosing. */
function areDistinct(candidates: readonly Candidate[]): boolean {
  if (candidates.length <= FEW) return candidates.every((one, index) => isDistinctFrom(candidates, one, index));
  const addresses = new Set<string>();
  const pods = new Set<string>();
  for (const { port, endpoint } of candidates) {
    if (port !== candidates[0]?.port) return false;
    addresses.add(endpoint.address);
    // Without a uid the address is what tells endpoints apart.
    pods.add(endpoint.uid || endpoint.address);
  }
  return addresses.size === candidates.length && pods.size === candidates.length;
}

/** @param before so many candidates are compared with it */
function isDistinctFrom(candidates: readonly Candidate[], { port, endpoint: one }: Candidate, before: number): boolean {
  for (let index = 0; index < before; index += 1) {
    const { port: otherPort, endpoint: other } = candidates[index] as Candidate;
    if (port !== otherPort || one.address === other.address) return false;
    // Without a uid the address is what tells endpoints apart.
    if (one.uid === other.uid && one.uid !== '') return false;
  }
  return true;
}

/** So few are compared with each other sooner than sets of them are made. */
const FEW = 16;

/** The better, the later. */
const CONDITIONS: readonly SliceEndpoint['state'][] = ['unready', 'draining', 'ready'];

/**
 * Those that are ready; if none, those that are terminating and still serve; if none, none. An application that wants no
 * requests while it ends fails its readiness probe.
 */
function inForce(candidates: readonly Candidate[], location: Location): ClusterEndpoint[] {
  const ready = candidates.filter(({ endpoint }) => endpoint.state === 'ready');
  const draining = candidates.filter(({ endpoint }) => endpoint.state === 'draining');
  const hasReady = ready.length > 0;
  // Hints are for ready endpoints: kube-proxy does not look at those of others.
  const endpoints = [
    ...nearest(ready, location).map(candidate => clusterEndpoint(candidate, 'ready')),
    ...draining.map(candidate => clusterEndpoint(candidate, hasReady ? 'draining' : 'ready')),
  ];
  return endpoints.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Those that the topology hints mean for this node, else for this zone; all of them when one has no hint, when none is meant
 * for here, or when too few are.
 */
function nearest(usable: readonly Candidate[], { nodeName, zone, zoneMinimum }: Location): readonly Candidate[] {
  for (const [hint, here] of [
    ['forNodes', nodeName],
    ['forZones', zone],
  ] as const) {
    if (here === '' || usable.some(({ endpoint }) => endpoint[hint].length === 0)) continue;
    const near = usable.filter(({ endpoint }) => endpoint[hint].includes(here));
    if (near.length >= Math.max(1, zoneMinimum)) return near;
  }
  return usable;
}

function clusterEndpoint({ id, port, endpoint }: Candidate, state: ClusterEndpoint['state']): ClusterEndpoint {
  const { address, pod, zone } = endpoint;
  return { id, address, port, pod, zone, weight: 1, state };
}
