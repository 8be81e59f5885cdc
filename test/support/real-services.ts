/** Manifests for kubectl, and what the API made of them. */
import { join } from 'node:path';
import { dig } from '../deploy/objects.ts';
import type { RealBackend } from './real-backend.ts';
import type { Kubectl } from './real-kubectl.ts';

export const DEPLOY = join(import.meta.dirname, '../../deploy');

export interface ServiceFields {
  readonly namespace?: string;
  /** By what follows `kube-entry.io/`. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A Service with one port, exposed at `/NAME` if nothing else is said. */
export function manifest(name: string, port: number, { namespace = 'default', annotations, spec }: ServiceFields = {}) {
  const entries = Object.entries(annotations ?? { path: `/${name}` });
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      annotations: Object.fromEntries(entries.map(([key, value]) => [`kube-entry.io/${key}`, value])),
    },
    spec: { selector: { app: name }, ports: [{ name: 'http', port }], ...spec },
  };
}

/** The address that the API server gave to a Service. */
export async function clusterIPOf(kubectl: Kubectl, name: string, namespace = 'default'): Promise<string> {
  return kubectl.run(['get', 'service', name, '--namespace', namespace, '--output', 'jsonpath={.spec.clusterIP}']);
}

/** Applies a Service that is exposed, and answers at its ClusterIP. @returns that address */
export async function expose(
  kubectl: Kubectl,
  backend: RealBackend,
  name: string,
  fields?: ServiceFields,
): Promise<string> {
  await kubectl.apply(manifest(name, backend.port, fields));
  const address = await clusterIPOf(kubectl, name, fields?.namespace);
  await backend.serve(address);
  return address;
}

/** Gives the entry's account what deploy/base gives it, and no more. */
export async function grantClusterRole(kubectl: Kubectl): Promise<void> {
  const files = ['namespace', 'service-account', 'cluster-role', 'cluster-role-binding'];
  await applyFiles(kubectl, ...files.map(file => `base/${file}.yaml`));
}

/** @param files below deploy/ */
export async function applyFiles(kubectl: Kubectl, ...files: readonly string[]): Promise<void> {
  await kubectl.run(['apply', ...files.map(file => `--filename=${join(DEPLOY, file)}`)]);
}

/** The items of a list that kubectl printed. */
export function itemsOf(list: unknown): readonly unknown[] {
  const items = dig(list, 'items');
  return Array.isArray(items) ? items : [];
}
