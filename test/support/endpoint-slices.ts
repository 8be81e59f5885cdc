/** EndpointSlices for tests and benchmarks, as objects of the API. */

export interface EndpointSliceManifest {
  readonly apiVersion: 'discovery.k8s.io/v1';
  readonly kind: 'EndpointSlice';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly addressType: string;
  readonly ports: readonly object[];
  readonly endpoints: readonly object[];
}

export interface EndpointSliceFields {
  readonly namespace?: string;
  /** By default `SERVICE-1`. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly addressType?: string;
  /** By default `http` on 8080. */
  readonly ports?: readonly object[];
  readonly endpoints?: readonly object[];
}

/** A slice of a Service, with no endpoints as long as the fields say nothing else. */
export function endpointSlice(service: string, fields: EndpointSliceFields = {}): EndpointSliceManifest {
  const { namespace = 'default', name = `${service}-1`, labels = {}, addressType = 'IPv4' } = fields;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': service, ...labels } },
    addressType,
    ports: fields.ports ?? [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: fields.endpoints ?? [],
  };
}

/** A ready endpoint, which is a pod when it is given a name. */
export function endpoint(address: string, pod = '', fields: Readonly<Record<string, unknown>> = {}): object {
  return {
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    ...(pod !== '' && { targetRef: { kind: 'Pod', namespace: 'default', name: pod, uid: `uid-${pod}` } }),
    ...fields,
  };
}
