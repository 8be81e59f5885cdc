import type { BackendInForce } from '../control/catalog.ts';

/** A backend as ingress-nginx 0.25 shows it (internal/ingress/types.go): its field order, its empty values. */
interface BackendRecord {
  readonly name: string;
  readonly service: {
    readonly metadata: { readonly creationTimestamp: null; readonly annotations?: Readonly<Record<string, string>> };
    readonly spec: unknown;
    readonly status: { readonly loadBalancer: Record<string, never> };
  };
  readonly port: number;
  readonly endpoints: readonly { readonly address: string; readonly port: string }[];
  readonly [field: string]: unknown;
}

/** A backend as the admin socket shows it; a pushed one as it came. */
export function viewBackend(backend: BackendInForce): BackendRecord | Readonly<Record<string, unknown>> {
  if ('record' in backend) return backend.record;
  const { name, object, port, endpoints } = backend;
  return {
    name,
    service: {
      metadata: { creationTimestamp: null },
      spec: object.spec,
      status: { loadBalancer: {} },
    },
    port: port.port,
    secureCACert: { secret: '', caFilename: '', pemSha: '' },
    sslPassthrough: false,
    endpoints: endpoints.map(endpoint => ({ address: endpoint.address, port: String(endpoint.port) })),
    sessionAffinityConfig: { name: '', cookieSessionAffinity: { name: '' } },
    upstreamHashByConfig: { 'upstream-hash-by-subset-size': 3 },
    noServer: false,
    trafficShapingPolicy: { weight: 0, header: '', headerValue: '', cookie: '' },
  };
}
