import { dig } from '../deploy/objects.ts';
import type { RealKube } from './real-kube.ts';

export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

export const NO_SLICES = 'this API server does not serve discovery.k8s.io/v1';

/** Kubernetes serves discovery.k8s.io/v1 from 1.21 on. */
export async function servesSlices(kube: RealKube): Promise<boolean> {
  return (await kube.api('GET', SLICES)).status === 200;
}

/** Names of the pods that EndpointSlices list as ready, as a watch tells it. */
export class ListedPods implements AsyncDisposable {
  /** By the slice's name. */
  readonly #slices = new Map<string, readonly string[]>();
  readonly #ending = new AbortController();
  readonly #watching: Promise<void>;

  /** Watches at once. */
  constructor(kube: RealKube) {
    this.#watching = this.#watch(kube);
  }

  get names(): ReadonlySet<string> {
    return new Set([...this.#slices.values()].flat());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#watching;
  }

  async #watch(kube: RealKube): Promise<void> {
    for await (const { type, object } of kube.watch(SLICES, this.#ending.signal)) {
      const endpoints = type === 'DELETED' ? [] : ((dig(object, 'endpoints') ?? []) as readonly unknown[]);
      const ready = endpoints.filter(endpoint => dig(endpoint, 'conditions', 'ready') === true);
      const pods = ready.map(endpoint => String(dig(endpoint, 'targetRef', 'name')));
      this.#slices.set(String(dig(object, 'metadata', 'name')), pods);
    }
  }
}
