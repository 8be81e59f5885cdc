/** A Deployment or DaemonSet that runs ingress-nginx. */
import { isObject } from '../resources/service-object.ts';

export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** By name, without the hyphens; a flag that is given without a value is `true`. */
  readonly flags: ReadonlyMap<string, string>;
}

const PROGRAM = '/nginx-ingress-controller';

/** @returns undefined for one that runs something else */
export function readWorkload(value: Record<string, unknown>, defaultNamespace: string): Workload | undefined {
  const { metadata, spec } = value;
  const { name, namespace = defaultNamespace } = isObject(metadata) ? metadata : {};
  const template = isObject(spec) && isObject(spec.template) ? spec.template.spec : undefined;
  const containers: unknown = isObject(template) ? template.containers : undefined;
  if (!Array.isArray(containers) || typeof name !== 'string' || typeof namespace !== 'string') return undefined;
  for (const container of (containers as unknown[]).filter(isObject)) {
    const words = [...textsOf(container.command), ...textsOf(container.args)];
    if (!words.includes(PROGRAM) && !isController(container.image)) continue;
    const flags = readFlags(words.map(word => word.replaceAll('$(POD_NAMESPACE)', namespace)));
    return { kind: String(value.kind), namespace, name, flags };
  }
  return undefined;
}

/** As Go's flag packages read them: `--name=value`, `--name value`, `--name`; one hyphen is enough. */
export function readFlags(words: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const [, name, value] = /^--?([A-Za-z][A-Za-z0-9-]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (name === undefined) continue;
    const next = words[index + 1];
    flags.set(name, value ?? (next === undefined || next.startsWith('-') ? 'true' : next));
  }
  return flags;
}

function isController(image: unknown): boolean {
  return (
    typeof image === 'string' &&
    /(?:^|\/)(?:ingress-nginx\/controller|nginx-ingress-controller)(?:-chroot)?(?:[:@]|$)/.test(image)
  );
}

function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? (list as unknown[]).filter(item => typeof item === 'string') : [];
}
