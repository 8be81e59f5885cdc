/** Tells the owners of Services what became of them, by Kubernetes Events (`kubectl describe service`). */
import { createHash } from 'node:crypto';
import type { Logger } from '../../observe/logger.ts';
import { Backoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { ApiError, ForbiddenError, UnauthorisedError, unreachable } from './errors.ts';

/** The API server forgets an Event after an hour; what still holds may be said again in time. */
const REPEAT_MS = 1_800_000;
/** So many different ones are remembered; of older ones, a repeat meets the Event itself, which is no harm. */
const REMEMBERED = 10_000;
/** Waiting ones. Beyond, Events are dropped: they are a courtesy, and memory is bounded. */
const LONGEST_QUEUE = 1_000;
/** Good news leave room for bad ones. */
const LONGEST_QUEUE_NORMAL = LONGEST_QUEUE / 2;
/** At most ten in a second: a cluster with thousands of Services must not feel it when the entry starts. */
const PAUSE_MS = 100;
const TIMEOUT_MS = 10_000;
/** A starting API server refuses everything until it has read its roles: only after so many refusals is the right missing. */
const REFUSALS = 4;
/** As the API of events.k8s.io limits it. */
const LONGEST_MESSAGE = 1_024;

/** The Service an Event is about. A watched ServiceObject's metadata will do. */
export interface EventSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface ServiceEvent {
  readonly service: EventSubject;
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

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

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  readonly #queue: Waiting[] = [];
  /** What was said, to when; the oldest first. */
  readonly #said = new Map<string, number>();
  #sending: Promise<void> | undefined;
  /** How often in a row the first of the queue was refused for want of a right. */
  #refusals = 0;
  /** Code of the failure that the log knows of. */
  #failure: string | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff(options.random ?? Math.random);
  }

  /** Returns at once and never throws; the Event is posted when it can be, or dropped. */
  record(event: ServiceEvent): void {
    if (this.#stopping.signal.aborted || this.#wasSaid(event)) return;
    if (this.#queue.length >= (event.type === 'Warning' ? LONGEST_QUEUE : LONGEST_QUEUE_NORMAL)) return;
    this.#remember(event);
    this.#queue.push({ ...event, at: this.#clock.now() });
    this.#sending ??= this.#send();
  }

  /** Drops what still waits. Resolves when no connection is used any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sending;
  }

  #wasSaid(event: ServiceEvent): boolean {
    const at = this.#said.get(identityOf(event));
    return at !== undefined && this.#clock.monotonic() - at < REPEAT_MS;
  }

  #remember(event: ServiceEvent): void {
    const identity = identityOf(event);
    this.#said.delete(identity);
    this.#said.set(identity, this.#clock.monotonic());
    if (this.#said.size <= REMEMBERED) return;
    const [oldest] = this.#said.keys();
    if (oldest !== undefined) this.#said.delete(oldest);
  }

  async #send(): Promise<void> {
    const { signal } = this.#stopping;
    for (let event = this.#queue[0]; event !== undefined && !signal.aborted; event = this.#queue[0]) {
      let pauseMs = PAUSE_MS;
      try {
        await this.#post(event, signal);
        this.#queue.shift();
        this.#refusals = 0;
        this.#worked();
      } catch (error) {
        if (signal.aborted) return;
        this.#refusals = error instanceof ForbiddenError ? this.#refusals + 1 : 0;
        if (!isPassing(error) || this.#refusals === REFUSALS) {
          this.#queue.shift();
          this.#refusals = 0;
        }
        pauseMs = this.#failed(error);
      }
      await sleep(this.#clock, pauseMs, signal);
    }
    // In the same turn that saw the queue empty, so that no Event is left waiting for the next one.
    this.#sending = undefined;
  }

  async #post(event: Waiting, signal: AbortSignal): Promise<void> {
    const { client, reportingInstance } = this.#options;
    const { namespace } = event.service;
    try {
      await client.json({
        operation: { verb: 'create', resource: 'events', namespace },
        body: eventObject(event, reportingInstance),
        signal,
        timeoutMs: TIMEOUT_MS,
      });
    } catch (error) {
      // AlreadyExists: another replica said it first, or this one did and did not get the answer.
      if (error instanceof ApiError && error.status === 409) return;
      throw error;
    }
  }

  #worked(): void {
    this.#backoff.reset();
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#options.logger.info('back: Events on Services are posted again');
  }

  /** @returns milliseconds to wait before the next try */
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
  if (!(error instanceof ApiError) || error instanceof ForbiddenError) return true;
  return error instanceof UnauthorisedError || error.status === 429 || error.status >= 500;
}

function identityOf({ service, reason, message }: ServiceEvent): string {
  return JSON.stringify([service.uid ?? [service.namespace, service.name], reason, message]);
}

/** A v1 Event. Its name follows from what it says, so that replicas that say the same make one Event of it. */
function eventObject(event: Waiting, reportingInstance: string) {
  const { service, type, reason, at } = event;
  const { namespace, name, uid, resourceVersion } = service;
  const digest = createHash('sha256').update(identityOf(event)).digest('hex').slice(0, 16);
  const timestamp = `${new Date(at).toISOString().slice(0, 19)}Z`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${digest}`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Service', namespace, name, uid, resourceVersion },
    type,
    reason,
    message: shortened(event.message),
    source: { component: 'kube-entry', host: reportingInstance },
    reportingComponent: 'kube-entry.io/kube-entry',
    reportingInstance,
    firstTimestamp: timestamp,
    lastTimestamp: timestamp,
    count: 1,
  };
}

function shortened(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE - 1)}…`;
}
