import { Dump } from '../migrate/dump.ts';
import { createLogger } from '../observe/logger.ts';
import type { Settings } from '../settings/schema.ts';
import type { ListedKind } from '../sources/kube/list-objects.ts';
import { interruptible } from './interruptible.ts';
import type { Io } from './io.ts';

const NETWORKING = 'networking.k8s.io/v1';

const KINDS: readonly ListedKind[] = [
  { resource: 'ingresses', kind: 'Ingress', apiVersion: NETWORKING, isNeeded: true },
  { resource: 'ingressclasses', kind: 'IngressClass', apiVersion: NETWORKING, isClusterWide: true },
  { resource: 'services', kind: 'Service', apiVersion: 'v1' },
  { resource: 'configmaps', kind: 'ConfigMap', apiVersion: 'v1' },
  { resource: 'secrets', kind: 'Secret', apiVersion: 'v1' },
  { resource: 'deployments', kind: 'Deployment', apiVersion: 'apps/v1' },
  { resource: 'daemonsets', kind: 'DaemonSet', apiVersion: 'apps/v1' },
];

/**
 * Reads what a migration is judged by, once. What may not be read, Secrets say, is left out, and that is said.
 * @throws KubeError when Ingresses cannot be read
 */
export async function readCluster(
  settings: Pick<Settings, 'kubeconfig' | 'context' | 'namespace' | 'logLevel' | 'logLevelFormat'>,
  io: Io,
): Promise<Dump> {
  // Imported only here: loading the Kubernetes client takes longer than the rest of the command.
  const { listObjects } = await import('../sources/kube/list-objects.ts');
  const logger = createLogger(settings.logLevel, settings.logLevelFormat);
  return interruptible(io, async signal => {
    const { objects, problems } = await listObjects(settings, KINDS, { logger, environment: io.environment, signal });
    const dump = new Dump();
    dump.notes.push(...problems);
    for (const object of objects) dump.add(object);
    return dump;
  });
}
