/** The worker threads: started, asked whether they answer, replaced when they die or hang, ended at the end. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf, UnavailableError } from '../errors.ts';
import type { ListenAddress } from '../formats/listen-address.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import type { WorkerCounters } from '../observe/counters.ts';
import type { FailureLog } from '../observe/failure-log.ts';
import type { Logger } from '../observe/logger.ts';
import { WriteTurn } from '../observe/write-turn.ts';
import type { Clock } from './clock.ts';
import type { Distribution } from './distribution.ts';
import { workerHeapLimit } from './heap-limit.ts';
import type { FromWorker, ToWorker, WorkerInit } from './messages.ts';
import type { Subscription } from './subscription.ts';
import { Watchdog } from './watchdog.ts';

/** The worker's file has the ending of this one: .ts in a checkout, .js in the package. */
const WORKER_FILE = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);

/** A worker that dies at once is not started again in a tight loop. */
const FIRST_RESTART_MS = 50;
const SLOWEST_RESTART_MS = 5_000;
/** One that has lived this long has earned a quick restart. */
const HEALTHY_MS = 60_000;

/** How often workers are asked whether they answer. */
const ASK_EVERY_MS = 1_000;
/** If the main thread itself stood still, the workers had no chance to answer: no more than this counts. */
const LONGEST_PASS_MS = 2 * ASK_EVERY_MS;
/** How long a worker may take to close its connections and write its log out; and to end when it is made to. */
const CLOSE_MS = 2_000;
const TERMINATE_MS = 1_000;

/** A thread, while it lives. */
interface Life {
  readonly thread: Worker;
  readonly subscription: Subscription;
  readonly watchdog: Watchdog;
  readonly startedAt: number;
  isListening: boolean;
  isDrained: boolean;
}

