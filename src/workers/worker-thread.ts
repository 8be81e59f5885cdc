import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { UnavailableError } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import type { Distribution } from './distribution.ts';
import type { FromWorker, Listeners, ToWorker, WorkerInit } from './messages.ts';
import type { Subscription } from './subscription.ts';
import { Watchdog } from './watchdog.ts';

/** The worker's file has the ending of this one: .ts in a checkout, .js in the package. */
const WORKER_FILE = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);

/** How long a worker may take to close its connections and write its log out; and to end when it is made to. */
const CLOSE_MS = 2_000;
const TERMINATE_MS = 1_000;

export interface WorkerThreadOptions {
  /** From one on. */
  readonly number: number;
  readonly init: Omit<WorkerInit, keyof Distribution['inForce']>;
  /** Of its old generation, in MiB; undefined for what V8 has by itself. */
  readonly heapLimit: number | undefined;
  readonly distribution: Distribution;
  readonly logger: Logger;
  readonly onMessage: (message: FromWorker) => void;
  readonly onExit: () => void;
}

/** One worker thread, from its start to its end. */
export class WorkerThread {
  readonly subscription: Subscription;
  /** Milliseconds since 1970. */
  readonly startedAt: number = Date.now();
  /** Resolves when it listens. @throws UnavailableError when it cannot */
  readonly listening: Promise<Listeners>;
  isDrained = false;
  readonly #options: WorkerThreadOptions;
  readonly #thread: Worker;
  readonly #ended: Promise<true>;
  readonly #watchdog = new Watchdog();
  #isListening = false;

  constructor(options: WorkerThreadOptions) {
    const { number, init, heapLimit, distribution, logger, onMessage, onExit } = options;
    this.#options = options;
    const thread = new Worker(WORKER_FILE, {
      workerData: { ...init, ...distribution.inForce } satisfies WorkerInit,
      name: `worker ${number}`,
      ...(heapLimit !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapLimit } }),
    });
    this.#thread = thread;
    this.subscription = distribution.subscribe((change, what) =>
      this.post({ type: 'change', number: change, change: what }),
    );
    this.#ended = new Promise(resolve => thread.once('exit', () => resolve(true)));
    this.listening = new Promise((resolve, reject) => {
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'listening') {
          this.#isListening = true;
          resolve(message.at);
        } else if (message.type === 'failed') {
          reject(new UnavailableError(`a worker cannot listen: ${message.message}`));
        } else onMessage(message);
      });
      thread.once('exit', () => {
        reject(new UnavailableError('a worker ended before it listened'));
        onExit();
      });
    });
    thread.on('error', error =>
      logger.error({ err: error, worker: number }, 'a worker died: its connections are lost, the others go on'),
    );
  }

  get answers(): Watchdog['answers'] {
    return this.#watchdog.answers;
  }

  post(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  /** Says when it does not answer, and ends it when that lasts. @returns whether ending it did not help, the first time */
  watch(passedMs: number): boolean {
    const { number: worker, logger } = this.#options;
    const { silentMs, hasStarted } = this.subscription;
    const verdict = this.#watchdog.look(passedMs, silentMs, hasStarted);
    switch (verdict) {
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
        void this.#thread.terminate();
        break;
      case 'stuck':
        // Its sockets go on taking their share of all connections, which then wait for ever.
        logger.fatal({ worker }, 'a worker that hangs cannot be ended: the program ends, to be started again');
        break;
    }
    return verdict === 'stuck';
  }

  /** Ends it now. @returns whether it has ended: one that hangs outside of JavaScript does not */
  async end(): Promise<boolean> {
    if (this.answers === 'never') return false;
    if (this.#isListening && !this.subscription.isLate) {
      this.post({ type: 'close' });
      if (await within(CLOSE_MS, this.#ended)) return true;
    }
    void this.#thread.terminate();
    return within(TERMINATE_MS, this.#ended);
  }
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
