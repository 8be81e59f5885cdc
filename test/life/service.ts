import type { ListenAddress } from '../../src/formats/listen-address.ts';

/** A Service whose path leads to an address. */
export function exposedAt(path: string, { host, port }: ListenAddress): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'backend', annotations: { 'kube-entry.io/path': path } },
    spec: { clusterIP: host, ports: [{ port }] },
  };
}
