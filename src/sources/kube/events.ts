/** Tells the owners of Services what became of them, by Kubernetes Events (`kubectl describe service`). */
import type { Logger } from '../../observe/logger.ts';
import { serviceKey } from '../../routing/route.ts';
import { Backoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { ApiError, ForbiddenError, UnauthorisedError, unreachable } from './errors.ts';
import { EventBudget } from './event-budget.ts';
import { eventName, eventObject, identityOf, repetition, type ServiceEvent } from './event-object.ts';

/** Waiting ones. Beyond, Events are dropped: they are a courtesy, and memory is bounded. */
const LONGEST_QUEUE = 1_000;
/** Good news leave room for bad ones. */
const LONGEST_QUEUE_NORMAL = LONGEST_QUEUE / 2;
/** Of one Service, the newest: what it was in between is of no use to anybody. */
const LONGEST_QUEUE_OF_SERVICE = 10;
/** At most ten in a second: a cluster with thousands of Services must not feel it when the entry starts. */
const PAUSE_MS = 100;
/** How often it is looked whether a Service that has used up its budget may cause an Event again. */
const LOOK_MS = 1_000;
const TIMEOUT_MS = 10_000;
/** A starting API server refuses everything until it has read its roles: only after so many refusals is the right missing. */
const REFUSALS = 4;
/** How often replicas may get in each other's way over one Event. */
const COLLISIONS = 3;

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Which replica says it: the pod's name. */
  readonly reportingInstance: string;
  readonly clock?: Clock;
  readonly random?: () => number;
}

