/**
 * Workers go first where they and the main thread want the same CPU: a change of routes must not hold up requests. Linux gives each
 * thread a nice value of its own. Without a privilege a thread can only raise it, which makes it yield to others, and never go back;
 * and a new thread begins with that of the thread that starts it.
 */
import { getPriority, setPriority } from 'node:os';

/** By so much the main thread is behind the workers. With 5 more a thread gets a third of the time that another gets. */
const STEP = 5;
/** There is no higher value. */
const HIGHEST = 19;
/** The calling thread. */
const THIS_THREAD = 0;

/** The nice values of the main thread and of the workers. */
export class ThreadPriorities {
  #workers = getPriority(THIS_THREAD);
  #hasYielded = false;

  /** The main thread goes behind the workers that run now. */
  yieldToWorkers(): void {
    this.#hasYielded = true;
    yieldTo(this.#mainThread);
  }

  /**
   * A worker was started, which has the main thread's value: the main thread goes behind it, too.
   * @returns the value that the other workers need, so that none of them is served before the new one
   */
  workerStarted(): number {
    if (this.#hasYielded) {
      this.#workers = this.#mainThread;
      yieldTo(this.#mainThread);
    }
    return this.#workers;
  }

  get #mainThread(): number {
    return Math.min(this.#workers + STEP, HIGHEST);
  }
}

/** Raises the nice value of the calling thread. On other systems it would be that of the whole process, and stays as it is. */
export function yieldTo(nice: number): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(THIS_THREAD, nice);
  } catch {
    // Some sandboxes forbid it: all threads then stay equal.
  }
}
