import { isDeepStrictEqual } from 'node:util';
import { Misshapen, orProblem } from './misshapen.ts';
import {
  DNS_LABEL_RULE,
  DNS_SUBDOMAIN_RULE,
  isDnsLabel,
  isDnsSubdomain,
  isNothing,
  isObject,
  isPortNumber,
  type ShapeProblem,
  textOrNothing,
} from './service-object.ts';

/**
 * What this program reads of a networking.k8s.io/v1 Ingress, wherever it came from. It has the form of the API, so that what
 * was saved can be read again; nothing else of the object is kept.
 */
export interface IngressObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
    /** RFC 3339. */
    readonly creationTimestamp?: string | undefined;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly ingressClassName?: string | undefined;
    readonly defaultBackend?: IngressBackend | undefined;
    readonly tls: readonly IngressTls[];
    readonly rules: readonly IngressRule[];
  };
  readonly status: { readonly loadBalancer: { readonly ingress: readonly IngressAddress[] } };
}

export interface IngressTls {
  readonly hosts: readonly string[];
  readonly secretName?: string | undefined;
}

export interface IngressRule {
  /** As it is written; absent: all hosts. */
  readonly host?: string | undefined;
  /** Absent: the rule names a host, and no path of it. */
  readonly http?: { readonly paths: readonly IngressPath[] } | undefined;
}

export interface IngressPath {
  /** As it is written; absent like "": `/`. */
  readonly path?: string | undefined;
  readonly pathType?: 'Exact' | 'Prefix' | 'ImplementationSpecific' | undefined;
  readonly backend: IngressBackend;
}

/** A Service of the Ingress' namespace. Without a Service it is a resource of another kind, which no Ingress controller here serves. */
export interface IngressBackend {
  readonly service?: { readonly name: string; readonly port: IngressPort } | undefined;
}

/** By number or by name; empty in a manifest that leaves the port out. */
export interface IngressPort {
  readonly number?: number | undefined;
  readonly name?: string | undefined;
}

/** Where clients reach an Ingress, as its status says. */
export interface IngressAddress {
  readonly ip?: string | undefined;
  readonly hostname?: string | undefined;
}

/** What this program reads of a networking.k8s.io/v1 IngressClass. It belongs to no namespace. */
export interface IngressClassObject {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string | undefined };
  /** Empty where it names none. */
  readonly spec: { readonly controller: string };
}

/** kubectl keeps the whole manifest there. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const PATH_TYPES = ['Exact', 'Prefix', 'ImplementationSpecific'] as const;
type Path = ShapeProblem['path'];

/**
 * Checks that a value from outside has the shape of an Ingress as far as it is read here. What the fields mean is judged
 * later, by the translation.
 * @returns the Ingress, or the first problem
 */
export function readIngress(value: unknown, defaultNamespace: string): IngressObject | ShapeProblem {
  return orProblem(() => {
    const { metadata, spec, status } = objectAt(value, [], 'must be an Ingress object');
    const read = objectAt(metadata, ['metadata'], 'is missing');
    const namespace = read.namespace ?? defaultNamespace;
    if (!isDnsLabel(namespace)) throw new Misshapen(['metadata', 'namespace'], DNS_LABEL_RULE);
    return {
      metadata: {
        name: readName(read.name),
        namespace,
        uid: textOrNothing(read.uid),
        resourceVersion: textOrNothing(read.resourceVersion),
        creationTimestamp: textOrNothing(read.creationTimestamp),
        annotations: readAnnotations(read.annotations),
      },
      spec: readSpec(isNothing(spec) ? {} : objectAt(spec, ['spec'], 'must be a mapping')),
      status: { loadBalancer: { ingress: readAddresses(status) } },
    };
  });
}

/** As {@link readIngress}. */
export function readIngressClass(value: unknown): IngressClassObject | ShapeProblem {
  return orProblem(() => {
    const { metadata, spec } = objectAt(value, [], 'must be an IngressClass object');
    const { name, resourceVersion } = objectAt(metadata, ['metadata'], 'is missing');
    const { controller } = isNothing(spec) ? {} : objectAt(spec, ['spec'], 'must be a mapping');
    return {
      metadata: { name: readName(name), resourceVersion: textOrNothing(resourceVersion) },
      spec: { controller: textAt(controller, ['spec', 'controller']) ?? '' },
    };
  });
}

/** Whether two versions of an Ingress ask for the same: then they differ in their status alone, or in who manages which field. */
export function asksForTheSame(one: IngressObject, other: IngressObject): boolean {
  return (
    one.metadata.uid === other.metadata.uid &&
    one.metadata.creationTimestamp === other.metadata.creationTimestamp &&
    isDeepStrictEqual(one.metadata.annotations, other.metadata.annotations) &&
    isDeepStrictEqual(one.spec, other.spec)
  );
}

