/** A Gateway, and HTTPRoutes that lead to one backend. */
import type { HttpRule } from './contender.ts';
import { webService } from './web-service.ts';

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
    ...webService(backendPort),
  ];
}

function object(kind: string, name: string): object {
  return { apiVersion: API, kind, metadata: { name, namespace: 'default' } };
}
