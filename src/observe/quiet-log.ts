import type { Logger } from './logger.ts';

/** One line a second is read by people; a thousand are not. */
const PERIOD_MS = 1_000;
/** Lines of one second that are logged as they are. */
const MOST_LINES = 10;
/** Services that one line names. */
const MOST_NAMES = 10;

/** A route table, by what has changed in it. */
export interface TableNews {
  readonly version: number;
  /** Routes. */
  readonly changed: number;
  readonly removed: number;
  /** Names of the Services they belong to. */
  readonly services: readonly string[];
}

/**
 * What becomes of Services, for people who read the log: each thing with its name while that is little, and in sums, once a
 * second, while it is much.
 */
export class QuietLog {
  readonly #logger: Logger;
  readonly #later: (callback: () => void, delayMs: number) => void;
  /** A second that began with a line has not passed. */
  #isBusy = false;
  #lines = 0;
  /** By message, how many lines were not logged. */
  #omitted = new Map<string, number>();
  #table: TableNews | undefined;

  constructor(
    logger: Logger,
    later = (callback: () => void, delayMs: number) => void setTimeout(callback, delayMs).unref(),
  ) {
    this.#logger = logger;
    this.#later = later;
  }

  /** A new table; those of one second become one line. */
  table(news: TableNews): void {
    const before = this.#table;
    this.#table =
      before === undefined
        ? news
        : {
            version: news.version,
            changed: before.changed + news.changed,
            removed: before.removed + news.removed,
            // Too many are not named.
            services:
              before.services.length > MOST_NAMES
                ? before.services
                : [...new Set([...before.services, ...news.services])],
          };
    if (!this.#isBusy) this.#tellTable();
    this.#begin();
  }

  line(level: 'info' | 'warn', fields: object, message: string): void {
    this.#lines += 1;
    if (this.#lines <= MOST_LINES) this.#logger[level](fields, message);
    else this.#omitted.set(message, (this.#omitted.get(message) ?? 0) + 1);
    this.#begin();
  }

  #begin(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#later(() => this.#end(), PERIOD_MS);
  }

  #end(): void {
    const wasMore = this.#table !== undefined || this.#omitted.size > 0;
    this.#tellTable();
    for (const [message, count] of this.#omitted) {
      this.#logger.warn(`${message}: ${count} more in one second; kube-entry routes lists them all`);
    }
    this.#omitted.clear();
    this.#lines = 0;
    this.#isBusy = false;
    if (wasMore) this.#begin();
  }

  #tellTable(): void {
    if (this.#table === undefined) return;
    const { services, ...counts } = this.#table;
    this.#logger.info(services.length > MOST_NAMES ? counts : { ...counts, services }, 'a new route table');
    this.#table = undefined;
  }
}
