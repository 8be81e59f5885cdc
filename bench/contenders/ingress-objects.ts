/** One Ingress for each path, all of one host and to one backend. */
import type { IngressHost } from './contender.ts';
import { webService } from './web-service.ts';

export const INGRESS_CLASS = 'nginx';

const API = 'networking.k8s.io/v1';

export function ingressObjects({ host, paths, isRegex }: IngressHost, backendPort: number): readonly object[] {
  const annotations = isRegex ? { 'nginx.ingress.kubernetes.io/use-regex': 'true' } : {};
  const backend = { service: { name: 'web', port: { number: 80 } } };
  return [
    {
      apiVersion: API,
      kind: 'IngressClass',
      metadata: { name: INGRESS_CLASS },
      spec: { controller: 'k8s.io/ingress-nginx' },
    },
    ...paths.map((path, index) => ({
      apiVersion: API,
      kind: 'Ingress',
      metadata: { name: `bench-${index}`, namespace: 'default', annotations },
      spec: {
        ingressClassName: INGRESS_CLASS,
        rules: [
          { host, http: { paths: [{ path, pathType: isRegex ? 'ImplementationSpecific' : 'Prefix', backend }] } },
        ],
      },
    })),
    ...webService(backendPort),
  ];
}
