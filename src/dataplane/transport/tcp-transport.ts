import { getSystemErrorName } from 'node:util';
import { guarded } from '../runtime/guard.ts';
import type { ClientMemory } from './client-memory.ts';
import { flushSoon, type Sender } from './flush-turn.ts';
import { END_OF_FILE, TCP_INTERNALS, type TcpHandle, type TcpInternals, type WriteOutcome } from './tcp-handle.ts';
import type { Transport, TransportOwner } from './transport.ts';

/** More than this is written before more is added. */
const MAX_DUE = 16 * 1024;

/** Present wherever {@link isTcpHandle} has accepted a handle. */
const internals = TCP_INTERNALS as TcpInternals;

/** The handle's way back to its transport: one function then serves all of them. */
interface OwnedHandle extends TcpHandle {
  transport: TcpTransport;
}

function onread(this: TcpHandle): Uint8Array | undefined {
  return (this as OwnedHandle).transport.handleRead(internals.readOutcome());
}

function ignoreReads(): undefined {}

/**
 * A connection that drives its TCP handle itself. A `net.Socket` in between would cost more than the reads and writes: several
 * kilobytes for each connection, and for each read and write the bookkeeping of two streams.
 */
export class TcpTransport implements Transport, Sender {
  isBlocked = false;
  isBroken = false;
  isPaused = true;
  sentBytes = 0;
  readonly #handle: TcpHandle;
  #owner: TransportOwner;
  readonly #memory: Pick<ClientMemory, 'kept'>;
  /** Where the next read goes. */
  #buffer: Buffer;
  #hasEnded = false;
  #isClosed = false;
  /** Waits for the end of the turn. */
  #due = '';
  /** Writes that the kernel has not taken whole. */
  #pending = 0;
  /** Bytes that waited when takesSome() was asked last. */
  #waitedBytes = 0;

  /** @param handle connected @param memory in which the texts are counted that wait to be sent */
  constructor(handle: TcpHandle, owner: TransportOwner, memory: Pick<ClientMemory, 'kept'>) {
    this.#handle = handle;
    this.#owner = owner;
    this.#memory = memory;
    this.#buffer = owner.readBuffer();
    (handle as OwnedHandle).transport = this;
    handle.onread = onread;
    handle.useUserBuffer(this.#buffer);
    handle.setNoDelay(true);
  }

  get peerAddress(): string {
    const name: { address?: string } = {};
    return this.#isClosed || this.#handle.getpeername(name) !== 0 ? '' : (name.address ?? '');
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#hasEnded;
  }

  takesSome(): boolean {
    const waited = this.#waitedBytes;
    this.#waitedBytes = this.#waitingBytes();
    return this.#waitedBytes < waited;
  }

  writeText(text: string): boolean {
    const due = this.#due + text;
    this.#due = '';
    if (this.#isClosed || this.isBroken) return true;
    return this.#settle(this.#handle.writeLatin1String(null, due), due.length);
  }

  writeSoon(text: string): boolean {
    if (text === '') return !this.isBlocked;
    if (this.isBlocked || this.#due.length > MAX_DUE) return this.writeText(text);
    const isFirst = this.#due === '';
    this.#due += text;
    if (isFirst) flushSoon(this);
    return !this.isBlocked;
  }

  flush(): boolean {
    if (this.#due !== '') this.writeText('');
    return this.#pending === 0;
  }

  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    this.flush();
    if (this.#isClosed || this.isBroken) {
      sent();
      return true;
    }
    return this.#settle(this.#handle.writeBuffer(null, bytes), bytes.length, bytes, sent);
  }

  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    if (this.isOpen) this.#handle.readStop();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.isOpen) return;
    const error = this.#handle.readStart();
    if (error !== 0) this.#failSoon(error);
  }

  handOver(owner: TransportOwner): void {
    this.#owner = owner;
  }

  /** Gives up the handle, which another layer drives from now on. */
  detach(): TcpHandle {
    this.#handle.readStop();
    this.#isClosed = true;
    this.#handle.onread = ignoreReads;
    return this.#handle;
  }

  end(finished: () => void): void {
    if (this.#isClosed) return;
    this.flush();
    const request = internals.newShutdown();
    request.oncomplete = status => {
      if (this.#isClosed) return;
      if (status < 0) this.#fail(status);
      else guarded(this.#owner, finished)();
    };
    const error = this.#handle.shutdown(request);
    // The peer may have reset the connection already.
    if (error !== 0) this.#failSoon(error);
  }

  endSoon(): void {
    this.end(() => this.#close(undefined));
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#handle.onread = ignoreReads;
    this.#handle.close();
  }

  /** Takes the outcome of a read. @returns the memory for the next one, where it changes */
  handleRead(outcome: number): Uint8Array | undefined {
    const owner = this.#owner;
    try {
      if (outcome > 0) {
        if (!owner.read(this.#buffer, outcome)) this.pause();
        return this.#nextBuffer();
      }
      if (outcome === END_OF_FILE) {
        this.#hasEnded = true;
        owner.ended();
      } else if (outcome < 0) {
        this.#fail(outcome);
      }
    } catch (error) {
      owner.crashed(error);
      if (outcome > 0) return this.#nextBuffer();
    }
    return undefined;
  }

  #nextBuffer(): Uint8Array | undefined {
    if (this.#isClosed) return undefined;
    const next = this.#owner.readBuffer();
    // Setting a buffer takes several native calls; the one that is set stays.
    if (next === this.#buffer) return undefined;
    this.#buffer = next;
    return next;
  }

  crashed(error: unknown): void {
    this.#owner.crashed(error);
  }

  /** @param size of what was written @param bytes undefined for a text, which the handle has copied */
  #settle(outcome: WriteOutcome, size: number, bytes?: Uint8Array, sent?: () => void): boolean {
    if (typeof outcome === 'number') {
      sent?.();
      if (outcome === 0) this.sentBytes += size;
      else this.#failWrite();
      return !this.isBlocked;
    }
    if (outcome.writeStatus !== null) return this.#settle(outcome.writeStatus, size, bytes, sent);
    const textBytes = bytes === undefined ? size : 0;
    this.sentBytes += size;
    this.#pending += 1;
    this.#memory.kept += textBytes;
    outcome.buffer = bytes;
    outcome.oncomplete = guarded(this.#owner, status => {
      this.#pending -= 1;
      this.#memory.kept -= textBytes;
      sent?.();
      if (this.#isClosed) return;
      if (status < 0) this.#failWrite();
      if (this.#pending > 0) return;
      this.isBlocked = false;
      this.#owner.drained();
    });
    this.isBlocked = true;
    this.#waitedBytes = this.#waitingBytes();
    return false;
  }

  #waitingBytes(): number {
    return this.#isClosed ? 0 : this.#handle.writeQueueSize;
  }

  #failWrite(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    process.nextTick(
      guarded(this.#owner, () => {
        if (!this.#isClosed) this.#owner.writeFailed();
      }),
    );
  }

  #failSoon(error: number): void {
    process.nextTick(guarded(this.#owner, () => this.#fail(error)));
  }

  #fail(error: number): void {
    this.#close(getSystemErrorName(error));
  }

  #close(error: string | undefined): void {
    if (this.#isClosed) return;
    this.destroy();
    this.#owner.closed(error);
  }
}
