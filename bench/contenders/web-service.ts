import { service } from '../../test/support/services.ts';

/** A Service called `web`, and the backend as its endpoint. */
export function webService(backendPort: number): readonly object[] {
  return [
    service('web', { address: { host: '127.0.0.1', port: 80 }, annotations: {} }),
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: backendPort }],
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    },
  ];
}
