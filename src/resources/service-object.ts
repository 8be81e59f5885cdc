/** What this program reads of a v1 Service, wherever it came from. */
export interface ServiceObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
    /** RFC 3339. */
    readonly creationTimestamp?: string | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
  readonly spec: ServiceSpec;
}

export interface ServiceSpec {
  readonly type?: string | undefined;
  readonly clusterIP?: string | undefined;
  readonly externalName?: string | undefined;
  readonly ports?: readonly ServicePort[] | undefined;
  readonly selector?: Readonly<Record<string, string>> | undefined;
  readonly sessionAffinity?: string | undefined;
  readonly internalTrafficPolicy?: string | undefined;
  readonly ipFamilies?: readonly string[] | undefined;
}

export interface ServicePort {
  readonly name?: string | undefined;
  readonly port: number;
  readonly protocol?: string | undefined;
  readonly targetPort?: number | string | undefined;
  readonly appProtocol?: string | undefined;
}

/** A place within an object that has the wrong shape. */
export interface ShapeProblem {
  readonly path: readonly (string | number)[];
  readonly reason: string;
}

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
export const DNS_SUBDOMAIN_RULE = 'must be a DNS name: lower case letters, digits, - and ., at most 253';
export const DNS_LABEL_RULE = 'must be a DNS label: lower case letters, digits and -, at most 63';

/**
 * Checks that a value from outside has the shape of a v1 Service as far as it is read here, and leaves the rest of it
 * alone. What the fields mean is judged later, by the translation.
 * @returns the Service, or the first problem
 */
export function readService(value: unknown, defaultNamespace: string): ServiceObject | ShapeProblem {
  const found = shapeProblems(value, defaultNamespace).next();
  if (found.done !== true) return found.value;
  const { metadata, spec } = value as { readonly metadata: Record<string, unknown>; readonly spec: ServiceSpec };
  const { name, namespace = defaultNamespace, annotations, creationTimestamp, uid, resourceVersion } = metadata;
  return {
    metadata: {
      name: String(name),
      namespace: String(namespace),
      uid: textOrNothing(uid),
      resourceVersion: textOrNothing(resourceVersion),
      creationTimestamp: textOrNothing(creationTimestamp),
      annotations: isObject(annotations) ? (annotations as Record<string, string>) : undefined,
    },
    spec,
  };
}

/** Every place of a would-be Service that has the wrong shape. */
export function* shapeProblems(value: unknown, defaultNamespace: string): Generator<ShapeProblem, void> {
  if (!isObject(value)) {
    yield problem([], 'must be a Service object');
    return;
  }
  const { metadata, spec } = value;
  if (isObject(metadata)) yield* metadataProblems(metadata, defaultNamespace);
  else yield problem(['metadata'], 'is missing');
  if (isObject(spec)) yield* specProblems(spec);
  else yield problem(['spec'], 'is missing');
}

function* metadataProblems(metadata: Record<string, unknown>, defaultNamespace: string): Generator<ShapeProblem, void> {
  const { name, namespace = defaultNamespace, annotations } = metadata;
  if (isNothing(name)) yield problem(['metadata', 'name'], 'is missing');
  else if (!isDnsLabel(name)) yield problem(['metadata', 'name'], DNS_LABEL_RULE);
  if (!isDnsLabel(namespace)) yield problem(['metadata', 'namespace'], DNS_LABEL_RULE);
  if (isNothing(annotations)) return;
  if (!isObject(annotations)) {
    yield problem(['metadata', 'annotations'], 'must be a mapping of strings');
    return;
  }
  for (const [key, text] of Object.entries(annotations)) {
    if (typeof text === 'string') continue;
    yield problem(['metadata', 'annotations', key], `must be a string: put quotes around ${JSON.stringify(text)}`);
  }
}

function* specProblems(spec: Record<string, unknown>): Generator<ShapeProblem, void> {
  for (const field of ['type', 'clusterIP', 'externalName', 'internalTrafficPolicy'] as const) {
    if (!isNothing(spec[field]) && typeof spec[field] !== 'string') yield problem(['spec', field], 'must be a string');
  }
  if (isNothing(spec.ports)) return;
  if (!Array.isArray(spec.ports)) {
    yield problem(['spec', 'ports'], 'must be a list');
    return;
  }
  for (const [index, port] of (spec.ports as unknown[]).entries()) {
    const path = ['spec', 'ports', index];
    if (!isObject(port)) {
      yield problem(path, 'must be a port object');
      continue;
    }
    if (!isPortNumber(port.port)) yield problem([...path, 'port'], 'must be a number from 1 to 65535');
    for (const field of ['name', 'protocol', 'appProtocol'] as const) {
      if (!isNothing(port[field]) && typeof port[field] !== 'string')
        yield problem([...path, field], 'must be a string');
    }
  }
}

export function isDnsLabel(value: unknown): value is string {
  return typeof value === 'string' && DNS_LABEL.test(value);
}

export function isDnsSubdomain(value: unknown): value is string {
  return typeof value === 'string' && DNS_SUBDOMAIN.test(value);
}

export function isShapeProblem(value: object): value is ShapeProblem {
  return 'reason' in value;
}

/** The place of a problem as kubectl writes it: `spec.ports[0].port`. */
export function fieldName(path: ShapeProblem['path']): string {
  return path.reduce<string>((name, step) => {
    if (typeof step === 'number') return `${name}[${step}]`;
    return name === '' ? step : `${name}.${step}`;
  }, '');
}

export function isPortNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Kubernetes writes null where a field is absent, as in `creationTimestamp: null`. */
export function isNothing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** client-node's model objects and YAML hold a Date where JSON holds a text. */
export function textOrNothing(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function problem(path: ShapeProblem['path'], reason: string): ShapeProblem {
  return { path, reason };
}
