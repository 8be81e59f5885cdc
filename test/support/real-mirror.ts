/**
 * What GET /routes ought to say, read from `kubectl get services` by nothing but the annotations. It knows nothing of
 * how the program translates a Service, so an error there shows as a difference. Only for Services that are sound.
 */
import { dig, listAt } from '../deploy/objects.ts';
import type { RouteView } from './real-entry.ts';
import type { Kubectl } from './real-kubectl.ts';

/** One line a route, sorted: `HOST PATH NAMESPACE/NAME ADDRESS:PORT strip=… created=…`. */
export type Mirror = readonly string[];

/** As the cluster says it. */
export async function mirrorOfCluster(kubectl: Kubectl): Promise<Mirror> {
  const services = listAt(await kubectl.json(['get', 'services', '--all-namespaces']), 'items');
  return services.flatMap(linesOf).sort();
}

/** As the program says it. */
export function mirrorOfRoutes(routes: readonly RouteView[]): Mirror {
  return routes
    .map(({ host, path, stripPrefix, backend, service, createdAt }) => {
      const endpoints = backend.endpoints.map(({ address, port }) => `${address}:${port}`).join();
      return `${host || '*'} ${path} ${service.namespace}/${service.name} ${endpoints} strip=${stripPrefix} created=${createdAt}`;
    })
    .sort();
}

function linesOf(service: unknown): string[] {
  const annotation = (name: string): string =>
    String(dig(service, 'metadata', 'annotations', `kube-entry.io/${name}`) ?? '');
  const { namespace, name, creationTimestamp } = dig(service, 'metadata') as Record<string, string>;
  const ports = listAt(service, 'spec', 'ports');
  const wanted = annotation('port') || 'http';
  const port = ports.find(one => dig(one, 'name') === wanted || String(dig(one, 'port')) === wanted) ?? ports[0];
  const address = `${dig(service, 'spec', 'clusterIP')}:${dig(port, 'port')}`;
  const strip = annotation('strip-prefix') !== 'false';
  const paths = annotation('path')
    .split(',')
    .filter(path => path !== '');
  return annotation('host')
    .split(',')
    .flatMap(host =>
      paths.map(
        path => `${host || '*'} ${path} ${namespace}/${name} ${address} strip=${strip} created=${creationTimestamp}`,
      ),
    );
}
