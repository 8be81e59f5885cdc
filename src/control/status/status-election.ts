import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, systemClock } from '../../clock.ts';
import type { Logger } from '../../observe/logger.ts';
import type { Settings } from '../../settings/schema.ts';
import type { KubeClient } from '../../sources/kube/client.ts';
import { LeaderElection } from '../../sources/kube/leader-election.ts';
import { ownNamespace } from '../../sources/kube/own-namespace.ts';

const LEASE_NAME = 'kube-entry-ingress';

export interface StatusElectionOptions {
  readonly settings: Pick<Settings, 'statusLease'>;
  readonly client: Pick<KubeClient, 'json'>;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Of this process, and of no other. */
  readonly identity?: string;
}

/** Which of several replicas writes statuses: one Lease for those of Ingresses and of Gateways. */
export class StatusElection {
  readonly #election: LeaderElection;
  readonly #listeners: ((isLeader: boolean) => void)[] = [];

  constructor({ settings, client, logger, clock, random, identity }: StatusElectionOptions) {
    this.#election = new LeaderElection({
      ...{ client, logger, clock: clock ?? systemClock, random: random ?? Math.random },
      lease: settings.statusLease ?? { namespace: ownNamespace(), name: LEASE_NAME },
      identity: identity ?? `${hostname()}_${randomUUID()}`,
      onChange: isLeader => {
        for (const listener of this.#listeners) listener(isLeader);
      },
    });
  }

  get isLeader(): boolean {
    return this.#election.isLeader;
  }

  /** What keeps this replica from taking part; undefined while nothing does. */
  get problem(): string | undefined {
    return this.#election.problem;
  }

  /** This replica writes from now on, or no longer does. */
  onChange(listener: (isLeader: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** From the first call on it takes part. */
  start(): void {
    this.#election.start();
  }

  /** Leaves the Lease to another one. */
  async stop(): Promise<void> {
    await this.#election.stop();
  }

  /** Whether another process holds the Lease now. Asked after {@link stop}. */
  async isHeldByOther(signal: AbortSignal): Promise<boolean> {
    return await this.#election.isHeldByOther(signal);
  }
}
