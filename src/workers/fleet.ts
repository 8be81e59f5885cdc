/** The worker threads: started, given the table, replaced when they die, drained at the end. */
import { extname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { messageOf, UnavailableError } from '../errors.ts';
import type { ListenAddress } from '../formats/listen-address.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import type { WorkerCounters } from '../observe/counters.ts';
import type { FailureLog } from '../observe/failure-log.ts';
import type { Logger } from '../observe/logger.ts';
import { WriteTurn } from '../observe/write-turn.ts';
import type { TableDelta } from '../routing/delta.ts';
import { RouteTable, snapshotOf } from '../routing/table.ts';
import type { Settings } from '../settings/schema.ts';
import { CounterBlocks } from './counter-blocks.ts';
import { assertFree, canSharePort } from './listen-probe.ts';
import type { Change, FromWorker, ToWorker, WorkerInit } from './messages.ts';
import { pack } from './packed-delta.ts';
import { lockPort } from './port-lock.ts';

/** The worker's file has the ending of this one: .ts in a checkout, .js in the package. */
const WORKER_FILE = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);

/** A worker that dies at once is not started again in a tight loop. */
const FIRST_RESTART_MS = 50;
const SLOWEST_RESTART_MS = 5_000;
/** One that has lived this long has earned a quick restart. */
const HEALTHY_MS = 60_000;

/** How long anybody waits for settings to be taken. A worker that hangs must not hang who changes them. */
const PATIENCE_MS = 2_000;

/** The number of no change. */
const NEVER = -1;

interface Member {
  readonly counters: WorkerCounters;
  thread: Worker | undefined;
  /** The number of the last change that it goes by. */
  taken: number;
  /** Of the table that it serves. */
  version: number;
  isDrained: boolean;
  startedAt: number;
  restartDelayMs: number;
  restartTimer: NodeJS.Timeout | undefined;
}

export interface FleetOptions {
  readonly settings: Settings;
  readonly board: CounterBoard;
  readonly logger: Logger;
  readonly failures: Pick<FailureLog, 'take'>;
  /** Undefined for the built-in one. */
  readonly errorPage: string | undefined;
}

export class Fleet {
  readonly #board: CounterBoard;
  readonly #logger: Logger;
  readonly #failures: FleetOptions['failures'];
  readonly #blocks: CounterBlocks;
  readonly #members: Member[] = [];
  readonly #logTurn = WriteTurn.shared();
  readonly #waiting: { readonly number: number; readonly done: () => void }[] = [];
  #lastChange = 0;
  #settings: Settings;
  #errorPage: string | undefined;
  #listen: ListenAddress;
  #reusePort = false;
  #table: RouteTable | undefined;
  #phase: 'running' | 'draining' | 'closed' = 'running';
  #onDrained: (() => void) | undefined;
  restarts = 0;

  constructor({ settings, board, logger, failures, errorPage }: FleetOptions) {
    this.#settings = settings;
    this.#board = board;
    this.#logger = logger;
    this.#failures = failures;
    this.#errorPage = errorPage;
    this.#blocks = new CounterBlocks(board);
    this.#listen = settings.listen;
  }

  get size(): number {
    return this.#members.length;
  }

  /** Workers that run now: fewer than {@link size} while one that died is replaced. */
  get alive(): number {
    return this.#members.filter(({ thread }) => thread !== undefined).length;
  }

  /** The table in force, with counter blocks; EMPTY before the first. */
  get table(): RouteTable {
    return this.#table ?? RouteTable.EMPTY;
  }

