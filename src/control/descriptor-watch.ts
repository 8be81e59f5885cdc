import { closeSync, openSync } from 'node:fs';
import { codeOf } from '../errors.ts';

const LOOK_EVERY_MS = 1_000;
/** While it lasts, it is said no more often than this. */
const SAY_EVERY_MS = 10_000;

interface DescriptorLogger {
  error(fields: object, message: string): void;
  info(message: string): void;
}

/**
 * Notices that the process has no file descriptor left. Then Node accepts connections and closes them, and says nothing of it:
 * whether a file can be opened is the only sign.
 */
export class DescriptorWatch {
  readonly #logger: DescriptorLogger;
  readonly #open: () => number;
  readonly #monotonic: () => number;
  readonly #timer: NodeJS.Timeout;
  #saidAt: number | undefined;
  /** At how many looks, one a second, none was left. */
  exhausted = 0;

  constructor(
    logger: DescriptorLogger,
    open: () => number = () => openSync('/dev/null', 'r'),
    monotonic: () => number = () => performance.now(),
  ) {
    this.#logger = logger;
    this.#open = open;
    this.#monotonic = monotonic;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  look(): void {
    try {
      closeSync(this.#open());
    } catch (error) {
      const code = codeOf(error);
      // Of the process, and of the whole system.
      if (code === 'EMFILE' || code === 'ENFILE') this.#missed(code);
      return;
    }
    if (this.#saidAt === undefined) return;
    this.#saidAt = undefined;
    this.#logger.info('file descriptors are left again');
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #missed(code: string): void {
    this.exhausted += 1;
    const now = this.#monotonic();
    if (this.#saidAt !== undefined && now - this.#saidAt < SAY_EVERY_MS) return;
    this.#saidAt = now;
    this.#logger.error(
      { code },
      'no file descriptor is left: new connections, probes among them, are closed without an answer; raise the limit of open files, or lower worker-connections',
    );
  }
}
