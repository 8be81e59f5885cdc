import type { RealKube } from './real-kube.ts';

export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

export const NO_SLICES = 'this API server does not serve discovery.k8s.io/v1';

/** Kubernetes serves discovery.k8s.io/v1 from 1.21 on. */
export async function servesSlices(kube: RealKube): Promise<boolean> {
  return (await kube.api('GET', SLICES)).status === 200;
}
