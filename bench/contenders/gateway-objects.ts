/** A Gateway, and HTTPRoutes that lead to one backend. */
import { service } from '../../test/support/services.ts';
import type { HttpRule } from './contender.ts';

export const CONTROLLER = 'kube-entry.io/gateway';

const API = 'gateway.networking.k8s.io/v1';
/** As many as an HTTPRoute may have. */
const MOST_RULES = 16;

export function gatewayObjects(rules: readonly HttpRule[], port: number, backendPort: number): readonly object[] {
  const routes: object[] = [];
  for (let from = 0; from < rules.length; from += MOST_RULES) {
    const some = rules.slice(from, from + MOST_RULES);
    routes.push({
      ...object('HTTPRoute', `bench-${from}`),
      spec: {
        parentRefs: [{ name: 'bench' }],
        rules: some.map(match => ({ matches: [match], backendRefs: [{ name: 'web', port: 80 }] })),
      },
    });
  }
  return [
    { ...object('GatewayClass', 'bench'), spec: { controllerName: CONTROLLER } },
    {
      ...object('Gateway', 'bench'),
      spec: { gatewayClassName: 'bench', listeners: [{ name: 'http', port, protocol: 'HTTP' }] },
    },
    ...routes,
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

function object(kind: string, name: string): object {
  return { apiVersion: API, kind, metadata: { name, namespace: 'default' } };
}
