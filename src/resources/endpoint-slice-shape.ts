import { usableAddress } from './endpoint-address.ts';
import {
  DNS_LABEL_RULE,
  DNS_SUBDOMAIN_RULE,
  isDnsLabel,
  isDnsSubdomain,
  isNothing,
  isObject,
  isPortNumber,
  problem,
  type ShapeProblem,
} from './service-object.ts';

/** The label that says to which Service of its namespace a slice belongs. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** The API server's limits for one slice. */
const MAX_ENDPOINTS = 1_000;
const MAX_PORTS = 100;
const MAX_ADDRESSES = 100;

const CONDITIONS = ['ready', 'serving', 'terminating'] as const;

type Problems = Generator<ShapeProblem, void>;
type Path = ShapeProblem['path'];

/**
 * Every place of a would-be EndpointSlice that has the wrong shape, or that leads to no endpoint.
 * @param kept by their places, endpoints that were looked at before
 */
export function* sliceProblems(value: unknown, defaultNamespace: string, kept: readonly unknown[] = []): Problems {
  if (!isObject(value)) {
    yield problem([], 'must be an EndpointSlice object');
    return;
  }
  const { metadata, addressType, ports, endpoints } = value;
  if (isObject(metadata)) yield* metadataProblems(metadata, defaultNamespace);
  else yield problem(['metadata'], 'is missing');
  if (addressType !== 'IPv4' && addressType !== 'IPv6' && addressType !== 'FQDN') {
    yield problem(['addressType'], 'must be IPv4 or IPv6');
    return;
  }
  yield* listProblems(ports, ['ports'], MAX_PORTS, portProblems);
  yield* duplicatePorts(ports);
  const problemsOf = (endpoint: Record<string, unknown>, path: Path): Problems =>
    endpointProblems(endpoint, path, addressType);
  yield* listProblems(endpoints, ['endpoints'], MAX_ENDPOINTS, problemsOf, kept);
}

function* metadataProblems(metadata: Record<string, unknown>, defaultNamespace: string): Problems {
  const { name, namespace = defaultNamespace, labels } = metadata;
  if (isNothing(name)) yield problem(['metadata', 'name'], 'is missing');
  else if (!isDnsSubdomain(name)) yield problem(['metadata', 'name'], DNS_SUBDOMAIN_RULE);
  if (!isDnsLabel(namespace)) yield problem(['metadata', 'namespace'], DNS_LABEL_RULE);
  if (isNothing(labels)) return;
  if (!isObject(labels)) yield problem(['metadata', 'labels'], 'must be a mapping of strings');
  else if (!isNothing(labels[SERVICE_NAME_LABEL]) && !isDnsLabel(labels[SERVICE_NAME_LABEL])) {
    yield problem(['metadata', 'labels', SERVICE_NAME_LABEL], DNS_LABEL_RULE);
  }
}

/** Of a list that may be absent. @param sound by their places, items that have no problems */
function* listProblems(
  value: unknown,
  path: Path,
  most: number,
  itemProblems: (item: Record<string, unknown>, path: Path) => Problems,
  sound: readonly unknown[] = [],
): Problems {
  if (isNothing(value)) return;
  if (!Array.isArray(value)) {
    yield problem(path, 'must be a list');
    return;
  }
  if (value.length > most) {
    yield problem(path, `has ${value.length} items: the API server takes at most ${most}`);
    return;
  }
  for (let index = 0; index < value.length; index += 1) {
    if (sound[index] !== undefined) continue;
    const item: unknown = value[index];
    if (isObject(item)) yield* itemProblems(item, [...path, index]);
    else yield problem([...path, index], 'must be an object');
  }
}

function* portProblems({ name, port, protocol }: Record<string, unknown>, path: Path): Problems {
  if (!isNothing(name) && name !== '' && !isDnsLabel(name)) yield problem([...path, 'name'], DNS_LABEL_RULE);
  if (!isNothing(port) && !isPortNumber(port)) yield problem([...path, 'port'], 'must be a number from 1 to 65535');
  if (!isNothing(protocol) && typeof protocol !== 'string') yield problem([...path, 'protocol'], 'must be a string');
}

function* duplicatePorts(ports: unknown): Problems {
  if (!Array.isArray(ports) || ports.length > MAX_PORTS) return;
  const names = new Set<unknown>();
  for (const [index, port] of (ports as unknown[]).entries()) {
    const name = isObject(port) ? (port.name ?? '') : index;
    if (names.has(name)) yield problem(['ports', index, 'name'], 'is the name of an earlier port, too');
    names.add(name);
  }
}

function* endpointProblems(endpoint: Record<string, unknown>, path: Path, addressType: string): Problems {
  const { addresses, conditions } = endpoint;
  if (!Array.isArray(addresses) || addresses.length === 0 || addresses.length > MAX_ADDRESSES) {
    yield problem([...path, 'addresses'], `must be a list of 1 to ${MAX_ADDRESSES} addresses`);
  } else if (addressType !== 'FQDN') {
    yield* addressProblems(addresses[0], [...path, 'addresses', 0], addressType);
  }
  if (isNothing(conditions)) return;
  if (!isObject(conditions)) {
    yield problem([...path, 'conditions'], 'must be a mapping');
    return;
  }
  for (const condition of CONDITIONS) {
    const state = conditions[condition];
    if (!isNothing(state) && typeof state !== 'boolean') {
      yield problem([...path, 'conditions', condition], 'must be true or false');
    }
  }
}

function* addressProblems(value: unknown, path: Path, addressType: string): Problems {
  const address = usableAddress(value);
  if (address === undefined) {
    yield problem(path, 'must be the IP address of an endpoint: not a name, and neither link-local nor multicast');
  } else if (address.includes(':') !== (addressType === 'IPv6')) {
    yield problem(path, `must be an ${addressType} address, as addressType says`);
  }
}
