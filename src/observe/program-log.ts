import { writeSync } from 'node:fs';
import { codeOf } from '../errors.ts';

/** What may wait for a stalled reader; beyond it entries are dropped, and the log says how many. */
const MAX_PENDING_BYTES = 256 * 1024;
const RETRY_MS = 50;

/**
 * Writes log entries to a descriptor at once, as long as it takes them, so that none is lost when the program dies; and
 * keeps them when it does not, so that a stalled reader of standard error holds up neither routes nor probes.
 */
export class ProgramLog {
  readonly #fd: number;
  readonly #notice: (lost: number) => string;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #lost = 0;

  /**
   * @param fd that does not block: a file, a terminal, or a pipe with O_NONBLOCK
   * @param notice the entry that tells of so many lost ones
   */
  constructor(fd: number, notice: (lost: number) => string) {
    this.#fd = fd;
    this.#notice = notice;
  }

  write(entry: string): void {
    const bytes = Buffer.from(entry);
    if (this.#pendingBytes + bytes.length > MAX_PENDING_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#keep(bytes);
    if (this.#pending.length === 1) this.flush();
  }

  /** Writes what is pending, as far as it is taken, and the rest later. */
  flush(): void {
    try {
      for (let [head] = this.#pending; head !== undefined; [head] = this.#pending)
        this.#written(writeSync(this.#fd, head));
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') setTimeout(() => this.flush(), RETRY_MS).unref();
      // The loss cannot be reported: the reader has gone, or the disk is full.
      else this.#forget();
    }
  }

  #written(count: number): void {
    const [head] = this.#pending;
    if (head === undefined) return;
    this.#pendingBytes -= count;
    if (count < head.length) {
      this.#pending[0] = head.subarray(count);
      return;
    }
    this.#pending.shift();
    if (this.#pending.length > 0 || this.#lost === 0) return;
    this.#keep(Buffer.from(this.#notice(this.#lost)));
    this.#lost = 0;
  }

  #keep(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  #forget(): void {
    this.#lost += this.#pending.length;
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
