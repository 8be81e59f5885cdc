/** Manifests for kubectl, and what the API made of them. */
import { dig, listAt } from '../deploy/objects.ts';
import type { RealBackend } from './real-backend.ts';
import type { TableView } from './real-entry.ts';
import type { Kubectl } from './real-kubectl.ts';
import { manifest, type ServiceFields } from './services.ts';

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
