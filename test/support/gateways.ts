/** Objects of the Gateway API for tests, as the API has them. */
import type { PlainManifest } from './kube-api-wire.ts';

const API_VERSION = 'gateway.networking.k8s.io/v1';
export const CONTROLLER = 'kube-entry.io/gateway';

type Manifest = PlainManifest & { readonly spec: object; readonly status?: unknown };

export function gatewayClass(name = 'entry', controllerName = CONTROLLER): Manifest {
  const metadata = { name, namespace: '', generation: 1 };
  return { apiVersion: API_VERSION, kind: 'GatewayClass', metadata, spec: { controllerName } };
}

export function gateway(name = 'gate', spec: object = {}, namespace = 'default'): Manifest {
  const listeners = [{ name: 'http', port: 80, protocol: 'HTTP' }];
  const metadata = { name, namespace, generation: 1 };
  return {
    apiVersion: API_VERSION,
    kind: 'Gateway',
    metadata,
    spec: { gatewayClassName: 'entry', listeners, ...spec },
  };
}

/** An HTTPRoute of `NAME.example` to port 80 of Service `NAME`, on Gateway `gate`. */
export function httpRoute(name: string, spec: object = {}, { namespace = 'default', generation = 1 } = {}): Manifest {
  const metadata = { name, namespace, generation };
  const rules = [{ backendRefs: [{ name, port: 80 }] }];
  const whole = { parentRefs: [{ name: 'gate' }], hostnames: [`${name}.example`], rules, ...spec };
  return { apiVersion: API_VERSION, kind: 'HTTPRoute', metadata, spec: whole };
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, namespace: '', labels }, spec: {} };
}
