/** Services for tests of what follows from them. */
import type { ServiceObject, ServiceSpec } from '../../src/resources/service-object.ts';

interface ServiceFields {
  readonly namespace?: string;
  /** By what follows `kube-entry.io/`. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly createdAt?: string;
  readonly spec?: Partial<ServiceSpec>;
}

/** A Service at 10.96.0.1:80, exposed at `/NAME` if nothing else is said. */
export function service(name: string, fields: ServiceFields = {}): ServiceObject {
  const annotations = fields.annotations ?? { path: `/${name}` };
  return {
    metadata: {
      name,
      namespace: fields.namespace ?? 'default',
      creationTimestamp: fields.createdAt,
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`kube-entry.io/${key}`, value]),
      ),
    },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80 }], ...fields.spec },
  };
}
