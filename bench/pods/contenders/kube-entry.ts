/** kube-entry with one worker: a Service and its EndpointSlice from a manifest. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endpoint, endpointSlice } from '../../../test/support/endpoint-slices.ts';
import { service, yamlOf } from '../../../test/support/services.ts';
import { wire } from '../../contenders/kube-entry.ts';
import { Program } from '../../support/program.ts';
import { type Balancer, type BalancerSetup, PREFIX } from './balancer.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NAME = 'pods';

export const clusterIP = kubeEntry('cluster-ip', 'kube-entry, one ClusterIP', 'service');
export const leastRequest = kubeEntry('least-request', 'kube-entry, least-request', 'least-request');
export const ewma = kubeEntry('ewma', 'kube-entry, ewma', 'ewma');

function kubeEntry(name: string, title: string, balance: string): Balancer {
  return {
    name,
    title,
    version: () => wire.version(),
    start(setup) {
      const { folder, port, cpus } = setup;
      const manifests = join(folder, 'services.yaml');
      writeFileSync(manifests, yamlOf(objects(balance, setup)));
      return new Program({
        name,
        command: [
          ...([process.execPath, join(ROOT, 'src/main.ts'), 'serve', '--workers', '1'] as const),
          ...['--manifests', manifests, '--access-log', 'off', '--log-level', 'warn'],
          ...['--listen', `127.0.0.1:${port}`, '--status-listen', '127.0.0.1:0'],
          ...['--admin-socket', join(folder, 'admin.sock'), '--upstream-keepalive', '512'],
        ],
        cpus,
        folder,
        // Unlike SIGTERM it does not wait for endpoints to notice.
        stopSignal: 'SIGINT',
      });
    },
  };
}

/** The first pod is the ClusterIP as well. */
function objects(balance: string, { pods: { addresses, port } }: BalancerSetup): object[] {
  const [host = ''] = addresses;
  const exposed = service(NAME, { address: { host, port }, annotations: { path: PREFIX, balance } });
  const ports = [{ name: 'http', port, protocol: 'TCP' }];
  const endpoints = addresses.map((address, index) => endpoint(address, `pod-${index}`));
  return [exposed, endpointSlice(NAME, { ports, endpoints })];
}
