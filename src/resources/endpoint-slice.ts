import { usableAddress } from './endpoint-address.ts';
import { SERVICE_NAME_LABEL, sliceProblems } from './endpoint-slice-shape.ts';
import { keptEndpoints } from './kept-endpoints.ts';
import { isNothing, isObject, type ShapeProblem } from './service-object.ts';
import { SharedStrings } from './shared-strings.ts';
import type { SliceEndpoint } from './slice-endpoint.ts';

/**
 * What this program reads of a discovery.k8s.io/v1 EndpointSlice, wherever it came from. A cluster may have 100 000
 * endpoints, so nothing else of the object is kept.
 */
export interface EndpointSlice {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    /** Empty for what no API server has stored. */
    readonly resourceVersion: string;
  };
  /** The name of its Service, in its namespace; empty when it belongs to none. */
  readonly service: string;
  /** FQDN has no defined meaning and is deprecated: such a slice is read without endpoints. */
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  /** For TCP. They apply to all endpoints of the slice. */
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface SlicePort {
  /** That of the Service's port; empty for the only port of a Service. */
  readonly name: string;
  /** Where the pods listen; 0 where the slice names no port. */
  readonly port: number;
}

const POD_NAME = /^[-a-z0-9.]{1,253}$/;
const UID = /^[-A-Za-z0-9]{1,64}$/;
const NODE_NAME = POD_NAME;
/** As a label's value. */
const ZONE = /^[-A-Za-z0-9_.]{1,63}$/;
/** The API server takes as many for one endpoint. */
const MAX_HINTS = 8;
const NONE: readonly string[] = [];

/**
 * Checks that a value from outside has the shape of an EndpointSlice as far as it is read here, and that it leads to
 * addresses of endpoints only.
 * @param shared the strings that other slices have brought
 * @param before the same slice as it was: an endpoint that has not changed is the same object
 * @returns the slice, or the first problem
 */
export function readEndpointSlice(
  value: unknown,
  defaultNamespace: string,
  shared = new SharedStrings(),
  before?: EndpointSlice,
): EndpointSlice | ShapeProblem {
  const isOfSameType = isObject(value) && value.addressType === before?.addressType;
  const kept = isOfSameType ? keptEndpoints(value.endpoints, before?.endpoints ?? []) : [];
  const found = sliceProblems(value, defaultNamespace, kept).next();
  if (found.done !== true) return found.value;
  // What these hold was checked just now.
  const { metadata, addressType, ports, endpoints } = value as CheckedSlice;
  const { name, namespace = defaultNamespace, resourceVersion, labels } = metadata;
  return {
    metadata: {
      name,
      namespace: shared.text(namespace),
      resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    },
    service: labels?.[SERVICE_NAME_LABEL] ?? '',
    addressType,
    ports: readPorts(ports ?? [], shared),
    endpoints:
      addressType === 'FQDN'
        ? []
        : (endpoints ?? []).map((endpoint, index) => kept[index] ?? readEndpoint(endpoint, shared)),
  };
}

/** As {@link sliceProblems} leaves it. */
interface CheckedSlice {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: unknown;
    readonly labels?: Readonly<Record<string, string>> | null;
  };
  readonly addressType: EndpointSlice['addressType'];
  readonly ports?: readonly CheckedPort[] | null;
  readonly endpoints?: readonly CheckedEndpoint[] | null;
}

interface CheckedPort {
  readonly name?: string | null;
  readonly port?: number | null;
  readonly protocol?: string | null;
}

interface CheckedEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean | null;
    readonly serving?: boolean | null;
    readonly terminating?: boolean | null;
  } | null;
  readonly nodeName?: unknown;
  readonly zone?: unknown;
  readonly targetRef?: unknown;
  readonly hints?: unknown;
}

function readPorts(ports: readonly CheckedPort[], shared: SharedStrings): SlicePort[] {
  return ports
    .filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP')
    .map(({ name, port }) => ({ name: shared.text(name ?? ''), port: port ?? 0 }));
}

function readEndpoint(endpoint: CheckedEndpoint, shared: SharedStrings): SliceEndpoint {
  const { addresses, targetRef, hints } = endpoint;
  const target = isObject(targetRef) && targetRef.kind === 'Pod' ? targetRef : {};
  const { forNodes, forZones } = isObject(hints) ? hints : {};
  return {
    // Of several addresses only the first has a meaning: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
    address: usableAddress(addresses[0]) ?? '',
    state: stateOf(endpoint.conditions ?? {}),
    pod: wellFormed(target.name, POD_NAME),
    uid: wellFormed(target.uid, UID),
    nodeName: shared.text(wellFormed(endpoint.nodeName, NODE_NAME)),
    zone: shared.text(wellFormed(endpoint.zone, ZONE)),
    forNodes: readHint(forNodes, NODE_NAME, shared),
    forZones: readHint(forZones, ZONE, shared),
  };
}

/** A condition that is not there counts as the API defines it: ready and serving, and not terminating. */
function stateOf({ ready, serving, terminating }: NonNullable<CheckedEndpoint['conditions']>): SliceEndpoint['state'] {
  if (ready ?? true) return 'ready';
  return terminating === true && (serving ?? true) ? 'draining' : 'unready';
}

/** The API server takes any text here, of any length. What cannot be a name counts as unknown. */
function wellFormed(value: unknown, pattern: RegExp): string {
  return typeof value === 'string' && pattern.test(value) ? value : '';
}

/** The names of a list such as `[{ name: 'zone-a' }]`. One that cannot be read makes no hint: then all endpoints count. */
function readHint(value: unknown, pattern: RegExp, shared: SharedStrings): readonly string[] {
  if (isNothing(value) || !Array.isArray(value) || value.length === 0 || value.length > MAX_HINTS) return NONE;
  const names = (value as unknown[]).map(item => wellFormed(isObject(item) ? item.name : undefined, pattern));
  return names.includes('') ? NONE : shared.list(names);
}
