/** The worker threads: started, asked whether they answer, replaced when they die or hang, ended at the end. */

import type { Clock } from '../clock.ts';
import { WriteTurn } from '../dataplane/log/write-turn.ts';
import { messageOf, UnavailableError } from '../errors.ts';
import type { LimitBoard } from '../limits/limits.ts';
import type { Spent } from '../limits/spending.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import type { WorkerCounters } from '../observe/counters.ts';
import type { EndpointBoard } from '../observe/endpoint-board.ts';
import type { FailureLog } from '../observe/failure-log.ts';
import type { Logger } from '../observe/logger.ts';
import { clientBytesOf } from './client-bytes.ts';
import type { Distribution } from './distribution.ts';
import type { EndpointJudge } from './endpoint-judge.ts';
import { workerHeapLimit } from './heap-limit.ts';
import type { FromWorker, Listeners, ToWorker } from './messages.ts';
import type { PortReports } from './port-reports.ts';
import { ThreadPriorities } from './thread-priorities.ts';
import { WorkerThread } from './worker-thread.ts';

/** A worker that dies at once is not started again in a tight loop. */
const FIRST_RESTART_MS = 50;
const SLOWEST_RESTART_MS = 5_000;
/** One that has lived this long has earned a quick restart. */
const HEALTHY_MS = 60_000;

/** How often workers are asked whether they answer. */
const ASK_EVERY_MS = 1_000;
/** If the main thread itself stood still, the workers had no chance to answer: no more than this counts. */
const LONGEST_PASS_MS = 2 * ASK_EVERY_MS;
/** The place of one worker: what outlives its thread. */
interface Place {
  /** From one on. */
  readonly number: number;
  readonly counters: WorkerCounters;
  thread: WorkerThread | undefined;
  startedAt: number;
  restartDelayMs: number;
  restartTimer: NodeJS.Timeout | undefined;
}

/** How a worker is; times in milliseconds. */
export interface WorkerReport {
  readonly isAlive: boolean;
  /** Of the table that it serves; below 0 before its first. */
  readonly version: number;
  readonly startedAt: number;
  /** How long it has owed an answer. */
  readonly silentMs: number;
  /** Never: it hangs, and nothing but the end of the process ends it. */
  readonly answers: 'in time' | 'late' | 'never';
}

