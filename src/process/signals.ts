/** Signals that change something in a running instance. Those that come while it starts are kept until it runs. */
const LATER = ['SIGHUP', 'SIGUSR1'] as const;

/** Shutdown by signals: SIGTERM and SIGQUIT gracefully, SIGINT or any second signal at once. */
export class Signals {
  readonly #listeners: (readonly [signal: NodeJS.Signals, listener: () => void])[] = [];
  /** Signals of LATER that came before something listened to them. */
  readonly #early = new Set<NodeJS.Signals>();
  readonly #first = Promise.withResolvers<'graceful' | 'now'>();
  readonly #second = Promise.withResolvers<void>();
  #isEnding = false;

  constructor() {
    this.on('SIGTERM', () => this.#end('graceful'));
    this.on('SIGQUIT', () => this.#end('graceful'));
    this.on('SIGINT', () => this.#end('now'));
    for (const signal of LATER) this.#listen(signal, () => void this.#early.add(signal));
  }

  /** Resolves with the first signal that ends the program. */
  get first(): Promise<'graceful' | 'now'> {
    return this.#first.promise;
  }

  /** Listens to a signal. One that has come before counts, too. */
  on(signal: NodeJS.Signals, listener: () => void): void {
    this.#listen(signal, listener);
    if (this.#early.delete(signal)) listener();
  }

  /** @returns what `work` gives; undefined, at once, when a signal ends the program before that */
  unlessEnding<T>(work: Promise<T>): Promise<T | undefined> {
    return Promise.race([work, this.#first.promise.then(() => undefined)]);
  }

  /** Waits for `done`, at most `milliseconds`. @returns what ended the wait; haste is a second signal */
  async wait(
    milliseconds: number,
    done: Promise<unknown> = new Promise(() => undefined),
  ): Promise<'done' | 'time' | 'haste'> {
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<'time'>(resolve => {
      timer = setTimeout(resolve, milliseconds, 'time');
    });
    const haste = this.#second.promise.then(() => 'haste' as const);
    try {
      return await Promise.race([done.then(() => 'done' as const), time, haste]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }

  #listen(signal: NodeJS.Signals, listener: () => void): void {
    process.on(signal, listener);
    this.#listeners.push([signal, listener]);
  }

  #end(how: 'graceful' | 'now'): void {
    if (this.#isEnding) this.#second.resolve();
    this.#isEnding = true;
    this.#first.resolve(how);
    if (how === 'now') this.#second.resolve();
  }
}
