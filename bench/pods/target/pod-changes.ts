/** What replaces pods, in a thread of its own: neither its work nor its pauses for garbage count as latencies of requests. */
import { EventEmitter, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { PodChangesNews, PodChangesOrder, PodChangesPlan } from './pod-changes-thread.ts';

export interface ReplacedPod {
  /** When the API server was about to send the change, by `performance.now()` of this thread. */
  readonly sentAt: number;
  readonly address: string;
}

export class PodChanges implements AsyncDisposable {
  readonly #thread: Worker;
  readonly #news = new EventEmitter<{ [N in PodChangesNews as N['kind']]: [N] }>();

  private constructor(plan: PodChangesPlan) {
    this.#thread = new Worker(new URL('pod-changes-thread.ts', import.meta.url), { workerData: plan });
    this.#thread.on('message', (news: PodChangesNews) => this.#news.emit(news.kind, news as never));
    this.#thread.on('error', error => this.#news.emit('error', error));
  }

  /** Resolves, with the path of a kubeconfig, when all Services and their pods are there. */
  static async start(plan: PodChangesPlan): Promise<{ changes: PodChanges; kubeconfig: string }> {
    const changes = new PodChanges(plan);
    const { kubeconfig } = await changes.#next('ready');
    return { changes, kubeconfig };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#thread, 'exit');
    this.#order({ kind: 'stop' });
    await exit;
  }

  /** @returns how many changes were made */
  async run(seconds: number): Promise<number> {
    const over = this.#next('over');
    this.#order({ kind: 'run', seconds });
    return (await over).count;
  }

  /** Replaces the pod of the Service that is looked at. */
  async replaceLookedAt(): Promise<ReplacedPod> {
    const replaced = this.#next('replaced');
    this.#order({ kind: 'replace' });
    const { nanos, address } = await replaced;
    const ago = Number(process.hrtime.bigint() - nanos) / 1e6;
    return { sentAt: performance.now() - ago, address };
  }

  #order(order: PodChangesOrder): void {
    this.#thread.postMessage(order);
  }

  async #next<Kind extends PodChangesNews['kind']>(kind: Kind): Promise<Extract<PodChangesNews, { kind: Kind }>> {
    const [news] = await once(this.#news, kind);
    return news as Extract<PodChangesNews, { kind: Kind }>;
  }
}
