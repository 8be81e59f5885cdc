import type { Guarded } from '../../runtime/guard.ts';
import type { ClientMemory } from '../client-memory.ts';
import { flushSoon, type Sender } from '../flush-turn.ts';
import type { PendingWrite, TcpHandle, WriteOutcome } from '../tcp-handle.ts';
import type { TlsHandle } from './tls-handle.ts';

/**
 * What one write takes at most: a read of 64 KiB with the lines of its chunk, which the kernel takes at once. The handle keeps
 * memory for the largest write that it has seen.
 */
const MAX_WRITE = 64 * 1024 + 64;

/** Bytes that wait for their turn. */
interface WaitingBytes {
  readonly bytes: Uint8Array;
  readonly sent: () => void;
  /** How many of them have been written. */
  written: number;
}

/** What an outlet tells its transport. */
export interface OutletListener extends Guarded {
  /** {@link TlsOutlet.isBlocked} is over. */
  outletDrained(): void;
  /** A write failed; never within the call that writes. */
  outletFailed(): void;
  /** All that was written has gone to the kernel; called where it was asked for. */
  outletIdle(): void;
}

/** A write's way back to its outlet: one function then serves all of them. */
interface OwnedWrite extends PendingWrite {
  outlet: TlsOutlet;
}

function oncomplete(this: PendingWrite, status: number): void {
  (this as OwnedWrite).outlet.completed(status);
}

/**
 * The writes of one TLS connection. Its handle takes one at a time, and another one before that has completed ends the whole
 * process: so the others wait here. The handle encrypts a write before it returns, and never says within the call that the
 * kernel has taken it.
 */
export class TlsOutlet implements Sender {
  /** The kernel does not take more for now, or something waits for its turn. */
  isBlocked = false;
  isBroken = false;
  sentBytes = 0;
  readonly #handle: TlsHandle;
  readonly #tcp: TcpHandle;
  readonly #listener: OutletListener;
  readonly #memory: Pick<ClientMemory, 'kept'>;
  readonly #waiting: (string | WaitingBytes)[] = [];
  #waitingBytes = 0;
  /** Bytes that waited when takesSome() was asked last, or after a later write. */
  #waitedBefore = 0;
  /** Of the write that is under way, as they were given; 0: there is none. */
  #underWay = 0;
  #isHeld = false;
  #tellsIdle = false;
  #isClosed = false;

  constructor(handle: TlsHandle, tcp: TcpHandle, listener: OutletListener, memory: Pick<ClientMemory, 'kept'>) {
    this.#handle = handle;
    this.#tcp = tcp;
    this.#listener = listener;
    this.#memory = memory;
  }

  /** Nothing waits, no write is under way, and another one may begin. */
  get isIdle(): boolean {
    return this.#mayWrite;
  }

  /** Whether some of what waited has gone since this was asked last. */
  takesSome(): boolean {
    const waited = this.#waitedBefore;
    this.#waitedBefore = this.#queuedBytes;
    return this.#waitedBefore < waited;
  }

  /** After a write. @returns whether more may be written */
  noteBlocked(): boolean {
    if (this.isBlocked) this.#waitedBefore = this.#queuedBytes;
    return !this.isBlocked;
  }

  /** @param text latin1 */
  writeText(text: string): void {
    if (text === '' || this.#isClosed || this.isBroken) return;
    this.sentBytes += text.length;
    if (this.#mayWrite && text.length <= MAX_WRITE) {
      this.#begin(this.#handle.writeLatin1String(null, text), text.length);
      return;
    }
    this.#put(text);
    this.#waitForTurn();
  }

  /** As writeText(), at the end of this turn of the event loop. */
  writeSoon(text: string): void {
    if (!this.#mayWrite || text.length > MAX_WRITE || text === '') {
      this.writeText(text);
    } else if (!this.#isClosed && !this.isBroken) {
      this.sentBytes += text.length;
      this.#put(text);
      flushSoon(this);
    }
  }

  flush(): void {
    this.#writeNext();
    this.#tell();
  }

  /** Writes what waits, if its turn has come. The listener is told nothing within the call. */
  push(): void {
    this.#writeNext();
  }

  /** @param sent called once, when the bytes are no longer needed */
  writeBytes(bytes: Uint8Array, sent: () => void): void {
    if (bytes.length === 0 || this.#isClosed || this.isBroken) {
      sent();
      return;
    }
    this.sentBytes += bytes.length;
    if (this.#mayWrite && bytes.length <= MAX_WRITE) {
      this.#begin(this.#handle.writeBuffer(null, bytes), bytes.length);
      sent();
      return;
    }
    this.#waiting.push({ bytes, sent, written: 0 });
    this.#add(bytes.length);
    this.#waitForTurn();
  }

  /** Nothing is written until release(): in the middle of OpenSSL's work, it would do harm. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#waiting.length > 0) flushSoon(this);
  }

  /** Tells the listener once everything has gone out: not within this call. */
  tellIdle(): void {
    this.#tellsIdle = true;
    if (this.#underWay === 0) flushSoon(this);
  }

  crashed(error: unknown): void {
    this.#listener.crashed(error);
  }

  /** Drops what waits. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  completed(status: number): void {
    this.#memory.kept -= this.#underWay;
    this.#underWay = 0;
    if (this.#isClosed) return;
    if (status < 0) {
      this.#fail();
    } else {
      this.#writeNext();
      this.#tell();
    }
  }

  /** Bytes that the kernel has not taken yet. */
  get #queuedBytes(): number {
    return this.#isClosed ? 0 : this.#tcp.writeQueueSize + this.#waitingBytes;
  }

  get #mayWrite(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0 && !this.#isHeld;
  }

