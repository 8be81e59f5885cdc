import { pino } from 'pino';

/** Lines written together; at most this many bytes a write, so that lines of two threads into one pipe do not interleave. */
const PIPE_BUF = 4096;
/** What may wait for a stalled reader. Beyond it lines are dropped and counted: a log must not stop the proxy. */
const MAX_PENDING_BYTES = 1024 * 1024;
const FLUSH_EVERY_MS = 100;

export interface LineSinkEvents {
  /** Lines were thrown away because the destination takes no more. */
  readonly onDrop: (lines: number) => void;
  readonly onError: (error: Error) => void;
}

/** Writes lines in batches, without ever waiting for the destination. */
export class LineSink {
  readonly #destination: ReturnType<typeof pino.destination>;
  readonly #isFile: boolean;

  /** @param path empty for standard output */
  constructor(path: string, { onDrop, onError }: LineSinkEvents) {
    this.#isFile = path !== '';
    this.#destination = pino.destination({
      ...(this.#isFile ? { dest: path, mkdir: true } : { fd: 1, maxWrite: PIPE_BUF }),
      sync: false,
      minLength: PIPE_BUF - 1024,
      maxLength: MAX_PENDING_BYTES,
      periodicFlush: FLUSH_EVERY_MS,
    });
    this.#destination.on('drop', (data: string) => onDrop(data.split('\n').length - 1));
    this.#destination.on('error', onError);
  }

  write(line: string): void {
    this.#destination.write(line);
  }

  /** After logrotate has moved the file away: the next lines go to a new one. */
  reopen(): void {
    if (this.#isFile) this.#destination.reopen();
  }

  /** Writes out what is pending and waits for it; at the end of a thread's life. */
  flush(): void {
    try {
      this.#destination.flushSync();
    } catch {
      // The destination is gone or was never opened: there is nowhere left to say so.
    }
  }
}
