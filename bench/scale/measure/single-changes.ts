/** Changes of one Service, one after the other: how long until every worker serves each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Distribution, distribution } from '../../measure/distribution.ts';
import type { Cluster } from '../target/cluster.ts';
import type { Observer } from '../target/observer.ts';
import type { WorkerConnections } from '../target/worker-connections.ts';

/** The Service that is looked at. */
export const LOOKED_AT = 0;
const PAUSE_MS = 20;

/** Milliseconds. Negative: every worker served the change before its author was told that it is made. */
export interface ChangeTimes {
  /** From just before the change is sent to the API server. */
  readonly fromSent: Distribution;
  /** From its answer. */
  readonly fromAnswered: Distribution;
  /** From when the API server told another watch of it. */
  readonly fromEvent: Distribution;
}

export interface Looking {
  readonly cluster: Cluster;
  readonly observer: Observer;
  readonly workers: WorkerConnections;
}

export class ChangeTimer {
  readonly #looking: Looking;
  readonly #sent: number[] = [];
  readonly #answered: number[] = [];
  readonly #event: number[] = [];

  constructor(looking: Looking) {
    this.#looking = looking;
  }

  /** Makes one change and waits until it is served. @param path where nothing is yet */
  async change(path: string): Promise<void> {
    const { cluster, observer, workers } = this.#looking;
    const told = observer.told(path);
    const sentAt = performance.now();
    const answered = cluster.move(LOOKED_AT, path).then(() => performance.now());
    const [servedAt, answeredAt, toldAt] = await Promise.all([workers.served(path), answered, told]);
    this.#sent.push(servedAt - sentAt);
    this.#answered.push(servedAt - answeredAt);
    this.#event.push(servedAt - toldAt);
  }

  times(): ChangeTimes {
    return {
      fromSent: distribution(this.#sent),
      fromAnswered: distribution(this.#answered),
      fromEvent: distribution(this.#event),
    };
  }
}

/** @param label unused in any path until now */
export async function timeChanges(looking: Looking, count: number, label: string): Promise<ChangeTimes> {
  const timer = new ChangeTimer(looking);
  for (let index = 0; index < count; index += 1) {
    await timer.change(`/${label}-${index}`);
    await sleep(PAUSE_MS);
  }
  return timer.times();
}