  #put(text: string): void {
    const last = this.#waiting.length - 1;
    const before = this.#waiting[last];
    if (typeof before === 'string') this.#waiting[last] = before + text;
    else this.#waiting.push(text);
    this.#add(text.length);
  }

  #add(size: number): void {
    this.#waitingBytes += size;
    this.#memory.kept += size;
  }

  #waitForTurn(): void {
    this.#writeNext();
    this.isBlocked = this.#holdsBack;
  }

  #begin(outcome: WriteOutcome, size: number): void {
    if (typeof outcome === 'number') {
      // The handle completes no write within the call: this one has failed.
      this.#failSoon();
      return;
    }
    this.#underWay = size;
    this.#memory.kept += size;
    (outcome as OwnedWrite).outlet = this;
    outcome.oncomplete = oncomplete;
    const { writeStatus } = outcome;
    if (writeStatus !== null) setImmediate(() => this.completed(writeStatus));
    if (this.#tcp.writeQueueSize > 0) this.isBlocked = true;
  }

  /** Writes the first of what waits, if its turn has come. */
  #writeNext(): void {
    if (this.#isClosed || this.isBroken || this.#isHeld || this.#underWay > 0) return;
    const next = this.#waiting[0];
    if (typeof next === 'string') this.#writeTextPart(next);
    else if (next !== undefined) this.#writeBytesPart(next);
  }

  /** Tells the listener what it waits for. */
  #tell(): void {
    if (this.isBlocked && !this.#holdsBack) {
      this.isBlocked = false;
      this.#listener.outletDrained();
    }
    // The listener may have written.
    if (!this.#tellsIdle || !this.isIdle || this.#isClosed || this.isBroken) return;
    this.#tellsIdle = false;
    this.#listener.outletIdle();
  }

  /** Something waits for its turn, or the kernel takes no more. */
  get #holdsBack(): boolean {
    return this.#waiting.length > 0 || (this.#underWay > 0 && this.#tcp.writeQueueSize > 0);
  }

  #writeTextPart(text: string): void {
    const part = text.length > MAX_WRITE ? text.slice(0, MAX_WRITE) : text;
    if (part.length < text.length) this.#waiting[0] = text.slice(MAX_WRITE);
    else this.#waiting.shift();
    this.#add(-part.length);
    this.#begin(this.#handle.writeLatin1String(null, part), part.length);
  }

  #writeBytesPart(next: WaitingBytes): void {
    const part = next.bytes.subarray(next.written, next.written + MAX_WRITE);
    next.written += part.length;
    const isLast = next.written === next.bytes.length;
    if (isLast) this.#waiting.shift();
    this.#add(-part.length);
    this.#begin(this.#handle.writeBuffer(null, part), part.length);
    if (isLast) next.sent();
  }

  #drop(): void {
    const waiting = this.#waiting.splice(0);
    this.#add(-this.#waitingBytes);
    for (const one of waiting) if (typeof one !== 'string') one.sent();
  }

  #failSoon(): void {
    this.isBroken = true;
    process.nextTick(() => this.#fail());
  }

  #fail(): void {
    this.isBroken = true;
    this.#drop();
    if (!this.#isClosed) this.#listener.outletFailed();
  }
}
