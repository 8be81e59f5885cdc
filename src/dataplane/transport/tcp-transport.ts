import { getSystemErrorName } from 'node:util';
import { guarded } from '../runtime/guard.ts';
import type { ClientMemory } from './client-memory.ts';
import { END_OF_FILE, TCP_INTERNALS, type TcpHandle, type TcpInternals } from './tcp-handle.ts';
import { TcpOutlet } from './tcp-outlet.ts';
import type { Piece, Transport, TransportOwner } from './transport.ts';

/** Present wherever {@link isTcpHandle} has accepted a handle. */
const internals = TCP_INTERNALS as TcpInternals;

/** The handle's way back to its transport: one function then serves all of them. */
interface OwnedHandle extends TcpHandle {
  transport: TcpTransport;
}

function onread(this: TcpHandle): Uint8Array | undefined {
  return (this as OwnedHandle).transport.handleRead(internals.readOutcome());
}

/** What a handle writes its answer into: for an object that has these fields already, that takes half the time. */
const peerName = { address: '', family: '', port: 0 };

function ignoreReads(): undefined {}

/**
 * A connection that drives its TCP handle itself. A `net.Socket` in between would cost more than the reads and writes: several
 * kilobytes for each connection, and for each read and write the bookkeeping of two streams.
 */
export class TcpTransport implements Transport {
  isPaused = true;
  readonly #handle: TcpHandle;
  #owner: TransportOwner;
  readonly #outlet: TcpOutlet;
  /** Where the next read goes. */
  #buffer: Buffer;
  #hasEnded = false;
  #isClosed = false;

  /** @param handle connected, and without Nagle's delay @param memory as that of its outlet */
  constructor(handle: TcpHandle, owner: TransportOwner, memory: Pick<ClientMemory, 'kept'>) {
    this.#handle = handle;
    this.#owner = owner;
    this.#outlet = new TcpOutlet(handle, owner, memory);
    this.#buffer = owner.readBuffer();
    (handle as OwnedHandle).transport = this;
    handle.onread = onread;
    handle.useUserBuffer(this.#buffer);
  }

  get peerAddress(): string {
    return this.#isClosed || this.#handle.getpeername(peerName) !== 0 ? '' : peerName.address;
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#hasEnded;
  }

  get isBlocked(): boolean {
    return this.#outlet.isBlocked;
  }

  get isBroken(): boolean {
    return this.#outlet.isBroken;
  }

  get sentBytes(): number {
    return this.#outlet.sentBytes;
  }

  takesSome(): boolean {
    return this.#outlet.takesSome();
  }

  writeText(text: string): boolean {
    return this.#outlet.writeText(text);
  }

  writeSoon(text: string): boolean {
    return this.#outlet.writeSoon(text);
  }

  writePiece(before: string, piece: Piece, behind: string, isSoon: boolean): boolean {
    return this.#outlet.writePiece(before, piece, behind, isSoon);
  }

  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    return this.#outlet.writeBytes(bytes, sent);
  }

  flush(): boolean {
    return this.#outlet.flush();
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
    this.#outlet.owner = owner;
  }

  /** Gives up the handle, which another layer drives from now on. */
  detach(): TcpHandle {
    this.#handle.readStop();
    this.#outlet.close();
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
    this.#outlet.close();
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
