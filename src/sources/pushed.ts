/** Backends pushed over the admin socket, in the shape of ingress-nginx 0.25 (POST /configuration/backends). */
import { KubeEntryError, messageOf } from '../errors.ts';
import { isHostName } from '../formats/host-name.ts';
import { parseJson } from '../formats/json.ts';
import type { Endpoint } from '../model/cluster.ts';
import type { ServiceRef } from '../model/route.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import { type PushedPolicy, RecordProblem, readPolicy } from '../resources/pushed-record.ts';
import {
  fieldName,
  isNothing,
  isObject,
  isPortNumber,
  isShapeProblem,
  readService,
  type ServiceObject,
} from '../resources/service-object.ts';
import { quote } from '../text/quote.ts';

export interface PushedBackend {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /** By what it is logged and counted. */
  readonly ref: ServiceRef;
  readonly policy: PushedPolicy;
  /** Present when its annotations ask for routes of its own. */
  readonly service: ServiceObject | undefined;
  /** The record as the client pushed it, with its unknown fields. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Of records that say none. */
const NAMESPACE = 'pushed';

/** What was pushed is not JSON, or not an array of backends. */
export class PushError extends KubeEntryError {
  readonly code = 'BAD_PUSH';
}

/** Reads one push after the other. Each holds all backends, and nearly all of them are as they were. */
export class PushReader {
  /** By the text of its record, each backend of the last push. */
  #known = new Map<string, PushedBackend>();

  /**
   * @returns for a record as it was in the last push, the same object
   * @throws PushError with the place and the reason; nothing of a bad push is used
   */
  read(body: string): PushedBackend[] {
    const known = new Map<string, PushedBackend>();
    const names = new Set<string>();
    const backends = recordsIn(body).map((record, index) => {
      const text = JSON.stringify(record);
      const backend = this.#known.get(text) ?? readBackend(record, `[${index}]`);
      if (names.has(backend.name)) throw new PushError(`[${index}].name: ${quote(backend.name)} appears twice`);
      names.add(backend.name);
      known.set(text, backend);
      return backend;
    });
    this.#known = known;
    return backends;
  }
}

function recordsIn(body: string): readonly unknown[] {
  let value: unknown;
  try {
    value = parseJson(body);
  } catch (error) {
    throw new PushError(`the body ${messageOf(error)}`);
  }
  if (!Array.isArray(value)) throw new PushError('the body must be an array of backends');
  return value;
}

function readBackend(record: unknown, place: string): PushedBackend {
  if (!isObject(record)) throw new PushError(`${place}: must be a backend object`);
  const { name, endpoints = [], port } = record;
  if (typeof name !== 'string' || name === '') throw new PushError(`${place}.name: must be a string that is not empty`);
  // Go writes null for a nil slice.
  const list = endpoints ?? [];
  if (!Array.isArray(list)) throw new PushError(`${place}.endpoints: must be a list`);
  const service = exposedService(record, name, port, place);
  return {
    name,
    endpoints: list.map((endpoint: unknown, index) => readEndpoint(endpoint, `${place}.endpoints[${index}]`)),
    ref:
      service === undefined
        ? { namespace: NAMESPACE, name: dnsLabel(name) }
        : { namespace: service.metadata.namespace, name: service.metadata.name },
    policy: readPolicyAt(record, place),
    service,
    record,
  };
}

function readPolicyAt(record: Readonly<Record<string, unknown>>, place: string): PushedPolicy {
  try {
    return readPolicy(record);
  } catch (error) {
    if (!(error instanceof RecordProblem)) throw error;
    throw new PushError(`${place}.${error.message}`);
  }
}

function readEndpoint(endpoint: unknown, place: string): Endpoint {
  if (!isObject(endpoint)) throw new PushError(`${place}: must be an endpoint object`);
  const { address, port } = endpoint;
  if (typeof address !== 'string' || !isHostName(address)) {
    throw new PushError(`${place}.address: must be an IP address or a host name`);
  }
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port;
  if (!isPortNumber(number))
    throw new PushError(`${place}.port: must be a port from 1 to 65535, as a string or a number`);
  return { address, port: number };
}

/** The Service of a record that asks for routes. What ingress-nginx copies of it has no name: the record's own is used. */
function exposedService(
  record: Readonly<Record<string, unknown>>,
  name: string,
  port: unknown,
  place: string,
): ServiceObject | undefined {
  const service = objectOrNothing(record.service, `${place}.service`);
  const metadata = objectOrNothing(service.metadata, `${place}.service.metadata`);
  const annotations = objectOrNothing(metadata.annotations, `${place}.service.metadata.annotations`);
  const spec = objectOrNothing(service.spec, `${place}.service.spec`);
  if (!Object.keys(annotations).some(key => key.startsWith(PREFIX))) return undefined;
  const ports = spec.ports ?? (isPortNumber(port) ? [{ port }] : undefined);
  const named = { name: dnsLabel(name), namespace: NAMESPACE, ...metadata };
  const read = readService({ metadata: named, spec: { ...spec, ports } }, NAMESPACE);
  if (isShapeProblem(read)) throw new PushError(`${place}.service.${fieldName(read.path)}: ${read.reason}`);
  return read;
}

/** What is absent or null is empty. @throws PushError for what is no object */
function objectOrNothing(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (isNothing(value)) return {};
  if (!isObject(value)) throw new PushError(`${place}: must be an object`);
  return value;
}

function dnsLabel(name: string): string {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63);
  return label.replace(/^-+|-+$/g, '') || 'backend';
}