function readName(name: unknown): string {
  if (isNothing(name)) throw new Misshapen(['metadata', 'name'], 'is missing');
  if (!isDnsSubdomain(name)) throw new Misshapen(['metadata', 'name'], DNS_SUBDOMAIN_RULE);
  return name;
}

function readAnnotations(value: unknown): IngressObject['metadata']['annotations'] {
  const path = ['metadata', 'annotations'];
  if (isNothing(value)) return {};
  const annotations = objectAt(value, path, 'must be a mapping of strings');
  for (const [key, text] of Object.entries(annotations)) {
    if (typeof text !== 'string') {
      throw new Misshapen([...path, key], `must be a string: put quotes around ${JSON.stringify(text)}`);
    }
  }
  const { [LAST_APPLIED]: _, ...kept } = annotations as Record<string, string>;
  return kept;
}

function readSpec({ ingressClassName, defaultBackend, tls, rules }: Record<string, unknown>): IngressObject['spec'] {
  return {
    ingressClassName: textAt(ingressClassName, ['spec', 'ingressClassName']),
    defaultBackend: isNothing(defaultBackend) ? undefined : readBackend(defaultBackend, ['spec', 'defaultBackend']),
    tls: listAt(tls, ['spec', 'tls'], readTls),
    rules: listAt(rules, ['spec', 'rules'], readRule),
  };
}

function readTls(value: unknown, path: Path): IngressTls {
  const { hosts, secretName } = objectAt(value, path, 'must be a mapping');
  return {
    hosts: listAt(hosts, [...path, 'hosts'], (host, at) => textAt(host, at) ?? ''),
    secretName: textAt(secretName, [...path, 'secretName']),
  };
}

function readRule(value: unknown, path: Path): IngressRule {
  const { host, http } = objectAt(value, path, 'must be a mapping');
  if (isNothing(http)) return { host: textAt(host, [...path, 'host']) };
  const { paths } = objectAt(http, [...path, 'http'], 'must be a mapping');
  return {
    host: textAt(host, [...path, 'host']),
    http: { paths: listAt(paths, [...path, 'http', 'paths'], readPath) },
  };
}

function readPath(value: unknown, at: Path): IngressPath {
  const { path, pathType, backend } = objectAt(value, at, 'must be a mapping');
  const type = PATH_TYPES.find(known => known === pathType);
  if (type === undefined && !isNothing(pathType)) {
    throw new Misshapen([...at, 'pathType'], `must be one of ${PATH_TYPES.join(', ')}`);
  }
  return { path: textAt(path, [...at, 'path']), pathType: type, backend: readBackend(backend, [...at, 'backend']) };
}

function readBackend(value: unknown, path: Path): IngressBackend {
  const { service } = objectAt(value, path, 'must be a mapping with a service');
  if (isNothing(service)) return {};
  const servicePath = [...path, 'service'];
  const { name, port } = objectAt(service, servicePath, 'must be a mapping');
  if (!isDnsLabel(name)) throw new Misshapen([...servicePath, 'name'], DNS_LABEL_RULE);
  return { service: { name, port: readPort(port, [...servicePath, 'port']) } };
}

function readPort(value: unknown, path: Path): IngressPort {
  if (isNothing(value)) return {};
  const { number, name } = objectAt(value, path, 'must be a mapping with number or name');
  if (!isNothing(name) && name !== '') return { name: textAt(name, [...path, 'name']) };
  if (isNothing(number)) return {};
  if (!isPortNumber(number)) throw new Misshapen([...path, 'number'], 'must be a number from 1 to 65535');
  return { number };
}

/** Its owner may write anything there, and nothing but the writing of the status depends on it: what is no address does not count. */
function readAddresses(status: unknown): IngressAddress[] {
  const loadBalancer = isObject(status) ? status.loadBalancer : undefined;
  const ingress = isObject(loadBalancer) ? loadBalancer.ingress : undefined;
  const items: readonly unknown[] = Array.isArray(ingress) ? ingress : [];
  return items
    .filter(item => isObject(item))
    .map(({ ip, hostname }) => ({ ip: textOrNothing(ip), hostname: textOrNothing(hostname) }));
}

function objectAt(value: unknown, path: Path, otherwise: string): Record<string, unknown> {
  if (!isObject(value)) throw new Misshapen(path, otherwise);
  return value;
}

/** Undefined where it is absent. */
function textAt(value: unknown, path: Path): string | undefined {
  if (isNothing(value)) return undefined;
  if (typeof value !== 'string') throw new Misshapen(path, 'must be a string');
  return value;
}

/** Of a list that may be absent. */
function listAt<T>(value: unknown, path: Path, read: (item: unknown, path: Path) => T): T[] {
  if (isNothing(value)) return [];
  if (!Array.isArray(value)) throw new Misshapen(path, 'must be a list');
  return (value as unknown[]).map((item, index) => read(item, [...path, index]));
}
