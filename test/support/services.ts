/** Services for tests and benchmarks: as objects of the API, as manifests, and as records that are pushed. */
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { ServiceObject, ServiceSpec } from '../../src/resources/service-object.ts';

export interface ServiceFields {
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  /** The key of each is what follows `kube-entry.io/`. By default the Service is exposed at `/NAME`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** The ClusterIP and the port. */
  readonly address?: ListenAddress;
  /** Is not checked, since a test may want it wrong. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface ServiceManifest extends ServiceObject {
  readonly apiVersion: 'v1';
  readonly kind: 'Service';
  readonly metadata: ServiceObject['metadata'] & { readonly labels?: Readonly<Record<string, string>> };
}

/** A Service at 10.96.0.1:80, in the namespace `default`, exposed at `/NAME`: each as long as the fields say nothing else. */
export function service(name: string, fields: ServiceFields = {}): ServiceManifest {
  const { host, port } = fields.address ?? { host: '10.96.0.1', port: 80 };
  const { metadata, ...type } = withoutAddress(name, fields);
  const spec: ServiceSpec = { type: 'ClusterIP', clusterIP: host, ports: [{ name: 'http', port }], ...fields.spec };
  return { ...type, metadata, spec };
}

/** A Service as one gives it to kubectl: the API server chooses its ClusterIP. */
export function manifest(name: string, port: number, fields: ServiceFields = {}): object {
  return {
    ...withoutAddress(name, fields),
    spec: { selector: { app: name }, ports: [{ name: 'http', port }], ...fields.spec },
  };
}

/** A record as ingress-nginx's controller pushes it. With annotations it has a route of its own. */
export function backendRecord(
  name: string,
  endpoints: readonly ListenAddress[],
  { namespace = 'default', annotations = {} }: Pick<ServiceFields, 'namespace' | 'annotations'> = {},
): object {
  const [{ host, port } = { host: '127.0.0.1', port: 80 }] = endpoints;
  return {
    name: `${namespace}-${name}-${port}`,
    port,
    endpoints: endpoints.map(endpoint => ({ address: endpoint.host, port: `${endpoint.port}` })),
    service: {
      metadata: { namespace, name, annotations: annotationsOf(annotations) },
      spec: { clusterIP: host, ports: [{ port }] },
    },
  };
}

/** The text of a manifest. JSON is YAML. */
export function yamlOf(objects: readonly object[]): string {
  return objects.map(object => `---\n${JSON.stringify(object)}\n`).join('');
}

function withoutAddress(name: string, fields: ServiceFields): Omit<ServiceManifest, 'spec'> {
  const { namespace = 'default', labels, annotations = { path: `/${name}` }, createdAt } = fields;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      ...(labels !== undefined && { labels }),
      ...(createdAt !== undefined && { creationTimestamp: createdAt }),
      annotations: annotationsOf(annotations),
    },
  };
}

function annotationsOf(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`kube-entry.io/${key}`, value]));
}
