/** Where the access log goes: standard output or a file, never waited for. */
import { closeSync, constants, openSync, write, writeSync } from 'node:fs';
import { codeOf } from '../errors.ts';
import type { WriteTurn } from './write-turn.ts';

const STANDARD_OUTPUT = 1;

/**
 * At most this many bytes a write, if a line is not longer. A write is done one turn of the event loop later at the earliest,
 * and under load there are some fifty turns a second: a small batch would be the limit, and lines be dropped.
 */
const BATCH_BYTES = 256 * 1024;
/** Worth a write at once; less waits a moment for more. */
const ENOUGH_BYTES = 16 * 1024;
const FLUSH_EVERY_MS = 100;
/** What may wait for a stalled reader. Beyond it lines are dropped and counted: a log must not stop the proxy. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** A full pipe, or one that another thread writes to, is tried again after this time: a pipe holds 64 KiB, so a reader that keeps up still gets megabytes a second. */
const RETRY_MS = 10;
/** For so long a stalled reader may hold up the end of a thread. */
const LAST_FLUSH_MS = 500;
const NAP_MS = 5;
/** A destination that is merely too slow takes and refuses in turn: what is lost is said no more often than this. */
const SAY_LOST_EVERY_MS = 10_000;

export interface LineSinkEvents {
  /** Lines were thrown away because the destination takes no more. */
  readonly onDrop: (lines: number) => void;
  /** The destination takes lines again: so many were lost since this was said last, which is some time ago. */
  readonly onResume: (lost: number) => void;
  /** Writing fails from now on: said once, until it has worked again. What is pending waits. */
  readonly onError: (error: unknown) => void;
}

/** Writes lines in batches, without ever waiting for the destination. */
export class LineSink {
  readonly #path: string;
  readonly #turn: WriteTurn;
  readonly #events: LineSinkEvents;
  /** Undefined while the file cannot be opened. */
  #fd: number | undefined;
  /** Lines put together for one write each, oldest first. */
  readonly #batches: string[] = [];
  /** What is left of the oldest batch, once its writing has begun. */
  #rest: Buffer | undefined;
  /** A part of it has been written: nobody else may write before the rest. */
  #isMidway = false;
  #pendingBytes = 0;
  #lastBatchBytes = 0;
  /** Lines that nobody has been told of. */
  #lost = 0;
  /** By `performance.now()`: no earlier. */
  #sayLostAt = 0;
  /** Where a write is under way. */
  #writingTo: number | undefined;
  /** Tried again when the timer says so, and no sooner. */
  #isRefused = false;
  #isFailing = false;
  #isEnding = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param path empty for standard output
   * @param turn among all that write there; kept from the first part of a line to the last
   */
  constructor(path: string, turn: WriteTurn, events: LineSinkEvents) {
    this.#path = path;
    this.#turn = turn;
    this.#events = events;
    this.#fd = path === '' ? STANDARD_OUTPUT : this.#open();
  }

  /** @param line ASCII, so that it has as many bytes as characters: counting them would be a copy more for every request */
  write(line: string): void {
    const bytes = line.length;
    if (this.#pendingBytes + bytes > MAX_PENDING_BYTES) {
      this.#lost += 1;
      this.#events.onDrop(1);
      return;
    }
    this.#pendingBytes += bytes;
    const last = this.#batches.length - 1;
    const isOpen = last > 0 || (last === 0 && this.#rest === undefined);
    if (isOpen && this.#lastBatchBytes + bytes <= BATCH_BYTES) {
      this.#batches[last] += line;
      this.#lastBatchBytes += bytes;
    } else {
      this.#batches.push(line);
      this.#lastBatchBytes = bytes;
    }
    if (this.#isEnding) this.flush();
    else if (this.#timer === undefined || (this.#pendingBytes >= ENOUGH_BYTES && !this.#isRefused)) this.#proceed();
  }

  /** After logrotate has moved the file away: the next lines go to a new one. */
  reopen(): void {
    if (this.#path === '') return;
    const fresh = this.#open();
    // Better the old file than none.
    if (fresh === undefined) return;
    const old = this.#fd;
    this.#fd = fresh;
    // The file of a write under way is closed when that is done.
    if (old !== undefined && old !== this.#writingTo) closeSync(old);
    this.#proceed();
  }

  /** Writes out what is pending, as far as it is taken, and from now on every line at once: the thread is about to end. */
  flush(): void {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    const end = performance.now() + LAST_FLUSH_MS;
    // A write under way comes back here when it is done.
    while (this.#writingTo === undefined && this.#fd !== undefined && this.#batches.length > 0) {
      try {
        if (this.#turn.take()) {
          this.#written(writeSync(this.#fd, this.#head()));
          continue;
        }
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') this.#fd = undefined;
      }
      if (performance.now() < end) nap();
      else this.#fd = undefined;
    }
    if (this.#writingTo === undefined) this.#turn.give();
  }

  #open(): number | undefined {
    try {
      return openLog(this.#path);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Writes now if there is enough, else soon. */
  #proceed(): void {
    if (this.#pendingBytes >= ENOUGH_BYTES || this.#isMidway) this.#send();
    else if (this.#pendingBytes > 0) this.#sendIn(FLUSH_EVERY_MS);
  }

  #sendIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), milliseconds).unref();
  }

  #retry(): void {
    this.#isRefused = true;
    this.#sendIn(RETRY_MS);
  }

  #send(): void {
    const fd = this.#fd;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isRefused = false;
    if (this.#writingTo !== undefined || fd === undefined || this.#batches.length === 0) return;
    if (!this.#turn.take()) {
      this.#retry();
      return;
    }
    this.#writingTo = fd;
    write(fd, this.#head(), (error, count) => {
      this.#writingTo = undefined;
      // It was reopened in the meantime.
      if (fd !== this.#fd) closeSync(fd);
      if (error === null) this.#written(count);
      else this.#failed(error);
      if (!this.#isMidway) this.#turn.give();
      if (this.#isEnding) this.flush();
      else if (error === null) this.#proceed();
      else this.#retry();
    });
  }

  #head(): Buffer {
    this.#rest ??= Buffer.from(this.#batches[0] ?? '', 'latin1');
    return this.#rest;
  }

  #written(count: number): void {
    this.#isFailing = false;
    this.#pendingBytes -= count;
    if (this.#lost > 0) this.#sayLost();
    this.#rest = this.#head().subarray(count);
    this.#isMidway = this.#rest.length > 0;
    if (this.#isMidway) return;
    this.#rest = undefined;
    this.#batches.shift();
  }

  #sayLost(): void {
    const now = performance.now();
    if (now < this.#sayLostAt) return;
    this.#sayLostAt = now + SAY_LOST_EVERY_MS;
    this.#events.onResume(this.#lost);
    this.#lost = 0;
  }

  #failed(error: unknown): void {
    if (codeOf(error) === 'EAGAIN' || this.#isFailing) return;
    this.#isFailing = true;
    this.#events.onError(error);
  }
}

/** Nothing else is left to be done by this thread. */
function nap(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NAP_MS);
}

/**
 * Opens a log for appending, with its directories.
 * @returns the file descriptor
 * @throws the system's error
 */
export function openLog(path: string): number {
  // A named pipe must hold up neither the opening nor a write.
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o644);
}
