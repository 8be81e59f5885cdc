/** Writes the access log to standard output or to a file, without waiting for either. */
import { closeSync, write, writeSync } from 'node:fs';
import { codeOf } from '../../errors.ts';
import { openLog } from '../../observe/open-log.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { WriteTurn } from './write-turn.ts';

const STANDARD_OUTPUT = 1;

/**
 * A write takes at most so many bytes, unless a line is longer. A write ends one turn of the event loop later at the earliest,
 * and under load there are some fifty turns a second: with small batches, lines would be dropped.
 */
const BATCH_BYTES = 256 * 1024;
/** So many bytes are written at once, fewer wait a moment for more: each write wakes another thread. */
const ENOUGH_BYTES = 64 * 1024;
const FLUSH_EVERY_MS = 100;
/** What may wait for a stalled reader. Beyond it lines are dropped and counted: a log must not stop the proxy. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** A full pipe, or one that another thread writes to, is tried again after this time: a pipe holds 64 KiB, so a reader that keeps up still gets megabytes a second. */
const RETRY_MS = 10;
/** For so long a stalled reader may hold up the end of a thread. */
const LAST_FLUSH_MS = 500;
const NAP_MS = 5;
/** A slow destination takes some lines and refuses others in turn: lost lines are reported no more often than this. */
const SAY_LOST_EVERY_MS = 10_000;

export interface LineSinkEvents {
  /** Lines were thrown away because the destination takes no more. */
  readonly onDrop: (lines: number) => void;
  /** The destination takes lines again. @param lost lines dropped since the last report */
  readonly onResume: (lost: number) => void;
  /** Writing fails. Reported once, until a write has succeeded again; pending lines wait. */
  readonly onError: (error: unknown) => void;
}

/** Lines in memory that one write takes. Further lines are added while it is under way. */
interface Batch {
  readonly bytes: Buffer;
  /** What comes before it has been written. */
  start: number;
  end: number;
}

/** Writes lines in batches, without ever waiting for the destination. */
export class LineSink implements LineBuffer {
  readonly #path: string;
  readonly #turn: WriteTurn;
  readonly #events: LineSinkEvents;
  /** Undefined while the file cannot be opened. */
  #fd: number | undefined;
  /** Full batches, oldest first. */
  readonly #full: Batch[] = [];
  /** Takes the next line. Made for the first one: a log that is off takes no memory. */
  #open: Batch = { bytes: Buffer.alloc(0), start: 0, end: 0 };
  #spare: Batch | undefined;
  /** A write took only a part of what it was given: no other thread may write before the rest. */
  #isMidway = false;
  #pendingBytes = 0;
  /** Dropped lines that have not been reported yet. */
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
    this.#fd = path === '' ? STANDARD_OUTPUT : this.#openFile();
  }

  get bytes(): Buffer {
    return this.#open.bytes;
  }

  get end(): number {
    return this.#open.end;
  }

  reserve(mostBytes: number): void {
    const open = this.#open;
    if (open.bytes.length - open.end >= mostBytes) return;
    if (open.end > open.start) this.#full.push(open);
    this.#open = this.#emptyBatch(mostBytes);
  }

  add(end: number): void {
    const open = this.#open;
    const size = end - open.end;
    if (this.#pendingBytes + size > MAX_PENDING_BYTES) {
      this.#lost += 1;
      this.#events.onDrop(1);
      return;
    }
    open.end = end;
    this.#pendingBytes += size;
    if (this.#isEnding) this.flush();
    // A write under way goes on by itself when it is done.
    else if (this.#writingTo === undefined && (this.#timer === undefined || this.#isDue)) this.#proceed();
  }

  /** After logrotate has moved the file away: the next lines go to a new one. */
  reopen(): void {
    if (this.#path === '') return;
    const fresh = this.#openFile();
    // The old file stays in use.
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
    while (this.#writingTo === undefined && this.#fd !== undefined && this.#pendingBytes > 0) {
      try {
        if (this.#turn.take()) {
          const oldest = this.#oldest();
          this.#written(writeSync(this.#fd, oldest), oldest.length);
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

  #openFile(): number | undefined {
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
    if (this.#writingTo !== undefined || fd === undefined || this.#pendingBytes === 0) return;
    if (!this.#turn.take()) {
      this.#retry();
      return;
    }
    this.#writingTo = fd;
    const oldest = this.#oldest();
    write(fd, oldest, (error, count) => {
      this.#writingTo = undefined;
      // It was reopened in the meantime.
      if (fd !== this.#fd) closeSync(fd);
      if (error === null) this.#written(count, oldest.length);
      else this.#failed(error);
      if (!this.#isMidway) this.#turn.give();
      if (this.#isEnding) this.flush();
      else if (error === null) this.#proceed();
      else this.#retry();
    });
  }

  /** Enough waits for a write at once, and none has just been refused. */
  get #isDue(): boolean {
    return this.#pendingBytes >= ENOUGH_BYTES && !this.#isRefused;
  }

  #emptyBatch(mostBytes: number): Batch {
    const spare = this.#spare;
    if (spare === undefined || mostBytes > BATCH_BYTES) {
      return { bytes: Buffer.allocUnsafeSlow(Math.max(BATCH_BYTES, mostBytes)), start: 0, end: 0 };
    }
    this.#spare = undefined;
    return spare;
  }

  /** What is to be written next. */
  #oldest(): Buffer {
    const { bytes, start, end } = this.#full[0] ?? this.#open;
    return bytes.subarray(start, end);
  }

  /** @param count of so many bytes */
  #written(count: number, of: number): void {
    this.#isFailing = false;
    this.#pendingBytes -= count;
    this.#isMidway = count < of;
    if (this.#lost > 0) this.#sayLost();
    const batch = this.#full[0] ?? this.#open;
    batch.start += count;
    if (batch.start < batch.end) return;
    batch.start = 0;
    batch.end = 0;
    if (batch === this.#open) return;
    this.#full.shift();
    if (batch.bytes.length === BATCH_BYTES) this.#spare = batch;
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

/** Blocks the thread, which is ending and has nothing else to do. */
function nap(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NAP_MS);
}
