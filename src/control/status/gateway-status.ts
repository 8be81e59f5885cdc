/** Writes the statuses of objects of the Gateway API: what is said of them, put into what the API server has. */
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../observe/logger.ts';
import { isObject } from '../../resources/service-object.ts';
import { Backoff } from '../../sources/kube/backoff.ts';
import { ApiError, ForbiddenError, KubeError } from '../../sources/kube/errors.ts';
import { compareVersions } from '../../sources/kube/resource-version.ts';
import type { ObjectStatus } from '../../translate/gateway/gateway-status.ts';
import { Contests } from './contests.ts';
import { mergedStatus } from './merged-status.ts';
import { WriteRate } from './write-rate.ts';

/** What changes again within so long is written once. */
const GATHER_MS = 200;
const MOST_IN_FLIGHT = 8;
/** After another program was faster, doubled each time. */
const CONFLICT_MS = 50;
const LONGEST_CONFLICT_MS = 5_000;
/** A right that is missing is not about to come. */
const REFUSED_MS = 30_000;

/** An object whose status is written. */
export type StatusObject = ObjectStatus['object'];

/** An object as the API server has it. */
export interface StoredObject {
  readonly uid: string | undefined;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly status: unknown;
}

export interface GatewayStatusOptions {
  readonly controllerName: string;
  readonly keyOf: (object: StatusObject) => string;
  /** As the watch shows it; undefined: there is no such object. */
  readonly stored: (object: StatusObject) => StoredObject | undefined;
  /** All objects that have a status. */
  readonly all: () => Iterable<StatusObject>;
  /** Whether this replica is the one that writes. */
  readonly isWriter: () => boolean;
  /** @returns the object as it is then; `changed`: it is another version now @throws KubeError */
  readonly write: (
    object: StatusObject,
    before: StoredObject,
    status: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ) => Promise<StoredObject | 'changed' | 'gone'>;
  /** The object as it is now; undefined: there is no such object. @throws KubeError */
  readonly read: (object: StatusObject, signal: AbortSignal) => Promise<StoredObject | undefined>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface StatusCounts {
  readonly written: number;
  /** Another program had changed the object meanwhile. */
  readonly conflicts: number;
  readonly failed: number;
}

/** One write that is to be made. */
interface Plan {
  readonly object: StatusObject;
  readonly before: StoredObject;
  readonly status: Readonly<Record<string, unknown>>;
  /** What is said of it, to tell one reason for a write from the next. */
  readonly said: string;
}

/** What was written of an object last. */
interface Last {
  readonly at: number;
  readonly sent: string;
  /** What the API server made of it: one with older CRDs leaves fields out. */
  readonly stored: string;
}

export class GatewayStatus {
  readonly #options: GatewayStatusOptions;
  readonly #stopping = new AbortController();
  readonly #backoff: Backoff;
  readonly #rate: WriteRate;
  readonly #contests: Contests;
  /** By key: what is said, and whose it is. */
  readonly #said = new Map<string, ObjectStatus>();
  readonly #objects = new Map<string, StatusObject>();
  /** As the API server answered, until the watch has caught up. */
  readonly #newest = new Map<string, StoredObject>();
  readonly #last = new Map<string, Last>();
  readonly #conflicts = new Map<string, number>();
  /** What the API server has refused as invalid. */
  readonly #invalid = new Map<string, string>();
  /** Those to look at, in their order. */
  readonly #due = new Set<string>();
  /** Those to look at later; whatever happens of them meanwhile waits, too. */
  readonly #waiting = new Map<string, () => void>();
  /** Those to write again later, unless something else is to be written before. */
  readonly #contested = new Map<string, () => void>();
  readonly #inFlight = new Map<string, Promise<void>>();
  #cancelPause: (() => void) | undefined;
  #hasHeard = false;
  #isContestTold = false;
  #problem: string | undefined;
  #counts = { written: 0, conflicts: 0, failed: 0 };

  constructor(options: GatewayStatusOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#rate = new WriteRate(options.clock);
    this.#contests = new Contests(options.clock);
  }

