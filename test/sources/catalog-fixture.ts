/** Catalogs, and what is pushed to them. */
import { Catalog } from '../../src/control/catalog.ts';
import type { ClusterInForce } from '../../src/model/cluster.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import { type PushedBackend, PushReader } from '../../src/sources/pushed.ts';

export const OPTIONS = { allowExternalName: false, waitsFor: 'services' } as const;

export function catalogOf(...services: ServiceObject[]): Catalog {
  const catalog = new Catalog(OPTIONS);
  catalog.replace(services);
  catalog.commit();
  return catalog;
}

export function pushed(...records: unknown[]): PushedBackend[] {
  return new PushReader().read(JSON.stringify(records));
}

export function annotated(
  name: string,
  path: string,
  endpoints: unknown = [{ address: '10.0.0.9', port: '8080' }],
): unknown {
  return { name, port: 8080, endpoints, service: { metadata: { annotations: { 'kube-entry.io/path': path } } } };
}

export function clusterAt(catalog: Catalog, path: string): ClusterInForce | undefined {
  const route = catalog.table.match('', path);
  return route && catalog.cluster(route.cluster);
}

export function addresses(catalog: Catalog, path: string): string[] | undefined {
  return clusterAt(catalog, path)?.endpoints.map(({ address, port }) => `${address}:${port}`);
}
