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
}

export interface ServicePort {
  readonly name?: string | undefined;
  readonly port: number;
  readonly protocol?: string | undefined;
  readonly targetPort?: number | string | undefined;
}

/** A place within an object that has the wrong shape. */
export interface ShapeProblem {
  readonly path: readonly (string | number)[];
  readonly reason: string;
}

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Checks that a value from outside has the shape of a v1 Service as far as it is read here, and leaves the rest of it
 * alone. What the fields mean is judged later, by the translation.
 */
export function readService(value: unknown, defaultNamespace: string): ServiceObject | ShapeProblem {
  if (!isObject(value)) return problem([], 'must be a Service object');
  const { metadata, spec } = value;
  if (!isObject(metadata)) return problem(['metadata'], 'is missing');
  const { name, namespace = defaultNamespace, annotations, creationTimestamp, uid, resourceVersion } = metadata;
  if (typeof name !== 'string' || !DNS_LABEL.test(name)) {
    return problem(['metadata', 'name'], 'must be a DNS label: lower case letters, digits and -, at most 63');
  }
  if (typeof namespace !== 'string' || !DNS_LABEL.test(namespace)) {
    return problem(['metadata', 'namespace'], 'must be a DNS label: lower case letters, digits and -, at most 63');
  }
  if (!isNothing(annotations)) {
    if (!isObject(annotations)) return problem(['metadata', 'annotations'], 'must be a mapping of texts');
    for (const [key, text] of Object.entries(annotations)) {
      if (typeof text !== 'string') {
        return problem(['metadata', 'annotations', key], `must be a text: put quotes around ${JSON.stringify(text)}`);
      }
    }
  }
  const specProblem = checkSpec(spec);
  if (specProblem !== undefined) return specProblem;
  return {
    metadata: {
      name,
      namespace,
      uid: textOrNothing(uid),
      resourceVersion: textOrNothing(resourceVersion),
      creationTimestamp: textOrNothing(creationTimestamp),
      annotations: isObject(annotations) ? (annotations as Record<string, string>) : undefined,
    },
    spec: spec as ServiceSpec,
  };
}

function checkSpec(spec: unknown): ShapeProblem | undefined {
  if (!isObject(spec)) return problem(['spec'], 'is missing');
  for (const field of ['type', 'clusterIP', 'externalName'] as const) {
    if (!isNothing(spec[field]) && typeof spec[field] !== 'string') return problem(['spec', field], 'must be a text');
  }
  if (isNothing(spec.ports)) return undefined;
  if (!Array.isArray(spec.ports)) return problem(['spec', 'ports'], 'must be a list');
  for (const [index, port] of (spec.ports as unknown[]).entries()) {
    const path = ['spec', 'ports', index];
    if (!isObject(port)) return problem(path, 'must be a port object');
    if (!isPortNumber(port.port)) return problem([...path, 'port'], 'must be a number from 1 to 65535');
    for (const field of ['name', 'protocol'] as const) {
      if (!isNothing(port[field]) && typeof port[field] !== 'string')
        return problem([...path, field], 'must be a text');
    }
  }
  return undefined;
}

export function isShapeProblem(value: ServiceObject | ShapeProblem): value is ShapeProblem {
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
function textOrNothing(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function problem(path: readonly (string | number)[], reason: string): ShapeProblem {
  return { path, reason };
}