  /** Why statuses are not written; undefined while nothing keeps them from being written. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get counts(): StatusCounts {
    return { ...this.#counts };
  }

  /** @param news by key, what is said otherwise than before; undefined: no part of the object's status is ours any longer */
  said(news: ReadonlyMap<string, ObjectStatus | undefined>): void {
    for (const [key, status] of news) {
      if (status === undefined) this.#said.delete(key);
      else {
        this.#said.set(key, status);
        this.#objects.set(key, status.object);
      }
      this.#touchKey(key);
    }
    if (!this.#hasHeard) {
      this.#hasHeard = true;
      this.lookAtAll();
    }
  }

  /** The API server shows another version of an object, or no longer shows it. */
  touch(object: StatusObject): void {
    const key = this.#options.keyOf(object);
    this.#objects.set(key, object);
    this.#touchKey(key);
  }

  /** This replica has become the one that writes, say. */
  lookAtAll(): void {
    if (!this.#hasHeard || !this.#options.isWriter()) return;
    for (const object of this.#options.all()) this.touch(object);
  }

  /** Resolves when the last write has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelPause?.();
    for (const cancel of [...this.#waiting.values(), ...this.#contested.values()]) cancel();
    await Promise.all(this.#inFlight.values());
  }

  #touchKey(key: string): void {
    // Before the catalog has spoken, what is ours in a status is not known.
    if (!this.#hasHeard || this.#stopping.signal.aborted || this.#waiting.has(key)) return;
    const last = this.#last.get(key);
    const waitMs = last === undefined ? 0 : last.at + GATHER_MS - this.#options.clock.monotonic();
    if (waitMs > 0) this.#later(this.#waiting, key, waitMs);
    else {
      this.#due.add(key);
      this.#pump();
    }
  }

  #later(timers: Map<string, () => void>, key: string, waitMs: number): void {
    timers.get(key)?.();
    const cancel = this.#options.clock.setTimer(waitMs, () => {
      timers.delete(key);
      this.#due.add(key);
      this.#pump();
    });
    timers.set(key, cancel);
  }

  #pump(): void {
    if (this.#stopping.signal.aborted) return;
    if (!this.#options.isWriter()) {
      this.#due.clear();
      return;
    }
    for (const key of this.#due) {
      if (this.#cancelPause !== undefined || this.#inFlight.size >= MOST_IN_FLIGHT) return;
      if (this.#inFlight.has(key)) continue;
      this.#due.delete(key);
      const plan = this.#plan(key);
      if (plan === undefined) continue;
      const waitMs = this.#rate.take();
      if (waitMs > 0) {
        this.#due.add(key);
        this.#pause(waitMs);
        return;
      }
      const writing = this.#write(key, plan).finally(() => {
        this.#inFlight.delete(key);
        this.#pump();
      });
      this.#inFlight.set(key, writing);
    }
  }

  #pause(waitMs: number): void {
    this.#cancelPause?.();
    this.#cancelPause = this.#options.clock.setTimer(waitMs, () => {
      this.#cancelPause = undefined;
      this.#pump();
    });
  }

  /** Undefined: nothing is to be written now. */
  #plan(key: string): Plan | undefined {
    const object = this.#objects.get(key);
    const before = object && this.#stored(key, object);
    if (object === undefined || before === undefined) {
      this.#forget(key);
      return undefined;
    }
    const status = this.#said.get(key);
    // It is about to be translated.
    if (status !== undefined && status.generation < before.generation) return undefined;
    const { controllerName, clock } = this.#options;
    const merged = mergedStatus(before.status, object.kind, status, { controllerName, now: clock.now() });
    // Of an object that was made again, nothing has been said yet.
    const said = JSON.stringify([before.uid, status]);
    if (merged.outcome === 'full')
      this.#refuse(key, object, said, 'other controllers have written as much as it can hold');
    if (merged.outcome !== 'changed' || this.#invalid.get(key) === said) return undefined;
    const last = this.#last.get(key);
    if (last?.sent === said && last.stored === JSON.stringify(before.status)) return undefined;
    const waitMs = this.#contests.wait(key, said);
    if (waitMs > 0) {
      this.#tellContest(object);
      this.#later(this.#contested, key, waitMs);
      return undefined;
    }
    return { object, before, status: merged.status, said };
  }

  /** The newest version that is known. */
  #stored(key: string, object: StatusObject): StoredObject | undefined {
    const watched = this.#options.stored(object);
    const answered = this.#newest.get(key);
    if (watched === undefined || answered === undefined) return watched;
    const isAhead =
      watched.uid === answered.uid && compareVersions(answered.resourceVersion, watched.resourceVersion) > 0;
    if (isAhead) return answered;
    this.#newest.delete(key);
    return watched;
  }

  /** Never rejects. */
  async #write(key: string, { object, before, status, said }: Plan): Promise<void> {
    const { signal } = this.#stopping;
    const { write, clock } = this.#options;
    try {
      const after = await write(object, before, status, signal);
      this.#worked();
      if (after === 'gone') return;
      if (after === 'changed') {
        await this.#readAgain(key, object, signal);
        return;
      }
      this.#counts.written += 1;
      this.#conflicts.delete(key);
      this.#newest.set(key, after);
      this.#last.set(key, { at: clock.monotonic(), sent: said, stored: JSON.stringify(after.status) });
      this.#contests.written(key, said);
    } catch (error) {
      if (!signal.aborted) this.#failed(key, object, said, error);
    }
  }

