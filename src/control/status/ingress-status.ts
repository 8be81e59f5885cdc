/** Writes into the status of Ingresses where clients reach them. */
import { type Clock, sleep } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { IngressAddress, IngressObject } from '../../resources/ingress-object.ts';
import { isSameAddresses } from './published-addresses.ts';

/** Changes of this time are written together. */
const GATHER_MS = 1_000;
/** At most fifty in a second: a cluster with thousands of Ingresses must not feel it when the entry takes over. */
const PAUSE_MS = 20;
/** After the API server did not take one. */
const RETRY_MS = 5_000;
/** Where another program writes other addresses, the status is written again so often at once, and then once a minute. */
const MOST_REWRITES = 3;
const CONTESTED_MS = 60_000;
/** A contest that has rested for so long is over. */
const OVER_MS = 600_000;

/** What became of one write. `changed`: the Ingress has changed since the write was decided. */
export type Written = 'written' | 'changed' | 'gone';

export interface IngressStatusOptions {
  /** The Ingresses that are served, as they are now. Of others nothing is written. */
  readonly served: () => Iterable<IngressObject>;
  /** Where clients reach them; none: not known, and nothing is written. */
  readonly addresses: () => readonly IngressAddress[];
  /** Whether this replica is the one that writes. */
  readonly isWriter: () => boolean;
  /** @throws Error when it could not be written, which is tried again */
  readonly write: (
    ingress: IngressObject['metadata'],
    addresses: readonly IngressAddress[],
    signal: AbortSignal,
  ) => Promise<Written>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What was written of an Ingress last. */
interface Earlier {
  /** The version that was written over. */
  readonly version: string;
  readonly addresses: readonly IngressAddress[];
  readonly at: number;
  /** How often these addresses had been written before in the same contest. */
  readonly rewrites: number;
}

export class IngressStatus {
  readonly #options: IngressStatusOptions;
  readonly #stopping = new AbortController();
  /** By namespace and name. */
  readonly #earlier = new Map<string, Earlier>();
  #running: Promise<void> | undefined;
  /** Something was heard since it looked last. */
  #isDue = false;
  /** Ends the wait for that. */
  #wake: (() => void) | undefined;
  #isContestTold = false;
  #problem: string | undefined;

  constructor(options: IngressStatusOptions) {
    this.#options = options;
  }

  /** Why statuses are not written; undefined while nothing keeps them from being written. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Something may be otherwise, or it is time to look again. Returns at once. */
  look(): void {
    this.#isDue = true;
    this.#running ??= this.#run();
    this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Takes the addresses out of every Ingress that has them. Asked after {@link stop}. */
  async clear(signal: AbortSignal): Promise<void> {
    const { served, addresses, write, logger } = this.#options;
    const published = addresses();
    const having = [...served()].filter(({ status }) => isSameAddresses(status.loadBalancer.ingress, published));
    try {
      for (const { metadata } of having) await write(metadata, [], signal);
      logger.info(`the status of ${having.length} Ingresses is empty again`);
    } catch (error) {
      logger.warn(`the status of Ingresses could not be emptied: ${messageOf(error)}`);
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock } = this.#options;
    while (!signal.aborted) {
      await sleep(clock, GATHER_MS, signal);
      this.#isDue = false;
      const isDone = await this.#writeAll(signal);
      if (!isDone) await sleep(clock, RETRY_MS, signal);
      else if (!this.#isDue) await this.#untilHeard(signal);
    }
  }

  async #untilHeard(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  /** @returns whether all that is to be written now has been */
  async #writeAll(signal: AbortSignal): Promise<boolean> {
    const { clock, write } = this.#options;
    for (const ingress of this.#differing()) {
      // Asked before each: the Lease may go to another replica meanwhile, and the addresses may change.
      const addresses = this.#options.addresses();
      if (signal.aborted || !this.#options.isWriter() || addresses.length === 0) return true;
      const { metadata } = ingress;
      const key = serviceKey(metadata);
      try {
        const outcome = await write(metadata, addresses, signal);
        if (outcome === 'written') this.#note(key, metadata.resourceVersion ?? '', addresses);
        this.#worked();
      } catch (error) {
        if (!signal.aborted) this.#failed(error);
        return false;
      }
      await sleep(clock, PAUSE_MS, signal);
    }
    return true;
  }

  /** The Ingresses whose status is to be written now. */
  #differing(): IngressObject[] {
    const { served, addresses, isWriter } = this.#options;
    const wanted = addresses();
    if (!isWriter() || wanted.length === 0) return [];
    const known = new Set<string>();
    const differing: IngressObject[] = [];
    for (const ingress of served()) {
      const key = serviceKey(ingress.metadata);
      known.add(key);
      if (isSameAddresses(ingress.status.loadBalancer.ingress, wanted)) continue;
      if (this.#mayWrite(key, ingress, wanted)) differing.push(ingress);
    }
    for (const key of this.#earlier.keys()) if (!known.has(key)) this.#earlier.delete(key);
    return differing;
  }

  #mayWrite(key: string, { metadata }: IngressObject, wanted: readonly IngressAddress[]): boolean {
    const { clock, logger } = this.#options;
    const earlier = this.#earlier.get(key);
    if (earlier === undefined || !isSameAddresses(earlier.addresses, wanted)) return true;
    const isOver = clock.monotonic() - earlier.at >= CONTESTED_MS;
    // The watch has not shown yet what was written.
    if (earlier.version === metadata.resourceVersion) return isOver;
    if (earlier.rewrites < MOST_REWRITES) return true;
    if (!this.#isContestTold) {
      this.#isContestTold = true;
      logger.warn(
        `another program writes other addresses into the status of Ingress ${key}: this one writes its own every ${CONTESTED_MS / 1000} s; let one of the two write no status`,
      );
    }
    return isOver;
  }

  #note(key: string, version: string, addresses: readonly IngressAddress[]): void {
    const at = this.#options.clock.monotonic();
    const before = this.#earlier.get(key);
    const isAgain = before !== undefined && at - before.at < OVER_MS && isSameAddresses(before.addresses, addresses);
    this.#earlier.set(key, { version, addresses, at, rewrites: isAgain ? before.rewrites + 1 : 0 });
  }

  #worked(): void {
    if (this.#problem !== undefined) this.#options.logger.info('back: the status of Ingresses is written');
    this.#problem = undefined;
  }

  #failed(error: unknown): void {
    const problem = `the status of Ingresses is not written: ${messageOf(error)}`;
    if (this.#problem === undefined) this.#options.logger.warn(`${problem}. Trying again until it works.`);
    this.#problem = problem;
  }
}
