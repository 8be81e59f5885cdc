import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../clock.ts';
import { KnownDigests } from '../runtime/known-digests.ts';
import { FairQueue } from './fair-queue.ts';
import type { HashQuestion } from './hash-thread.ts';

/** The file of the thread has the ending of this one: .ts in a checkout, .js in the package. */
const THREAD_FILE = new URL(`./hash-thread${extname(import.meta.filename)}`, import.meta.url);

/** A thread that answers one question after the other. */
export interface HashThread {
  ask(question: HashQuestion): void;
  end(): void;
}

export interface HashThreadEvents {
  answered(isRight: boolean): void;
  /** It has ended by itself. */
  failed(): void;
}

export type StartHashThread = (events: HashThreadEvents) => HashThread;

/** `crowded`: so much of the client waits that this must not; `unavailable`: it could not be found out in time. */
export type PasswordVerdict = 'right' | 'wrong' | 'crowded' | 'unavailable';

export interface PasswordCheck extends HashQuestion {
  readonly user: string;
  /** Whose passwords they are: owners take turns. */
  readonly owner: string;
  /** Who asks: the clients of an owner take turns. */
  readonly client: string;
}

/** A client's requests with one password need one check: so many passwords it may have in the queue. */
const BOUNDS = { perClient: 8, perOwner: 64, all: 512 };
/** So long a request waits for its turn and its check. */
const LONGEST_WAIT_MS = 10_000;
/** The dearest hash takes about a second: a thread that takes so long for one does not come back. */
const LONGEST_CHECK_MS = 30_000;
/** How long a password is known to be right. When the hash of its user changes, it is forgotten at once. */
const KNOWN_MS = 10 * 60_000;

interface Job {
  readonly question: HashQuestion;
  readonly digest: string;
  readonly waiting: Set<(verdict: PasswordVerdict) => void>;
}

/**
 * Checks passwords away from the loop of the worker: in a thread that begins with the first check, one after the other. A password
 * that was right is known for a while.
 */
export class PasswordVerifier {
  readonly #clock: Clock;
  readonly #start: StartHashThread;
  readonly #known: KnownDigests;
  readonly #queue = new FairQueue<Job>(BOUNDS);
  /** By digest, what is in the queue or is being checked. */
  readonly #jobs = new Map<string, Job>();
  #thread: HashThread | undefined;
  #current: Job | undefined;
  #cancelWatch: (() => void) | undefined;

  constructor(clock: Clock, start: StartHashThread = startHashThread) {
    this.#clock = clock;
    this.#start = start;
    this.#known = new KnownDigests(clock);
  }

  /** Names a user with a hash and a password, without saying them. */
  digestOf({ user, hash, password }: Pick<PasswordCheck, 'user' | 'hash' | 'password'>): string {
    return this.#known.of(user, hash, password);
  }

  /** Whether the password was right a while ago. */
  isKnown(digest: string): boolean {
    return this.#known.has(digest);
  }

  /**
   * @param digest of the check
   * @param done called once, and later
   * @returns what ends the waiting; or why it does not begin, and then `done` is not called
   */
  verify(
    { owner, client, hash, password }: PasswordCheck,
    digest: string,
    done: (verdict: PasswordVerdict) => void,
  ): (() => void) | 'crowded' | 'unavailable' {
    let job = this.#jobs.get(digest);
    if (job === undefined) {
      job = { question: { hash, password }, digest, waiting: new Set() };
      const refusal = this.#queue.push(owner, client, job);
      if (refusal !== undefined) return refusal === 'client' ? 'crowded' : 'unavailable';
      this.#jobs.set(digest, job);
    }
    const { waiting } = job;
    const settle = (verdict: PasswordVerdict): void => {
      cancel();
      done(verdict);
    };
    const cancelTimer = this.#clock.setTimer(LONGEST_WAIT_MS, () => settle('unavailable'));
    const cancel = (): void => {
      cancelTimer();
      waiting.delete(settle);
    };
    waiting.add(settle);
    this.#next();
    return cancel;
  }

  /** Ends the thread. */
  end(): void {
    this.#cancelWatch?.();
    this.#thread?.end();
    this.#thread = undefined;
  }

  #next(): void {
    while (this.#current === undefined) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      if (job.waiting.size > 0) this.#ask(job);
      else this.#jobs.delete(job.digest);
    }
  }

  #ask(job: Job): void {
    this.#current = job;
    this.#thread ??= this.#start({
      answered: isRight => this.#settle(isRight ? 'right' : 'wrong'),
      failed: () => this.#lost(),
    });
    this.#cancelWatch = this.#clock.setTimer(LONGEST_CHECK_MS, () => this.#lost());
    this.#thread.ask(job.question);
  }

  #lost(): void {
    this.#thread?.end();
    this.#thread = undefined;
    this.#settle('unavailable');
  }

  #settle(verdict: PasswordVerdict): void {
    const job = this.#current;
    if (job === undefined) return;
    this.#cancelWatch?.();
    this.#current = undefined;
    this.#jobs.delete(job.digest);
    if (verdict === 'right') this.#known.add(job.digest, KNOWN_MS);
    for (const settle of [...job.waiting]) settle(verdict);
    this.#next();
  }
}

/** It keeps no process alive, and ends with the thread that starts it. */
export const startHashThread: StartHashThread = ({ answered, failed }) => {
  const thread = new Worker(THREAD_FILE, { name: 'passwords', resourceLimits: { maxOldGenerationSizeMb: 64 } });
  let hasEnded = false;
  thread.on('message', (isRight: boolean) => {
    if (!hasEnded) answered(isRight);
  });
  // The end follows an error.
  thread.on('error', () => {});
  thread.once('exit', () => {
    if (!hasEnded) failed();
  });
  // Listening takes a reference.
  thread.unref();
  return {
    ask: question => thread.postMessage(question),
    end() {
      hasEnded = true;
      void thread.terminate();
    },
  };
};