  /** Of each worker: whether it lives, the version of the table that it serves, and since when; milliseconds. */
  report(): readonly { readonly isAlive: boolean; readonly version: number; readonly startedAt: number }[] {
    return this.#members.map(({ thread, version, startedAt }) => ({
      isAlive: thread !== undefined,
      version,
      startedAt,
    }));
  }

  /** Starts all workers. @returns the address they listen on @throws UnavailableError */
  async start(): Promise<ListenAddress> {
    // The image keeps the main thread's young generation small, which a list of many Services would blow up for good.
    // Workers make garbage with every request: heaps that are set up from now on are as large as V8 has them.
    setFlagsFromString('--max-semi-space-size=0');
    // What lives is little, and by itself V8 lets four times as much gather before it looks: the memory of the process would
    // go up and down by a hundred megabytes under load. A full collection of so little costs next to nothing.
    setFlagsFromString('--heap-growing-percent=50');
    const unlock = await lockPort(this.#listen.port);
    try {
      await assertFree(this.#listen);
      let count = this.#settings.workers;
      this.#reusePort = await canSharePort();
      if (count > 1 && !this.#reusePort) {
        this.#logger.warn('workers cannot share a port on this system: running one worker');
        count = 1;
      }
      // The first one settles the port, where the system chooses it.
      this.#listen = await this.#add();
      await Promise.all(Array.from({ length: count - 1 }, () => this.#add()));
    } finally {
      unlock();
    }
    return this.#listen;
  }

  /** Sends a change to every worker. @returns when each has acknowledged it */
  publish(delta: TableDelta): Promise<void> {
    const before = this.table;
    const assigned = this.#blocks.assign(delta, before);
    this.#table = before.apply(assigned);
    return this.#change({ to: 'table', delta: pack(assigned) });
  }

  /** @returns when every worker goes by them; after a few seconds in any case */
  updateSettings(settings: Settings): Promise<void> {
    this.#settings = settings;
    return this.#hurry(this.#change({ to: 'settings', settings }));
  }

  /** @returns when every worker answers with it; after a few seconds in any case */
  updateErrorPage(html: string | undefined): Promise<void> {
    this.#errorPage = html;
    return this.#hurry(this.#change({ to: 'error-page', html }));
  }

  reopenLogs(): void {
    this.#broadcast({ type: 'reopen-log' });
  }

  /** Stops accepting. @returns when all requests and tunnels have ended */
  drain(): Promise<void> {
    this.#phase = 'draining';
    this.#broadcast({ type: 'drain' });
    return new Promise(resolve => {
      this.#onDrained = resolve;
      this.#settleDrained();
    });
  }

  /** Ends everything now. */
  async close(): Promise<void> {
    this.#phase = 'closed';
    await Promise.all(
      this.#members.map(member => {
        clearTimeout(member.restartTimer);
        const { thread } = member;
        if (thread === undefined) return undefined;
        const ended = new Promise(resolve => thread.once('exit', resolve));
        thread.postMessage({ type: 'close' } satisfies ToWorker);
        return ended;
      }),
    );
  }

  #add(): Promise<ListenAddress> {
    const member: Member = {
      counters: this.#board.addRegion(),
      thread: undefined,
      taken: NEVER,
      version: NEVER,
      isDrained: false,
      startedAt: 0,
      restartDelayMs: FIRST_RESTART_MS,
      restartTimer: undefined,
    };
    this.#members.push(member);
    return this.#spawn(member);
  }

  #spawn(member: Member): Promise<ListenAddress> {
    if (this.#phase === 'closed') return Promise.reject(new UnavailableError('the workers were ended'));
    const init: WorkerInit = {
      settings: this.#settings,
      listen: this.#listen,
      reusePort: this.#reusePort,
      counters: member.counters.buffer,
      logTurn: { shared: this.#logTurn, id: this.#numberOf(member) },
      errorPage: this.#errorPage,
      table: this.#table && pack(snapshotOf(this.#table)),
      change: this.#lastChange,
    };
    const thread = new Worker(WORKER_FILE, {
      workerData: init,
      name: `worker ${this.#numberOf(member)}`,
    });
    member.thread = thread;
    member.taken = NEVER;
    member.version = NEVER;
    member.startedAt = Date.now();
    thread.on('error', error =>
      this.#logger.error({ err: error }, 'a worker died: its connections are lost, the others go on'),
    );
    return new Promise((resolve, reject) => {
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'listening') resolve(message.address);
        else if (message.type === 'failed') {
          reject(new UnavailableError(`a worker cannot listen: ${message.message}`));
        } else this.#receive(member, message);
      });
      thread.once('exit', () => {
        reject(new UnavailableError('a worker ended before it listened'));
        this.#buried(member);
      });
    });
  }

  #receive(member: Member, message: FromWorker): void {
    switch (message.type) {
      case 'acknowledged':
        member.taken = message.number;
        member.version = message.version;
        this.#settleAcknowledged();
        break;
      case 'drained':
        member.isDrained = true;
        this.#settleDrained();
        break;
      case 'failure':
        this.#failures.take(message.notice);
        break;
      case 'log-error':
        this.#logger.error({ reason: message.message }, 'the access log cannot be written');
        break;
      case 'log-lost':
        this.#logger.warn(
          { lines: message.lines },
          'lines of the access log were dropped: nobody took them fast enough',
        );
        break;
    }
  }

  #buried(member: Member): void {
    member.thread = undefined;
    member.counters.clearGauges();
    // It may have died in the middle of a line.
    new WriteTurn(this.#logTurn, this.#numberOf(member)).give();
    this.#settleAcknowledged();
    this.#settleDrained();
    if (this.#phase !== 'running') return;
    const lived = Date.now() - member.startedAt;
    member.restartDelayMs =
      lived > HEALTHY_MS ? FIRST_RESTART_MS : Math.min(member.restartDelayMs * 2, SLOWEST_RESTART_MS);
    this.#logger.warn({ restartInMs: member.restartDelayMs }, 'replacing a worker');
    member.restartTimer = setTimeout(() => this.#replace(member), member.restartDelayMs);
  }

  #replace(member: Member): void {
    if (this.#phase !== 'running') return;
    this.restarts += 1;
    this.#spawn(member).catch((error: unknown) => {
      this.#logger.error({ reason: messageOf(error) }, 'a worker could not be replaced');
    });
  }

  /** @returns when every worker has taken it */
  #change(change: Change): Promise<void> {
    this.#lastChange += 1;
    const number = this.#lastChange;
    this.#broadcast({ type: 'change', number, change });
    return new Promise(done => {
      this.#waiting.push({ number, done });
      this.#settleAcknowledged();
    });
  }

  async #hurry(taken: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>(resolve => {
      timer = setTimeout(() => {
        this.#logger.warn('a worker is too busy to take new settings: it will as soon as it can');
        resolve();
      }, PATIENCE_MS);
    });
    await Promise.race([taken, late]);
    clearTimeout(timer);
  }

  /** From one on. */
  #numberOf(member: Member): number {
    return this.#members.indexOf(member) + 1;
  }

  #broadcast(message: ToWorker): void {
    for (const { thread } of this.#members) thread?.postMessage(message);
  }

  /** A dead worker holds nothing up: its replacement starts with the newest of all. */
  #settleAcknowledged(): void {
    const alive = this.#members.filter(({ thread }) => thread !== undefined);
    const acknowledged = Math.min(...alive.map(({ taken }) => taken));
    while (this.#waiting[0] !== undefined && this.#waiting[0].number <= acknowledged) this.#waiting.shift()?.done();
  }

  #settleDrained(): void {
    if (this.#phase === 'running') return;
    if (this.#members.every(({ thread, isDrained }) => thread === undefined || isDrained)) this.#onDrained?.();
  }
}
