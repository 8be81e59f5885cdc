/** Services with their EndpointSlices, as many as are wanted. */
import { endpoint, endpointSlice } from '../../../test/support/endpoint-slices.ts';
import { manifest, service } from '../../../test/support/services.ts';

export const PODS_EACH = 10;

/** The number of the Service that is looked at. */
export const LOOKED_AT = 0;

/** Of the pods' half of the test network; there are fewer than pods, so some are used twice. */
const ADDRESSES = 60_000;

export function nameOf(index: number): string {
  return `service-${index}`;
}

export function podAddress(index: number): string {
  const number = index % ADDRESSES;
  return `198.19.${Math.floor(number / 250)}.${1 + (number % 250)}`;
}

/** The API server gives it its ClusterIP, at which nothing listens. */
export function unplaced(index: number, port: number): object {
  return manifest(nameOf(index), port, { annotations: annotationsOf(index) });
}

/** At a ClusterIP where nothing listens. */
export function placed(index: number, port: number) {
  const address = { host: '198.18.255.254', port };
  return service(nameOf(index), { address, annotations: annotationsOf(index) });
}

/** @param pods numbers of pods; each number is another pod */
export function sliceOf(index: number, port: number, pods: readonly number[]) {
  const endpoints = pods.map(pod => endpoint(podAddress(pod), `pod-${pod}`, { nodeName: `node-${pod % 100}` }));
  return endpointSlice(nameOf(index), { ports: [{ name: 'http', port, protocol: 'TCP' }], endpoints });
}

/** The pods of a Service that has not changed. */
export function podsOf(index: number): number[] {
  return Array.from({ length: PODS_EACH }, (_, pod) => index * PODS_EACH + pod);
}

function annotationsOf(index: number): Record<string, string> {
  return { path: `/${nameOf(index)}`, balance: 'least-request' };
}
