/** Tells the owners of Services and Ingresses what became of them, by Kubernetes Events (`kubectl describe ingress`). */

import { type Clock, sleep, systemClock } from '../../clock.ts';
import type { Logger } from '../../observe/logger.ts';
import { Backoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { ApiError, ForbiddenError, UnauthorisedError, unreachable } from './errors.ts';
import { EventBudget } from './event-budget.ts';
import { eventName, eventNamespace, eventObject, repetition, type ServiceEvent, subjectKey } from './event-object.ts';
import { EventQueue, type WaitingEvent } from './event-queue.ts';

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
  readonly #queue = new EventQueue();
  #sending: Promise<void> | undefined;
  readonly #refusals = new Map<string, Refusals>();
  /** Code of the failure that the log knows of. */
  #failure: string | undefined;
  /** The log knows that Events cannot be changed. */
  #isCountMissed = false;
  #posted = 0;
  #leftOut = 0;
  /** Left out because too many waited, since the queue was empty. */
  #overflow = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff(options.random ?? Math.random);
  }

  /** Since the start; what was posted by another replica before counts as posted. */
  get statistics(): { readonly posted: number; readonly leftOut: number } {
    return { posted: this.#posted, leftOut: this.#leftOut };
  }

  /** Returns at once and never throws; the Event is posted when it can be, or left out. */
  record(event: ServiceEvent): void {
    if (this.#stopping.signal.aborted) return;
    const leftOut = this.#queue.add({ ...event, at: this.#clock.now() });
    if (leftOut > 0 && this.#overflow === 0) {
      this.#options.logger.warn('Events are left out: more happens than can be posted. Warnings come first.');
    }
    this.#leftOut += leftOut;
    this.#overflow += leftOut;
    this.#sending ??= this.#send();
  }

  /** Drops what still waits. Resolves when no connection is in use. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { signal } = this.#stopping;
    while (this.#queue.size > 0 && !signal.aborted) {
      const event = this.#next();
      let pauseMs = event === undefined ? LOOK_MS : PAUSE_MS;
      if (event !== undefined) {
        try {
          await this.#post(event, signal);
          this.#budget.spend(subjectKey(event.service), this.#clock.monotonic());
          this.#queue.done(event);
          this.#posted += 1;
          this.#worked(event);
        } catch (error) {
          if (signal.aborted) return;
          if (error instanceof ForbiddenError) {
            this.#refused(event, error);
          } else {
            if (!isPassing(error)) {
              this.#queue.done(event);
              this.#leftOut += 1;
            }
            pauseMs = this.#failed(error);
          }
        }
      }
      await sleep(this.#clock, pauseMs, signal);
    }
    if (this.#overflow > 0) this.#options.logger.warn(`${this.#overflow} Events were left out`);
    this.#overflow = 0;
    // In the same turn that saw the queue empty, so that no Event is left waiting for the next one.
    this.#sending = undefined;
  }

  #next(): WaitingEvent | undefined {
    const now = this.#clock.monotonic();
    return this.#queue.next(
      ({ service }) =>
        (this.#refusals.get(service.namespace)?.until ?? now) <= now && this.#budget.allows(subjectKey(service), now),
    );
  }

  async #post(event: WaitingEvent, signal: AbortSignal): Promise<void> {
    const { client, reportingInstance } = this.#options;
    const namespace = eventNamespace(event.service);
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

  async #count(event: WaitingEvent, signal: AbortSignal): Promise<void> {
    try {
      await this.#repeat(event, signal);
      this.#isCountMissed = false;
    } catch (error) {
      if (!(error instanceof ForbiddenError)) throw error;
      // The Event is there, only its count and its time are not right.
      if (!this.#isCountMissed) {
        this.#options.logger.warn({ code: error.code }, `Events cannot be counted: ${error.message}`);
      }
      this.#isCountMissed = true;
    }
  }

  async #repeat(event: WaitingEvent, signal: AbortSignal): Promise<void> {
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

  #patch(event: WaitingEvent, body: object, signal: AbortSignal): Promise<unknown> {
    const operation = { verb: 'patch', resource: 'events', namespace: eventNamespace(event.service) } as const;
    return this.#options.client.json({ operation, name: eventName(event), body, signal, timeoutMs: TIMEOUT_MS });
  }

  #worked({ service: { namespace } }: WaitingEvent): void {
    const { logger } = this.#options;
    this.#backoff.reset();
    if (this.#refusals.delete(namespace)) {
      logger.info(`back: Events in namespace "${namespace}" are posted again`);
    }
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    logger.info('back: Events are posted again');
  }

  /** After a few in a row, what waits in this namespace is dropped; what comes later is tried once. */
  #refused({ service: { namespace } }: WaitingEvent, error: ForbiddenError): void {
    let refusals = this.#refusals.get(namespace);
    if (refusals === undefined) {
      refusals = { count: 0, backoff: new Backoff(this.#options.random ?? Math.random), until: 0 };
      this.#refusals.set(namespace, refusals);
      this.#options.logger.warn({ code: error.code }, `Events cannot be posted: ${error.message}. Routing goes on.`);
    }
    refusals.count += 1;
    refusals.until = this.#clock.monotonic() + refusals.backoff.next();
    if (refusals.count < REFUSALS) return;
    this.#leftOut += this.#queue.leaveOut(namespace);
  }

  /** For what concerns them all. @returns milliseconds to wait before the next try */
  #failed(error: unknown): number {
    const failure = unreachable(error, 'its address');
    if (this.#failure !== failure.code) {
      this.#failure = failure.code;
      const { logger } = this.#options;
      logger.warn({ code: failure.code }, `Events cannot be posted: ${failure.message}. Routing goes on.`);
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
