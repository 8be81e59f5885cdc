import {
  DNS_LABEL_RULE,
  DNS_SUBDOMAIN_RULE,
  isDnsLabel,
  isDnsSubdomain,
  isNothing,
  isObject,
  problem,
  type ShapeProblem,
  textOrNothing,
} from './service-object.ts';

/** Names a ConfigMap. */
export interface ConfigMapRef {
  readonly namespace: string;
  readonly name: string;
}

/** What this program reads of a v1 ConfigMap, wherever it came from. */
export interface ConfigMap {
  readonly metadata: ConfigMapRef & {
    readonly resourceVersion?: string | undefined;
    readonly uid?: string | undefined;
  };
  /** A map, because `__proto__` is a valid key. */
  readonly data: ReadonlyMap<string, string>;
}

/** The API server takes no more for one object. */
const LONGEST_DATA = 1024 * 1024;

/**
 * Checks that a value from outside has the shape of a ConfigMap as far as it is read here: its texts.
 * @returns the ConfigMap, or the first problem
 */
export function readConfigMap(value: unknown, defaultNamespace: string): ConfigMap | ShapeProblem {
  if (!isObject(value)) return problem([], 'must be a ConfigMap object');
  const { metadata, data } = value;
  if (!isObject(metadata)) return problem(['metadata'], 'is missing');
  const { name, resourceVersion, uid } = metadata;
  const namespace = metadata.namespace ?? defaultNamespace;
  if (isNothing(name)) return problem(['metadata', 'name'], 'is missing');
  if (!isDnsSubdomain(name)) return problem(['metadata', 'name'], DNS_SUBDOMAIN_RULE);
  if (!isDnsLabel(namespace)) return problem(['metadata', 'namespace'], DNS_LABEL_RULE);
  const texts = readTexts(data);
  if ('reason' in texts) return texts;
  return {
    metadata: { name, namespace, resourceVersion: textOrNothing(resourceVersion), uid: textOrNothing(uid) },
    data: texts,
  };
}

function readTexts(data: unknown): ReadonlyMap<string, string> | ShapeProblem {
  const texts = new Map<string, string>();
  if (isNothing(data)) return texts;
  if (!isObject(data)) return problem(['data'], 'must be a mapping of strings');
  let size = 0;
  for (const [key, text] of Object.entries(data)) {
    if (typeof text !== 'string') {
      return problem(['data', key], `must be a string: put quotes around ${JSON.stringify(text)}`);
    }
    size += key.length + text.length;
    if (size > LONGEST_DATA) return problem(['data'], `is longer than ${LONGEST_DATA / 1024} KiB`);
    texts.set(key, text);
  }
  return texts;
}