export interface SupervisorOptions {
  readonly distribution: Distribution;
  readonly board: CounterBoard;
  readonly endpoints: EndpointBoard;
  readonly limits: LimitBoard;
  readonly portReports: PortReports;
  /** Of rate limits. */
  readonly onSpent: (spent: readonly Spent[]) => void;
  readonly logger: Logger;
  readonly failures: Pick<FailureLog, 'take'>;
  readonly health: Pick<EndpointJudge, 'suspect'>;
  readonly clock: Clock;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #places: Place[] = [];
  readonly #logTurn = WriteTurn.shared();
  readonly #priorities = new ThreadPriorities();
  readonly #stuck = Promise.withResolvers<void>();
  readonly #stopAsking: () => void;
  #listeners: Listeners | undefined;
  #clientBytes = 0;
  #reusePort = false;
  #heapLimit: number | undefined;
  #phase: 'running' | 'draining' | 'closed' = 'running';
  #onDrained: (() => void) | undefined;
  restarts = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    let last = options.clock.monotonic();
    this.#stopAsking = options.clock.repeat(ASK_EVERY_MS, () => {
      const now = options.clock.monotonic();
      this.#ask(Math.min(now - last, LONGEST_PASS_MS));
      last = now;
    });
  }

  get size(): number {
    return this.#places.length;
  }

  /** Workers that run now: fewer than {@link size} while one that died is replaced. */
  get alive(): number {
    return this.#places.filter(({ thread }) => thread !== undefined).length;
  }

  /** Resolves when a worker hangs that nothing ends: its share of the connections waits for ever, until the process ends. */
  get stuck(): Promise<void> {
    return this.#stuck.promise;
  }

  report(): readonly WorkerReport[] {
    return this.#places.map(({ thread, startedAt }) => ({
      isAlive: thread !== undefined,
      version: thread?.subscription.version ?? -1,
      startedAt,
      silentMs: thread?.subscription.silentMs ?? 0,
      answers: thread?.answers ?? 'in time',
    }));
  }

  /** Starts the workers. @returns where they listen @throws UnavailableError */
  async start(count: number, listeners: Listeners, reusePort: boolean): Promise<Listeners> {
    this.#reusePort = reusePort;
    this.#heapLimit = workerHeapLimit(count);
    this.#clientBytes = clientBytesOf(count);
    this.#listeners = listeners;
    // The first one settles the ports, where the system chooses them.
    this.#listeners = await this.#add();
    await Promise.all(Array.from({ length: count - 1 }, () => this.#add()));
    return this.#listeners;
  }

  /** From now on workers go before the main thread. */
  yieldToWorkers(): void {
    this.#priorities.yieldToWorkers();
  }

  broadcast(message: ToWorker): void {
    for (const { thread } of this.#places) thread?.post(message);
  }

  /** Stops accepting. @returns when all requests and tunnels have ended */
  drain(): Promise<void> {
    this.#phase = 'draining';
    this.broadcast({ type: 'drain' });
    return new Promise(resolve => {
      this.#onDrained = resolve;
      this.#settleDrained();
    });
  }

  /** Ends everything now. @returns whether all threads have ended: one that hangs outside of JavaScript does not */
  async close(): Promise<boolean> {
    this.#phase = 'closed';
    this.#stopAsking();
    const ended = this.#places.map(({ thread, restartTimer }) => {
      clearTimeout(restartTimer);
      return thread === undefined || thread.end();
    });
    return (await Promise.all(ended)).every(hasEnded => hasEnded);
  }

  #add(): Promise<Listeners> {
    const place: Place = {
      number: this.#places.length + 1,
      counters: this.#options.board.addRegion(),
      thread: undefined,
      startedAt: 0,
      restartDelayMs: FIRST_RESTART_MS,
      restartTimer: undefined,
    };
    this.#places.push(place);
    return this.#spawn(place);
  }

  #spawn(place: Place): Promise<Listeners> {
    const [listeners, reusePort] = [this.#listeners, this.#reusePort];
    if (this.#phase === 'closed' || listeners === undefined) {
      return Promise.reject(new UnavailableError('the workers were ended'));
    }
    const { distribution, endpoints, limits, logger } = this.#options;
    const { number, counters } = place;
    const shared = {
      counters: counters.buffer,
      endpoints: { shared: endpoints.buffer, row: rowOf(place) },
      limits: limits.share(rowOf(place)),
      logTurn: { shared: this.#logTurn, id: number },
    };
    const thread = new WorkerThread({
      number,
      init: { ...listeners, reusePort, clientBytes: this.#clientBytes, ...shared },
      heapLimit: this.#heapLimit,
      distribution,
      logger,
      onMessage: message => this.#receive(number, thread, message),
      onExit: () => this.#buried(place, thread),
    });
    place.thread = thread;
    place.startedAt = thread.startedAt;
    return thread.listening;
  }

  #receive(worker: number, thread: WorkerThread, message: FromWorker): void {
    const { distribution, failures, health, logger } = this.#options;
    switch (message.type) {
      case 'acknowledged':
        distribution.acknowledged(thread.subscription, message.number, message.version);
        break;
      case 'ports':
        this.#options.portReports.take(thread.subscription, message.states);
        break;
      case 'drained':
        thread.isDrained = true;
        this.#settleDrained();
        break;
      case 'failure':
        failures.take(message.notice);
        break;
      case 'suspect':
        health.suspect(message.cluster, message.slot);
        break;
      case 'spent':
        this.#options.onSpent(message.spent);
        break;
      case 'log-error':
        logger.error({ reason: message.message, worker }, 'the access log cannot be written');
        break;
      case 'log-lost':
        logger.warn({ lines: message.lines, worker }, 'lines of the access log were dropped: its reader was too slow');
        break;
    }
  }

  #buried(place: Place, { subscription, startedAt }: WorkerThread): void {
    place.thread = undefined;
    place.counters.clearGauges();
    this.#options.endpoints.clearRow(rowOf(place));
    this.#options.limits.clearRow(rowOf(place));
    // The thread may have died in the middle of a line of the access log, while it had the turn to write.
    new WriteTurn(this.#logTurn, place.number).give();
    this.#options.distribution.unsubscribe(subscription);
    this.#options.portReports.forget(subscription);
    this.#settleDrained();
    if (this.#phase !== 'running') return;
    const lived = Date.now() - startedAt;
    place.restartDelayMs =
      lived > HEALTHY_MS ? FIRST_RESTART_MS : Math.min(place.restartDelayMs * 2, SLOWEST_RESTART_MS);
    this.#options.logger.warn({ restartInMs: place.restartDelayMs, worker: place.number }, 'replacing a worker');
    place.restartTimer = setTimeout(() => this.#replace(place), place.restartDelayMs);
  }

  #replace(place: Place): void {
    if (this.#phase !== 'running') return;
    this.restarts += 1;
    this.#spawn(place).catch((error: unknown) => {
      this.#options.logger.error({ reason: messageOf(error), worker: place.number }, 'a worker could not be replaced');
    });
    this.broadcast({ type: 'nice', value: this.#priorities.workerStarted() });
  }

  #ask(passedMs: number): void {
    this.#options.distribution.pass(passedMs);
    this.#options.portReports.look();
    for (const { thread } of this.#places) {
      if (thread?.watch(passedMs) !== true) continue;
      this.#settleDrained();
      this.#stuck.resolve();
    }
  }

  #settleDrained(): void {
    if (this.#phase === 'running') return;
    const isOver = ({ thread }: Place): boolean =>
      thread === undefined || thread.isDrained || thread.answers === 'never';
    if (this.#places.every(isOver)) this.#onDrained?.();
  }
}

/** The row in which a worker counts endpoints and clients. */
function rowOf({ number }: Place): number {
  return number - 1;
}
