/** One Ingress for each path, all of one host, each with a Service of its own, and all of these on one address. */
import { service } from '../../test/support/services.ts';
import type { IngressHost } from './contender.ts';

export const INGRESS_CLASS = 'nginx';

const API = 'networking.k8s.io/v1';

export function ingressObjects({ host, paths, isRegex }: IngressHost, backendPort: number): readonly object[] {
  const annotations = isRegex ? { 'nginx.ingress.kubernetes.io/use-regex': 'true' } : {};
  const backendOf = (index: number) => ({ service: { name: `s${index + 1}`, port: { name: 'http' } } });
  const address = { host: '127.0.0.1', port: backendPort };
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
          {
            host,
            http: {
              paths: [{ path, pathType: isRegex ? 'ImplementationSpecific' : 'Prefix', backend: backendOf(index) }],
            },
          },
        ],
      },
    })),
    ...paths.map((_, index) => service(`s${index + 1}`, { address, annotations: {} })),
  ];
}