/** The place of one worker: what outlives its thread. */
interface Place {
  /** From one on. */
  readonly number: number;
  readonly counters: WorkerCounters;
  life: Life | undefined;
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
  readonly logger: Logger;
  readonly failures: Pick<FailureLog, 'take'>;
  readonly clock: Clock;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #places: Place[] = [];
  readonly #logTurn = WriteTurn.shared();
  readonly #stuck = Promise.withResolvers<void>();
  readonly #stopAsking: () => void;
  #listen: ListenAddress | undefined;
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
    return this.#places.filter(({ life }) => life !== undefined).length;
  }

  /** Resolves when a worker hangs that nothing ends: its share of the connections waits for ever, until the process ends. */
  get stuck(): Promise<void> {
    return this.#stuck.promise;
  }

  report(): readonly WorkerReport[] {
    return this.#places.map(({ life, startedAt }) => ({
      isAlive: life !== undefined,
      version: life?.subscription.version ?? -1,
      startedAt,
      silentMs: life?.subscription.silentMs ?? 0,
      answers: life?.watchdog.answers ?? 'in time',
    }));
  }

  /** Starts the workers. @returns the address they listen on @throws UnavailableError */
  async start(count: number, listen: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    this.#reusePort = reusePort;
    this.#heapLimit = workerHeapLimit(count);
    this.#listen = listen;
    // The first one settles the port, where the system chooses it.
    this.#listen = await this.#add();
    await Promise.all(Array.from({ length: count - 1 }, () => this.#add()));
    return this.#listen;
  }

  broadcast(message: ToWorker): void {
    for (const { life } of this.#places) life?.thread.postMessage(message);
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
    const ended = this.#places.map(({ life, restartTimer }) => {
      clearTimeout(restartTimer);
      return life === undefined || endOf(life);
    });
    return (await Promise.all(ended)).every(hasEnded => hasEnded);
  }

  #add(): Promise<ListenAddress> {
    const place: Place = {
      number: this.#places.length + 1,
      counters: this.#options.board.addRegion(),
      life: undefined,
      startedAt: 0,
      restartDelayMs: FIRST_RESTART_MS,
      restartTimer: undefined,
    };
    this.#places.push(place);
    return this.#spawn(place);
  }

  #spawn(place: Place): Promise<ListenAddress> {
    const [listen, reusePort] = [this.#listen, this.#reusePort];
    if (this.#phase === 'closed' || listen === undefined)
      return Promise.reject(new UnavailableError('the workers were ended'));
    const { distribution, logger } = this.#options;
    const init: WorkerInit = {
      ...distribution.inForce,
      listen,
      reusePort,
      counters: place.counters.buffer,
      logTurn: { shared: this.#logTurn, id: place.number },
    };
    const thread = new Worker(WORKER_FILE, {
      workerData: init,
      name: `worker ${place.number}`,
      ...(this.#heapLimit !== undefined && { resourceLimits: { maxOldGenerationSizeMb: this.#heapLimit } }),
    });
    const subscription = distribution.subscribe((number, change) =>
      thread.postMessage({ type: 'change', number, change } satisfies ToWorker),
    );
    place.startedAt = Date.now();
    const life: Life = {
      thread,
      subscription,
      watchdog: new Watchdog(),
      startedAt: place.startedAt,
      isListening: false,
      isDrained: false,
    };
    place.life = life;
    thread.on('error', error =>
      logger.error({ err: error, worker: place.number }, 'a worker died: its connections are lost, the others go on'),
    );
    return new Promise((resolve, reject) => {
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'listening') {
          life.isListening = true;
          resolve(message.address);
        } else if (message.type === 'failed') {
          reject(new UnavailableError(`a worker cannot listen: ${message.message}`));
        } else this.#receive(place, life, message);
      });
      thread.once('exit', () => {
        reject(new UnavailableError('a worker ended before it listened'));
        this.#buried(place, life);
      });
    });
  }

  #receive(place: Place, life: Life, message: Exclude<FromWorker, { readonly type: 'listening' | 'failed' }>): void {
    const { distribution, failures, logger } = this.#options;
    switch (message.type) {
      case 'acknowledged':
        distribution.acknowledged(life.subscription, message.number, message.version);
        break;
      case 'drained':
        life.isDrained = true;
        this.#settleDrained();
        break;
      case 'failure':
        failures.take(message.notice);
        break;
      case 'log-error':
        logger.error({ reason: message.message, worker: place.number }, 'the access log cannot be written');
        break;
      case 'log-lost':
        logger.warn(
          { lines: message.lines, worker: place.number },
          'lines of the access log were dropped: nobody took them fast enough',
        );
        break;
    }
  }

  #buried(place: Place, { subscription, startedAt }: Life): void {
    place.life = undefined;
    place.counters.clearGauges();
    // It may have died in the middle of a line.
    new WriteTurn(this.#logTurn, place.number).give();
    this.#options.distribution.unsubscribe(subscription);
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
  }

  #ask(passedMs: number): void {
    this.#options.distribution.pass(passedMs);
    for (const { number, life } of this.#places) if (life !== undefined) this.#judge(number, life, passedMs);
  }

  #judge(worker: number, { thread, subscription, watchdog }: Life, passedMs: number): void {
    const { logger } = this.#options;
    const { silentMs, hasStarted } = subscription;
    switch (watchdog.look(passedMs, silentMs, hasStarted)) {
      case 'none':
        break;
      case 'late':
        logger.error({ worker, silentMs }, 'a worker does not answer: its connections wait, the others go on');
        break;
      case 'back':
        logger.info({ worker }, 'the worker answers again');
        break;
      case 'lost':
        logger.error({ worker, silentMs }, 'a worker hangs: it is ended, and its connections with it');
        void thread.terminate();
        break;
      case 'stuck':
        // Its sockets go on taking their share of all connections, which then wait for ever.
        logger.fatal({ worker }, 'a worker that hangs cannot be ended: the program ends, to be started again');
        this.#settleDrained();
        this.#stuck.resolve();
        break;
    }
  }

  #settleDrained(): void {
    if (this.#phase === 'running') return;
    const isOver = ({ life }: Place): boolean => life === undefined || life.isDrained || life.watchdog.isStuck;
    if (this.#places.every(isOver)) this.#onDrained?.();
  }
}

/** @returns whether it has ended */
async function endOf({ thread, isListening, watchdog, subscription }: Life): Promise<boolean> {
  const ended = new Promise<true>(resolve => thread.once('exit', () => resolve(true)));
  if (watchdog.isStuck) return false;
  if (isListening && !subscription.isLate) {
    thread.postMessage({ type: 'close' } satisfies ToWorker);
    if (await within(CLOSE_MS, ended)) return true;
  }
  void thread.terminate();
  return within(TERMINATE_MS, ended);
}

async function within(milliseconds: number, done: Promise<true>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>(resolve => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const outcome = await Promise.race([done, late]);
  clearTimeout(timer);
  return outcome;
}
