/** Manifests for kubectl, and what the API made of them. */
import { join } from 'node:path';
import { DEPLOY, dig, listAt } from '../deploy/objects.ts';
import type { RealBackend } from './real-backend.ts';
import type { TableView } from './real-entry.ts';
import type { Kubectl } from './real-kubectl.ts';
import { manifest, type ServiceFields } from './services.ts';

const ENDPOINT_RIGHTS = ['cluster-role', 'cluster-role-binding'].map(file => `overlays/endpoints/${file}.yaml`);
const TLS_RIGHTS = ['cluster-role', 'cluster-role-binding'].map(file => `overlays/tls/${file}.yaml`);

/** Applies a Service that is exposed, and answers at the ClusterIP that it was given. @returns that address */
export async function expose(
  kubectl: Kubectl,
  backend: RealBackend,
  name: string,
  fields?: ServiceFields,
): Promise<string> {
  const service = JSON.stringify(manifest(name, backend.port, fields));
  const address = await kubectl.run(['apply', '--filename', '-', '--output', 'jsonpath={.spec.clusterIP}'], service);
  await backend.serve(address);
  return address;
}

/** What deploy/overlays/ingress adds to deploy/base. */
export async function grantIngresses(kubectl: Kubectl): Promise<void> {
  const files = ['cluster-role', 'cluster-role-binding', 'role', 'role-binding'];
  await applyFiles(kubectl, ...files.map(file => `overlays/ingress/${file}.yaml`));
}

/** What deploy/overlays/gateway adds to deploy/base. */
export async function grantGateways(kubectl: Kubectl): Promise<void> {
  const files = ['cluster-role', 'cluster-role-binding', 'role', 'role-binding'];
  await applyFiles(kubectl, ...files.map(file => `overlays/gateway/${file}.yaml`));
}

/** What deploy/overlays/gateway-service adds to that. */
export async function grantGatewayServices(kubectl: Kubectl): Promise<void> {
  const files = ['cluster-role', 'cluster-role-binding'];
  await applyFiles(kubectl, ...files.map(file => `overlays/gateway-service/${file}.yaml`));
}

/** Gives the entry's account what deploy/base gives it, and no more. */
export async function grantClusterRole(kubectl: Kubectl): Promise<void> {
  const files = ['namespace', 'service-account', 'cluster-role', 'cluster-role-binding'];
  await applyFiles(kubectl, ...files.map(file => `base/${file}.yaml`));
}

/** What deploy/overlays/endpoints adds to that. */
export async function grantEndpoints(kubectl: Kubectl): Promise<void> {
  await applyFiles(kubectl, ...ENDPOINT_RIGHTS);
}

export async function revokeEndpoints(kubectl: Kubectl): Promise<void> {
  await deleteFiles(kubectl, ...ENDPOINT_RIGHTS);
}

/** What deploy/overlays/tls adds to that. */
export async function grantSecrets(kubectl: Kubectl): Promise<void> {
  await applyFiles(kubectl, ...TLS_RIGHTS);
}

export async function revokeSecrets(kubectl: Kubectl): Promise<void> {
  await deleteFiles(kubectl, ...TLS_RIGHTS);
}

/** @param files below deploy/ */
export async function applyFiles(kubectl: Kubectl, ...files: readonly string[]): Promise<void> {
  await kubectl.run(['apply', ...files.map(file => `--filename=${join(DEPLOY, file)}`)]);
}

/** @param files below deploy/; what is in them need not be there */
export async function deleteFiles(kubectl: Kubectl, ...files: readonly string[]): Promise<void> {
  await kubectl.run(['delete', '--ignore-not-found', ...files.map(file => `--filename=${join(DEPLOY, file)}`)]);
}

/** The routes that the cluster's Services ask for, as lines `PATH NAMESPACE/NAME`. Every Service must be valid and ask for one path. */
export async function exposedBy(kubectl: Kubectl): Promise<string[]> {
  const services = listAt(await kubectl.json(['get', 'services', '--all-namespaces']), 'items');
  return services
    .map(service => [dig(service, 'metadata', 'annotations', 'kube-entry.io/path'), dig(service, 'metadata')] as const)
    .filter(([path]) => path !== undefined)
    .map(([path, metadata]) => `${path} ${dig(metadata, 'namespace')}/${dig(metadata, 'name')}`)
    .sort();
}

/** What is served, in the same form. */
export function servedBy({ routes }: Pick<TableView, 'routes'>): string[] {
  return routes.map(({ path, service: { namespace, name } }) => `${path} ${namespace}/${name}`).sort();
}
