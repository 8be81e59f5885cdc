/** kube-entry with one worker: a Service and its EndpointSlice from a manifest. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endpoint, endpointSlice } from '../../../test/support/endpoint-slices.ts';
import { service, yamlOf } from '../../../test/support/services.ts';
import { wire } from '../../contenders/kube-entry.ts';
import { installation } from '../../support/installation.ts';
import { Program } from '../../support/program.ts';
import { type Balancer, type BalancerSetup, PREFIX } from './balancer.ts';

const NAME = 'pods';

export const clusterIP = kubeEntry('cluster-ip', 'kube-entry, one ClusterIP', 'service');
export const leastRequest = kubeEntry('least-request', 'kube-entry, least-request', 'least-request');
/** To see what is due to the choice, and what to more connections. */
export const leastRequestOfOne = kubeEntry(
  'least-request-of-one',
  'kube-entry, least-request, one pod',
  'least-request',
  1,
);
export const ewma = kubeEntry('ewma', 'kube-entry, ewma', 'ewma');

/** @param pods how many of the pods its Service has */
function kubeEntry(name: string, title: string, balance: string, pods = Number.POSITIVE_INFINITY): Balancer {
  return {
    name,
    title,
    version: () => wire.version(),
    start(setup) {
      const { folder, port, cpus } = setup;
      const manifests = join(folder, 'services.yaml');
      writeFileSync(manifests, yamlOf(objects(balance, setup, pods)));
      const { program, environment } = installation();
      return new Program({
        name,
        command: [
          ...([process.execPath, program, 'serve', '--workers', '1'] as const),
          ...['--manifests', manifests, '--access-log', 'off', '--log-level', 'warn'],
          ...['--listen', `127.0.0.1:${port}`, '--status-listen', '127.0.0.1:0'],
          ...['--admin-socket', join(folder, 'admin.sock'), '--upstream-keepalive', '512'],
        ],
        environment,
        cpus,
        folder,
        // Unlike SIGTERM it does not wait for endpoints to notice.
        stopSignal: 'SIGINT',
      });
    },
  };
}

/** The first pod is the ClusterIP as well. */
function objects(balance: string, { pods: { addresses, port } }: BalancerSetup, pods: number): object[] {
  const [host = ''] = addresses;
  const exposed = service(NAME, { address: { host, port }, annotations: { path: PREFIX, balance } });
  const ports = [{ name: 'http', port, protocol: 'TCP' }];
  const endpoints = addresses.slice(0, pods).map((address, index) => endpoint(address, `pod-${index}`));
  return [exposed, endpointSlice(NAME, { ports, endpoints })];
}
