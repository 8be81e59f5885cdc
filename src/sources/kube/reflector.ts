/**
 * Keeps a copy of a collection of the Kubernetes API up to date for ever: lists it, watches it from there, and after
 * any failure goes on where it was or lists again, as client-go's Reflector does.
 */

import { type Clock, sleep } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../observe/logger.ts';
import { Backoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import {
  ApiError,
  BadAnswerError,
  describe,
  ForbiddenError,
  HandlerError,
  KubeError,
  MissingFileError,
  NoAnswerError,
  OversizedLineError,
  UnauthorisedError,
  UnreachableError,
} from './errors.ts';
import { type Collection, currentVersion, type KubeObject, listAll } from './list.ts';
import { compareVersions } from './resource-version.ts';
import { type Batch, type Change, WatchError, watch } from './watch.ts';

/** A safety net under everything that watches promise: whatever was missed is put right by then. */
const RELIST_MS = 600_000;
/**
 * A stream that ends sooner, and says nothing, did not work; to take it up again at once would be a tight loop. One from
 * a version that is gone begins well too: only then comes the 410.
 */
const SHORTEST_GOOD_STREAM_MS = 1_000;

/**
 * A server that has just come back answers before it has read its roles and accounts, and refuses for some seconds what
 * it will grant. client-go would have lengthened its pauses by then.
 */
const RETURN_MS = 30_000;

/** Where the objects go. What it throws is logged and keeps nothing else from being handed over. */
export interface ReflectorTarget<T extends KubeObject = KubeObject> {
  /** A list begins: what follows is its outcome. */
  listing?(): void;
  /** These are all: what is not among them is gone. */
  replaced(objects: readonly T[]): void;
  changed(change: Change): void;
  /** It could not be listed or watched, and will be tried again. */
  failed(failure: KubeError): void;
  /** The watch stands again after it had failed. */
  recovered?(): void;
  /** All that came together was handed over. @param receivedAt when it came, of the clock's monotonic time */
  settled(receivedAt: number): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly collection: Collection<T>;
  readonly target: ReflectorTarget<T>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
}

type State = 'starting' | 'connected' | 'lost' | 'forbidden' | 'unauthorised';

export interface ReflectorStatistics {
  /** Changes received, bookmarks not counted. */
  readonly eventsTotal: number;
  /**
   * Watches begun again after a failure. Not the renewals that belong to every watch (the server's time limit, silence,
   * the periodic list): they would hide in their number what is worth an alert.
   */
  readonly restartsTotal: number;
  /** Milliseconds since 1970; 0 before the first. */
  readonly lastEventAt: number;
}

/** Of several watches together. */
export function addStatistics(one: ReflectorStatistics, other: ReflectorStatistics | undefined): ReflectorStatistics {
  if (other === undefined) return one;
  return {
    eventsTotal: one.eventsTotal + other.eventsTotal,
    restartsTotal: one.restartsTotal + other.restartsTotal,
    lastEventAt: Math.max(one.lastEventAt, other.lastEventAt),
  };
}

export class Reflector<T extends KubeObject = KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #name: string;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  /** Where the next watch begins; undefined: list first. */
  #version: string | undefined;
  #listedAt = 0;
  #hasListed = false;
  /** Of each object of this list, deleted ones too: an event that is older undoes nothing. */
  readonly #versions = new Map<string, string>();
  /** A watch from a version since the last list worked: if now one fails, listing again at once is no loop. */
  #isProven = false;
  /** The server may have lost its history, and count from a lower version: ask before going on. */
  #isDoubtful = false;

  #state: State = 'starting';
  #problem: KubeError | undefined;
  #connectedAt: number | undefined;
  #lostAt: number | undefined;
  /** A watch stood before, and failed or could not be taken up. */
  #isBroken = false;
  #hasWatched = false;
  /** When a server answered that had not been there. */
  #returnedAt = Number.NEGATIVE_INFINITY;
  #restartsTotal = 0;
  #eventsTotal = 0;
  #lastEventAt = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#name = describe({ verb: 'watch', ...options.collection });
    this.#backoff = new Backoff(options.random);
  }

  /** Once only; a stopped one stays stopped. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when nothing more will be handed over and no connection is used. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** A list was read and the watch stands. */
  get isConnected(): boolean {
    return this.#state === 'connected';
  }

  /** When it was connected last, in milliseconds since 1970; undefined while it is, and before it ever was. */
  get lostAt(): number | undefined {
    return this.#lostAt;
  }

  /** What keeps it from being connected; undefined at the start and while all is well. */
  get problem(): KubeError | undefined {
    return this.#problem;
  }

  get statistics(): ReflectorStatistics {
    return {
      eventsTotal: this.#eventsTotal,
      restartsTotal: this.#restartsTotal,
      lastEventAt: this.#lastEventAt,
    };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const delayMs = await this.#cycle(signal);
      if (delayMs > 0) await sleep(this.#options.clock, delayMs, signal);
    }
  }

  /** One list, if it is time for one, and one watch. @returns milliseconds to wait before the next */
  async #cycle(signal: AbortSignal): Promise<number> {
    const { clock } = this.#options;
    let openedAt: number | undefined;
    let hasSpoken = false;
    let cancelTrial = (): void => undefined;
    const worked = (): boolean =>
      hasSpoken || (openedAt !== undefined && clock.monotonic() - openedAt >= SHORTEST_GOOD_STREAM_MS);
    try {
      const { version, isNew } = await this.#startingPoint(signal);
      const end = await watch(version, {
        ...this.#options,
        signal,
        lifetimeMs: Math.max(0, this.#listedAt + RELIST_MS - clock.monotonic()),
        onOpen: () => {
          openedAt = clock.monotonic();
          this.#opened();
          if (isNew) this.#connected();
          else cancelTrial = clock.setTimer(SHORTEST_GOOD_STREAM_MS, () => this.#connected());
        },
        onBatch: batch => {
          hasSpoken = true;
          this.#connected();
          this.#take(batch);
        },
      });
      if (end === 'silence') this.#isDoubtful = true;
      if (end === 'server' && !worked()) {
        throw new UnreachableError(`the API server ended the watch of ${this.#name} as soon as it began`);
      }
      this.#isProven = true;
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      const didWork = worked();
      if (didWork) this.#isProven = true;
      return this.#failed(error, didWork);
    } finally {
      cancelTrial();
    }
  }

  /** `isNew`: the server named this version just now, so it knows it. */
  async #startingPoint(signal: AbortSignal): Promise<{ readonly version: string; readonly isNew: boolean }> {
    const { client, collection, clock } = this.#options;
    const version = this.#version;
    if (version === undefined || clock.monotonic() - this.#listedAt >= RELIST_MS) {
      return { version: await this.#list(signal), isNew: true };
    }
    if (!this.#isDoubtful) return { version, isNew: false };
    const current = await currentVersion(client, collection, signal);
    this.#isDoubtful = false;
    if (compareVersions(current, version) >= 0) return { version, isNew: false };
    // A server that was rebuilt or restored: a watch from a version it has not reached yet would be silent for long.
    this.#options.logger.warn({ version, current }, `the API server went back in its history: listing ${this.#name}`);
    return { version: await this.#list(signal), isNew: true };
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, collection, clock, logger, target } = this.#options;
    this.#handOver(() => target.listing?.());
    const { items, resourceVersion } = await listAll(client, collection, signal);
    signal.throwIfAborted();
    const receivedAt = clock.monotonic();
    this.#versions.clear();
    for (const { metadata } of items) this.#versions.set(keyOf(metadata), metadata.resourceVersion);
    this.#version = resourceVersion;
    this.#listedAt = receivedAt;
    this.#hasListed = true;
    this.#isProven = false;
    this.#isDoubtful = false;
    logger.debug({ objects: items.length, version: resourceVersion }, `listed ${this.#name}`);
    this.#handOver(() => target.replaced(items));
    this.#handOver(() => target.settled(receivedAt));
    return resourceVersion;
  }

  #take({ changes, version, receivedAt }: Batch): void {
    if (this.#stopping.signal.aborted) return;
    const { target, clock } = this.#options;
    for (const change of changes) {
      if (this.#isFresh(change.object)) this.#handOver(() => target.changed(change));
    }
    if (version !== undefined) this.#version = version;
    if (changes.length === 0) return;
    this.#eventsTotal += changes.length;
    this.#lastEventAt = clock.now();
    this.#handOver(() => target.settled(receivedAt));
  }

  #isFresh({ metadata }: KubeObject): boolean {
    const key = keyOf(metadata);
    const known = this.#versions.get(key);
    if (known !== undefined && compareVersions(metadata.resourceVersion, known) < 0) return false;
    this.#versions.set(key, metadata.resourceVersion);
    return true;
  }

  #handOver(action: () => void): void {
    try {
      action();
    } catch (cause) {
      const error = new HandlerError(`a change of ${this.#name} could not be used: ${messageOf(cause)}`, { cause });
      this.#options.logger.error({ err: error, code: error.code }, error.message);
    }
  }

  #opened(): void {
    if (this.#isBroken) this.#restartsTotal += 1;
    this.#isBroken = false;
    this.#hasWatched = true;
  }

  #connected(): void {
    if (this.#state === 'connected') return;
    const isBack = this.#state !== 'starting';
    this.#state = 'connected';
    this.#problem = undefined;
    this.#lostAt = undefined;
    this.#connectedAt = this.#options.clock.monotonic();
    this.#options.logger.info(`${isBack ? 'back: ' : ''}watching ${this.#name}`);
    if (isBack) this.#handOver(() => this.#options.target.recovered?.());
  }

  /** @param didWork a stream stood before it failed @returns milliseconds to wait before the next attempt */
  #failed(error: unknown, didWork: boolean): number {
    const { clock, logger } = this.#options;
    const failure = failureOf(error);
    this.#isBroken = this.#hasWatched;
    if (this.#connectedAt !== undefined) this.#backoff.recovered(clock.monotonic() - this.#connectedAt);
    if (this.#problem instanceof NoAnswerError && !(failure instanceof NoAnswerError)) {
      this.#returnedAt = clock.monotonic();
      this.#backoff.reset();
    }
    const listsAnew = error instanceof WatchError || needsList(failure);
    const isPrompt = (listsAnew ? this.#isProven : didWork) && failure.retryAfterMs === 0;
    if (listsAnew) {
      this.#isProven = false;
      this.#version = undefined;
    } else {
      this.#isDoubtful = true;
    }
    // A version that grew too old is part of normal life; only when a new list does not help is it a state.
    if (!listsAnew || !isPrompt) this.#enter(stateOf(failure), failure);
    if (isPrompt) return 0;
    const delayMs = this.#isCheap(failure)
      ? this.#backoff.soon()
      : Math.max(this.#backoff.next(), failure.retryAfterMs);
    logger.debug({ code: failure.code, delayMs }, failure.message);
    return delayMs;
  }

  /** Whether to try again soon is no burden for anyone. */
  #isCheap(failure: KubeError): boolean {
    if (failure instanceof NoAnswerError || failure instanceof MissingFileError) return true;
    const isRefusal = failure instanceof ForbiddenError || failure instanceof UnauthorisedError;
    return isRefusal && this.#options.clock.monotonic() - this.#returnedAt < RETURN_MS;
  }

  #enter(state: State, failure: KubeError): void {
    this.#problem = failure;
    this.#connectedAt = undefined;
    this.#handOver(() => this.#options.target.failed(failure));
    if (this.#state === state) return;
    if (this.#state === 'connected') this.#lostAt = this.#options.clock.now();
    this.#state = state;
    const { logger, collection } = this.#options;
    const consequence = this.#hasListed ? 'What was read before keeps being served' : collection.unread;
    logger.warn({ code: failure.code }, `${state}: ${failure.message}. ${consequence}; trying again until it works.`);
  }
}

function failureOf(error: unknown): KubeError {
  if (error instanceof WatchError) return error.failure;
  return error instanceof KubeError ? error : new HandlerError(messageOf(error), { cause: error });
}

function keyOf({ namespace, name }: KubeObject['metadata']): string {
  return `${namespace}/${name}`;
}

/**
 * Whether a watch from the same version would meet the same failure. Of what the server answers only refusals of the
 * account and "not now" say nothing about the version: 410 is not the only word for one that is gone.
 */
function needsList(failure: KubeError): boolean {
  if (failure instanceof ForbiddenError || failure instanceof UnauthorisedError) return false;
  if (failure instanceof ApiError) return failure.status !== 429;
  return failure instanceof BadAnswerError || failure instanceof OversizedLineError;
}

function stateOf(failure: KubeError): State {
  if (failure instanceof ForbiddenError) return 'forbidden';
  return failure instanceof UnauthorisedError ? 'unauthorised' : 'lost';
}
