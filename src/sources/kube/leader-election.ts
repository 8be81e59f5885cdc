/** Chooses one of several replicas by a Lease, as client-go's leaderelection package does and with its periods. */
import { type Clock, sleep, systemClock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { ServiceRef } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { KubeClient } from './client.ts';
import { ApiError, isRefusal, KubeError } from './errors.ts';
import { type Lease, leaseObject, microTime, readLease } from './lease.ts';

/** A holder that has not renewed the Lease for so long is taken for dead. */
const LEASE_MS = 15_000;
/** A holder that could not renew it for so long stops by itself: well before another one may begin. */
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;
/** Others try up to this part later, so that they do not all try at the same moment. */
const JITTER = 1.2;
/** For one request: two of them must fit between two renewals. */
const TIMEOUT_MS = 4_000;
/** A right that is missing is not about to come. */
const REFUSED_MS = 30_000;
/** Longer than any controller asks for: a Lease that says more holds for no longer. */
const LONGEST_LEASE_MS = 60_000;

export interface LeaderElectionOptions {
  readonly client: Pick<KubeClient, 'json'>;
  readonly lease: ServiceRef;
  /** Of this process, and of no other. */
  readonly identity: string;
  readonly logger: Logger;
  /** This process leads from now on, or no longer does. */
  readonly onChange: (isLeader: boolean) => void;
  readonly clock?: Clock;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/**
 * Clocks of other machines do not count: a Lease has expired when this process has seen it unchanged for its duration, by its
 * own monotonic clock.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** The Lease as it was read or written last, and when it was first seen so, of the monotonic clock. */
  #lease: Lease | undefined;
  #seenAt = 0;
  /** When the Lease was renewed last, told from before the request; undefined: it is not held. */
  #renewedAt: number | undefined;
  #problem: string | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /** A process that was stopped for a while no longer leads when it goes on, whatever it knew before. */
  get isLeader(): boolean {
    return this.#renewedAt !== undefined && this.#clock.monotonic() - this.#renewedAt < RENEW_DEADLINE_MS;
  }

  /** What keeps it from taking part; undefined while nothing does. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Once only. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Releases the Lease if it is held, so that another one need not wait for its end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    if (!this.isLeader || this.#lease === undefined) return;
    const now = microTime(this.#clock.now());
    const released: Lease = { ...this.#lease, holder: '', durationSeconds: 1, acquireTime: now, renewTime: now };
    this.#lose();
    await this.#write('patch', released, new AbortController().signal).catch((error: unknown) => {
      this.#options.logger.debug({ err: error }, 'the Lease was not released: it expires by itself');
    });
  }

  /** Whether another process holds the Lease now. Asked after {@link stop}. */
  async isHeldByOther(signal: AbortSignal): Promise<boolean> {
    const { holder } = (await this.#read(signal)) ?? { holder: '' };
    return holder !== '' && holder !== this.#options.identity;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let pauseMs = RETRY_MS * (this.isLeader ? 1 : 1 + (JITTER - 1) * this.#random());
      try {
        await this.#round(signal);
        this.#worked();
      } catch (error) {
        if (signal.aborted) return;
        if (this.#failed(error)) pauseMs = REFUSED_MS;
      }
      if (this.#renewedAt !== undefined && !this.isLeader) this.#lose();
      await sleep(this.#clock, pauseMs, signal);
    }
  }

  /** Takes, renews or only looks at the Lease, once. @throws KubeError */
  async #round(signal: AbortSignal): Promise<void> {
    const { identity } = this.#options;
    const found = await this.#read(signal);
    this.#see(found);
    const isOwn = found?.holder === identity;
    if (!isOwn) this.#lose();
    if (found !== undefined && found.holder !== '' && !isOwn && !this.#isExpired(found)) return;
    const askedAt = this.#clock.monotonic();
    const now = microTime(this.#clock.now());
    const wanted: Lease = {
      resourceVersion: found?.resourceVersion ?? '',
      holder: identity,
      durationSeconds: LEASE_MS / 1000,
      transitions: found === undefined || isOwn ? (found?.transitions ?? 0) : found.transitions + 1,
      acquireTime: isOwn ? found.acquireTime : now,
      renewTime: now,
    };
    try {
      this.#see(await this.#write(found === undefined ? 'create' : 'patch', wanted, signal));
    } catch (error) {
      // Another one was faster. Who it was is seen in the next round.
      if (error instanceof ApiError && error.status === 409) return;
      throw error;
    }
    this.#take(askedAt);
  }

  #isExpired({ durationSeconds }: Lease): boolean {
    const durationMs = durationSeconds === 0 ? LEASE_MS : Math.min(durationSeconds * 1000, LONGEST_LEASE_MS);
    return this.#clock.monotonic() - this.#seenAt >= durationMs;
  }

  #see(lease: Lease | undefined): void {
    if (lease !== undefined && lease.resourceVersion === this.#lease?.resourceVersion) return;
    this.#lease = lease;
    this.#seenAt = this.#clock.monotonic();
  }

  #take(renewedAt: number): void {
    const isNew = !this.isLeader;
    this.#renewedAt = renewedAt;
    if (!isNew) return;
    this.#options.logger.info(`this replica holds the Lease ${this.#name}: it writes statuses`);
    this.#options.onChange(true);
  }

  #lose(): void {
    if (this.#renewedAt === undefined) return;
    this.#renewedAt = undefined;
    this.#options.logger.info(`this replica no longer holds the Lease ${this.#name}`);
    this.#options.onChange(false);
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, lease } = this.#options;
    const operation = { verb: 'get', resource: 'leases', namespace: lease.namespace } as const;
    try {
      return readLease(await client.json({ operation, name: lease.name, signal, timeoutMs: TIMEOUT_MS }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #write(verb: 'create' | 'patch', wanted: Lease, signal: AbortSignal): Promise<Lease> {
    const { client, lease } = this.#options;
    const operation = { verb, resource: 'leases', namespace: lease.namespace } as const;
    const name = verb === 'create' ? {} : { name: lease.name };
    const body = leaseObject(lease, wanted);
    return readLease(await client.json({ operation, ...name, body, signal, timeoutMs: TIMEOUT_MS }));
  }

  #worked(): void {
    if (this.#problem !== undefined) this.#options.logger.info(`back: the Lease ${this.#name} can be used`);
    this.#problem = undefined;
  }

  /** @returns whether trying again soon is of no use */
  #failed(error: unknown): boolean {
    const message = `statuses are not written by this replica: ${messageOf(error)}`;
    const isLasting = error instanceof KubeError && isRefusal(error);
    // The sources speak of a server that does not answer.
    if (isLasting && this.#problem === undefined) this.#options.logger.warn(message);
    if (isLasting) this.#problem = message;
    else this.#options.logger.debug({ err: error }, message);
    return isLasting;
  }

  get #name(): string {
    const { namespace, name } = this.#options.lease;
    return `${namespace}/${name}`;
  }
}
