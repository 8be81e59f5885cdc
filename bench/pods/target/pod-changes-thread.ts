/**
 * Runs as a thread: an API server of the tests with Services of ten pods each, and what replaces these pods. A real API server
 * cannot make so many changes on the CPUs of one machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { KubeApi } from '../../../test/support/kube-api.ts';
import { LOOKED_AT, placed, podAddress, podsOf, sliceOf } from './pod-services.ts';

export interface PodChangesPlan {
  readonly services: number;
  /** Of the pods. */
  readonly port: number;
  readonly perSecond: number;
}

export type PodChangesOrder =
  | { readonly kind: 'run'; readonly seconds: number }
  | { readonly kind: 'replace' }
  | { readonly kind: 'stop' };

export type PodChangesNews =
  | { readonly kind: 'ready'; readonly kubeconfig: string }
  /** By `process.hrtime()`, which all threads share: from before the API server sent it. */
  | { readonly kind: 'replaced'; readonly nanos: bigint; readonly address: string }
  | { readonly kind: 'over'; readonly count: number };

/** Replaces one pod of one Service after the other. The Service that is looked at has one pod alone. */
class PodReplacements {
  readonly #api: KubeApi;
  readonly #plan: PodChangesPlan;
  /** Numbers of pods from here on are not among those that Services begin with. */
  readonly #others: number;
  #count = 0;

  constructor(api: KubeApi, plan: PodChangesPlan) {
    this.#api = api;
    this.#plan = plan;
    this.#others = plan.services * 100;
    for (let index = 0; index < plan.services; index += 1) {
      api.apply(placed(index, plan.port));
      api.apply(sliceOf(index, plan.port, index === LOOKED_AT ? [this.#others] : podsOf(index)));
    }
  }

  /** @returns how many changes were made */
  async run(seconds: number): Promise<number> {
    const start = performance.now();
    const before = this.#count;
    while (performance.now() - start < seconds * 1000) {
      const due = before + ((performance.now() - start) * this.#plan.perSecond) / 1000;
      while (this.#count < due) this.#replaceOne();
      // Its history would fill the heap.
      this.#api.compact();
      await sleep(1);
    }
    return this.#count - before;
  }

  /** @returns the address of the pod that the looked-at Service has from now on */
  replaceLookedAt(): string {
    this.#count += 1;
    const pod = this.#others + this.#count;
    this.#api.apply(sliceOf(LOOKED_AT, this.#plan.port, [pod]));
    return podAddress(pod);
  }

  #replaceOne(): void {
    this.#count += 1;
    const index = 1 + ((this.#count * 7919) % (this.#plan.services - 1));
    const pods = [this.#others + this.#count, ...podsOf(index).slice(1)];
    this.#api.apply(sliceOf(index, this.#plan.port, pods));
  }
}

async function main(port: MessagePort, plan: PodChangesPlan): Promise<void> {
  const api = await KubeApi.start();
  const changes = new PodReplacements(api, plan);
  const tell = (news: PodChangesNews): void => port.postMessage(news);
  port.on('message', async (order: PodChangesOrder) => {
    if (order.kind === 'run') {
      tell({ kind: 'over', count: await changes.run(order.seconds) });
    } else if (order.kind === 'replace') {
      const nanos = process.hrtime.bigint();
      tell({ kind: 'replaced', nanos, address: changes.replaceLookedAt() });
    } else {
      await api[Symbol.asyncDispose]();
      port.close();
    }
  });
  tell({ kind: 'ready', kubeconfig: api.writeKubeconfig() });
}

if (parentPort !== null) await main(parentPort, workerData as PodChangesPlan);