interface Waiting extends ServiceEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Of one namespace, for want of a right or because it is being deleted: no reason to keep the others waiting. */
interface Refusals {
  /** In a row. */
  count: number;
  readonly backoff: Backoff;
  /** When to try again, of the monotonic clock. */
  until: number;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #budget = new EventBudget();
  readonly #stopping = new AbortController();
  /** By identity, in the order in which they came. */
  readonly #queue = new Map<string, Waiting>();
  /** How many of each Service are among them. */
  readonly #waiting = new Map<string, number>();
  #sending: Promise<void> | undefined;
  readonly #refusals = new Map<string, Refusals>();
  /** Code of the failure that the log knows of. */
  #failure: string | undefined;
  /** The log knows that Events cannot be changed. */
  #isCountMissed = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff(options.random ?? Math.random);
  }

  /** Returns at once and never throws; the Event is posted when it can be, or dropped. */
  record(event: ServiceEvent): void {
    if (this.#stopping.signal.aborted) return;
    const service = serviceKey(event.service);
    // Said again before it was posted: then it is the newest word on its Service.
    this.#remove(identityOf(event));
    if ((this.#waiting.get(service) ?? 0) >= LONGEST_QUEUE_OF_SERVICE) {
      const oldest = this.#queue.entries().find(([, other]) => serviceKey(other.service) === service);
      if (oldest !== undefined) this.#remove(oldest[0]);
    }
    if (this.#queue.size >= (event.type === 'Warning' ? LONGEST_QUEUE : LONGEST_QUEUE_NORMAL)) return;
    this.#queue.set(identityOf(event), { ...event, at: this.#clock.now() });
    this.#waiting.set(service, (this.#waiting.get(service) ?? 0) + 1);
    this.#sending ??= this.#send();
  }

  /** Drops what still waits. Resolves when no connection is used any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sending;
  }

  #remove(identity: string): void {
    const event = this.#queue.get(identity);
    if (event === undefined) return;
    this.#queue.delete(identity);
    const service = serviceKey(event.service);
    const left = (this.#waiting.get(service) ?? 1) - 1;
    if (left === 0) this.#waiting.delete(service);
    else this.#waiting.set(service, left);
  }

  async #send(): Promise<void> {
    const { signal } = this.#stopping;
    while (this.#queue.size > 0 && !signal.aborted) {
      const event = this.#next();
      let pauseMs = event === undefined ? LOOK_MS : PAUSE_MS;
      if (event !== undefined) {
        try {
          await this.#post(event, signal);
          this.#budget.spend(serviceKey(event.service), this.#clock.monotonic());
          this.#done(event);
          this.#worked(event);
        } catch (error) {
          if (signal.aborted) return;
          if (error instanceof ForbiddenError) {
            this.#refused(event, error);
          } else {
            if (!isPassing(error)) this.#done(event);
            pauseMs = this.#failed(error);
          }
        }
      }
      await sleep(this.#clock, pauseMs, signal);
    }
    // In the same turn that saw the queue empty, so that no Event is left waiting for the next one.
    this.#sending = undefined;
  }

  /** The first whose Service has a budget left: of one Service they keep their order. */
  #next(): Waiting | undefined {
    const now = this.#clock.monotonic();
    return this.#queue
      .values()
      .find(
        ({ service }) =>
          (this.#refusals.get(service.namespace)?.until ?? now) <= now && this.#budget.allows(serviceKey(service), now),
      );
  }

  #done(event: Waiting): void {
    const identity = identityOf(event);
    // It may have been said again while it was on its way.
    if (this.#queue.get(identity) === event) this.#remove(identity);
  }

  async #post(event: Waiting, signal: AbortSignal): Promise<void> {
    const { client, reportingInstance } = this.#options;
    const { namespace } = event.service;
    const body = eventObject(event, { at: event.at, reportingInstance });
    try {
      const operation = { verb: 'create', resource: 'events', namespace } as const;
      await client.json({ operation, body, signal, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      // AlreadyExists: it was said before, or another replica said it first, or this one did and did not get the answer.
      if (!isConflict(error)) throw error;
      await this.#count(event, signal);
    }
  }

  async #count(event: Waiting, signal: AbortSignal): Promise<void> {
    try {
      await this.#repeat(event, signal);
      this.#isCountMissed = false;
    } catch (error) {
      if (!(error instanceof ForbiddenError)) throw error;
      // The Event is there, only its count and its time are not right.
      if (!this.#isCountMissed) {
        this.#options.logger.warn({ code: error.code }, `Events on Services cannot be counted: ${error.message}`);
      }
      this.#isCountMissed = true;
    }
  }

  async #repeat(event: Waiting, signal: AbortSignal): Promise<void> {
    const { reportingInstance } = this.#options;
    for (let collisions = 0; collisions < COLLISIONS; collisions += 1) {
      // A change of nothing shows the Event, without the right to read Events.
      const known = await this.#patch(event, {}, signal);
      const change = repetition(known, event, { at: event.at, reportingInstance });
      if (change === undefined) return;
      try {
        await this.#patch(event, change, signal);
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  }

  #patch(event: Waiting, body: object, signal: AbortSignal): Promise<unknown> {
    const operation = { verb: 'patch', resource: 'events', namespace: event.service.namespace } as const;
    return this.#options.client.json({ operation, name: eventName(event), body, signal, timeoutMs: TIMEOUT_MS });
  }

  #worked({ service: { namespace } }: Waiting): void {
    const { logger } = this.#options;
    this.#backoff.reset();
    if (this.#refusals.delete(namespace)) {
      logger.info(`back: Events on Services in namespace "${namespace}" are posted again`);
    }
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    logger.info('back: Events on Services are posted again');
  }

  /** After a few in a row, what waits in this namespace is dropped; what comes later is tried once. */
  #refused({ service: { namespace } }: Waiting, error: ForbiddenError): void {
    let refusals = this.#refusals.get(namespace);
    if (refusals === undefined) {
      refusals = { count: 0, backoff: new Backoff(this.#options.random ?? Math.random), until: 0 };
      this.#refusals.set(namespace, refusals);
      this.#options.logger.warn(
        { code: error.code },
        `Events on Services cannot be posted: ${error.message}. Routing goes on.`,
      );
    }
    refusals.count += 1;
    refusals.until = this.#clock.monotonic() + refusals.backoff.next();
    if (refusals.count < REFUSALS) return;
    for (const [identity, { service }] of this.#queue) if (service.namespace === namespace) this.#remove(identity);
  }

  /** For what concerns them all. @returns milliseconds to wait before the next try */
  #failed(error: unknown): number {
    const failure = unreachable(error, 'its address');
    if (this.#failure !== failure.code) {
      this.#failure = failure.code;
      const { logger } = this.#options;
      logger.warn({ code: failure.code }, `Events on Services cannot be posted: ${failure.message}. Routing goes on.`);
    }
    return Math.max(this.#backoff.next(), failure.retryAfterMs);
  }
}

/** Whether the same Event may be taken later: not if the API server found fault with it. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  return error instanceof UnauthorisedError || error.status === 429 || error.status >= 500;
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}
