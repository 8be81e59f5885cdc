import type { Endpoint } from '../model/route.ts';
import type { ServiceObject, ServicePort } from '../resources/service-object.ts';

/** A backend as ingress-nginx 0.25 shows it (internal/ingress/types.go): its field order, its empty values. */
export interface BackendRecord {
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

/** What an exposed Service looks like on the admin socket. */
export function backendRecord(
  service: ServiceObject,
  port: ServicePort,
  name: string,
  endpoints: readonly Endpoint[],
): BackendRecord {
  return {
    name,
    service: {
      metadata: { creationTimestamp: null },
      spec: service.spec,
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