  /** Another program was faster. The watch may be behind. @throws KubeError */
  async #readAgain(key: string, object: StatusObject, signal: AbortSignal): Promise<void> {
    this.#counts.conflicts += 1;
    const times = this.#conflicts.get(key) ?? 0;
    this.#conflicts.set(key, times + 1);
    const now = await this.#options.read(object, signal);
    if (now === undefined) return;
    this.#newest.set(key, now);
    const ceiling = Math.min(CONFLICT_MS * 2 ** times, LONGEST_CONFLICT_MS);
    if (!signal.aborted) this.#later(this.#waiting, key, ceiling * (0.5 + this.#options.random() / 2));
  }

  #worked(): void {
    if (this.#problem !== undefined) this.#options.logger.info('back: the statuses of Gateways and routes are written');
    this.#problem = undefined;
    this.#backoff.reset();
  }

  #failed(key: string, object: StatusObject, said: string, error: unknown): void {
    this.#counts.failed += 1;
    if (error instanceof ApiError && (error.status === 422 || error.status === 400)) {
      this.#refuse(key, object, said, error.message);
      return;
    }
    this.#due.add(key);
    const problem = `the statuses of Gateways and routes are not written: ${messageOf(error)}`;
    if (this.#problem === undefined) this.#options.logger.warn(`${problem}. Trying again until it works.`);
    this.#problem = problem;
    const askedFor = error instanceof KubeError ? error.retryAfterMs : 0;
    this.#pause(error instanceof ForbiddenError ? REFUSED_MS : Math.max(this.#backoff.next(), askedFor));
  }

  /** Nothing else is tried until something else is said. */
  #refuse(key: string, { kind, namespace, name }: StatusObject, said: string, why: string): void {
    if (this.#invalid.get(key) === said) return;
    this.#invalid.set(key, said);
    this.#options.logger.warn(`the status of ${kind} ${namespace}/${name} cannot be written: ${why}`);
  }

  #tellContest({ kind, namespace, name }: StatusObject): void {
    if (this.#isContestTold) return;
    this.#isContestTold = true;
    this.#options.logger.warn(
      `another program writes something else into our part of the status of ${kind} ${namespace}/${name}: ours is written again once a minute; let one of the two have another controller name`,
    );
  }

  #forget(key: string): void {
    for (const known of [this.#objects, this.#newest, this.#last, this.#conflicts, this.#invalid]) known.delete(key);
    this.#contests.forget(key);
  }
}

/** What of an answer of the API server counts here. */
export function storedObject(value: unknown): StoredObject {
  const object = isObject(value) ? value : {};
  const { uid, resourceVersion, generation } = isObject(object.metadata) ? object.metadata : {};
  return {
    uid: typeof uid === 'string' ? uid : undefined,
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    generation: typeof generation === 'number' ? generation : 0,
    status: object.status,
  };
}
