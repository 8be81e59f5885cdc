import type { SecureContext } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import { codeOf } from '../../../errors.ts';
import { guarded } from '../../runtime/guard.ts';
import type { ClientMemory } from '../client-memory.ts';
import { GATHERED_BYTES, type ReadBuffers } from '../read-buffers.ts';
import { END_OF_FILE, TCP_INTERNALS, type TcpHandle, type TcpInternals } from '../tcp-handle.ts';
import type { Piece, Transport, TransportOwner } from '../transport.ts';
import { HandshakeOutcome } from './handshake-outcome.ts';
import { type Excess, type RecordFloods, TLS_FLOOD, type WatchedSession } from './record-floods.ts';
import { type TlsHandle, wrapTls } from './tls-handle.ts';
import { type OutletListener, TlsOutlet } from './tls-outlet.ts';

/** A record holds no more (RFC 8446 section 5.1). */
const FULL_RECORD = 16 * 1024;

/** The records of one read of the connection. */
const MOST_GATHERED = 3 * FULL_RECORD;

/** Where bytes go that come for a connection which has been destroyed within the same read. */
const DISCARDED = Buffer.allocUnsafeSlow(FULL_RECORD);

/**
 * The handle gets its first bytes in parts of this size: it then begins with a buffer of 1 KiB, and takes one of 64 KiB, for
 * good, only where a client sends more at once.
 */
const FIRST_BUFFER = 1024;

/** Present wherever TLS handles can be driven. */
const internals = TCP_INTERNALS as TcpInternals;

/** What a handshake is made with. */
export interface TlsStart {
  readonly context: SecureContext;
  /** What may be spoken on it, the favourite first: each name behind its length. Undefined: ALPN is not answered. */
  readonly protocols: Buffer | undefined;
  /** The client is asked for a certificate; `required`: without one the handshake fails. */
  readonly clientCertificate: 'none' | 'requested' | 'required';
}

/** What a connection's handshake tells. */
export interface HandshakeListener extends TransportOwner {
  /** The handshake is over. Called in the middle of OpenSSL's work: what is written now goes out a little later. */
  secured(outcome: HandshakeOutcome): void;
  /** The handshake has failed, and the peer has been told why. @param code OpenSSL's, such as ERR_SSL_NO_SHARED_CIPHER */
  handshakeFailed(code: string): void;
}

/** What transports with TLS share. */
export interface TlsTransportContext {
  readonly memory: Pick<ClientMemory, 'kept'>;
  readonly buffers: Pick<ReadBuffers, 'isShared'>;
  readonly floods: RecordFloods;
}

/** The handle's way back to its transport: one function of each kind then serves all of them. */
interface OwnedHandle extends TlsHandle {
  transport: TlsTransport;
}

function onread(this: TcpHandle): Uint8Array | undefined {
  return (this as OwnedHandle).transport.handleRead(internals.readOutcome());
}

function onhandshakedone(this: TlsHandle): void {
  (this as OwnedHandle).transport.handshakeDone();
}

function onerror(this: TlsHandle, error: unknown): void {
  (this as OwnedHandle).transport.handleError(error);
}

function ignore(): undefined {}

/** Acts when the caller has returned: owners expect no news while they call. */
function soon(owner: TransportOwner, act: () => void): void {
  process.nextTick(guarded(owner, act));
}

/** Sends close_notify and FIN. @returns an error that shows at once; 0: the outcome follows */
function shutDown(handle: TlsHandle, done: (status: number) => void): number {
  const request = internals.newShutdown();
  request.oncomplete = done;
  return handle.shutdown(request);
}

/**
 * A connection with TLS, which drives its handle itself. A read brings one record at a time: those of a large body are gathered
 * in the memory that its owner gives for it, and handed on together.
 */
export class TlsTransport implements Transport, OutletListener, WatchedSession {
  index = 0;
  excess: Excess | undefined;
  isPaused = true;
  readonly tcp: TcpHandle;
  readonly tls: TlsHandle;
  readonly #outlet: TlsOutlet;
  readonly #shared: TlsTransportContext;
  /** Until the handshake is over. */
  #handshake: HandshakeListener | undefined;
  #owner: TransportOwner;
  /** Where reads go. */
  #buffer: Buffer;
  /** Where the next one goes in it, behind those that are gathered from #start on. */
  #next = 0;
  #start = 0;
  #hasEnded = false;
  #isClosed = false;
  #onShutdown: (() => void) | undefined;

  /** @param tcp connected */
  constructor(tcp: TcpHandle, start: TlsStart, listener: HandshakeListener, shared: TlsTransportContext) {
    const { context, protocols, clientCertificate } = start;
    const handle = wrapTls(tcp, context) as OwnedHandle;
    this.tcp = tcp;
    this.tls = handle;
    this.#outlet = new TlsOutlet(handle, tcp, this, shared.memory);
    this.#shared = shared;
    this.#handshake = listener;
    this.#owner = listener;
    this.#buffer = listener.readBuffer();
    handle.transport = this;
    handle.onread = onread;
    handle.onhandshakedone = onhandshakedone;
    handle.onerror = onerror;
    handle.useUserBuffer(this.#buffer);
    if (protocols !== undefined) handle.setALPNProtocols(protocols);
    // Whether a certificate counts is judged by the listener, when the handshake is over.
    if (clientCertificate !== 'none') handle.setVerifyMode(true, clientCertificate === 'required');
  }

  get peerAddress(): string {
    const name: { address?: string } = {};
    return this.#isClosed || this.tcp.getpeername(name) !== 0 ? '' : (name.address ?? '');
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

  /** Takes bytes that were read from the connection before. */
  receive(bytes: Buffer, end: number): void {
    for (let at = 0; at < end && !this.#isClosed; at += FIRST_BUFFER) {
      this.tls.receive(bytes.subarray(at, Math.min(at + FIRST_BUFFER, end)));
    }
  }

  takesSome(): boolean {
    return this.#outlet.takesSome();
  }

  writeText(text: string): boolean {
    this.#outlet.writeText(text);
    return this.#outlet.noteBlocked();
  }

  writeSoon(text: string): boolean {
    this.#outlet.writeSoon(text);
    return !this.isBlocked;
  }

  writePiece(before: string, piece: Piece, behind: string, isSoon: boolean): boolean {
    const text = before + piece.text() + behind;
    return isSoon ? this.writeSoon(text) : this.writeText(text);
  }

  flush(): boolean {
    this.#outlet.push();
    return this.#outlet.isIdle;
  }

  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    this.#outlet.writeBytes(bytes, sent);
    return this.#outlet.noteBlocked();
  }

  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    if (this.isOpen) this.tcp.readStop();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.isOpen) return;
    const error = this.tls.readStart();
    if (error !== 0) soon(this.#owner, () => this.#close(getSystemErrorName(error)));
  }

  handOver(owner: TransportOwner): void {
    this.#owner = owner;
  }

  end(finished: () => void): void {
    if (this.#isClosed) return;
    this.#onShutdown = finished;
    // A write that is under way keeps close_notify back.
    this.#outlet.tellIdle();
  }

  endSoon(): void {
    this.end(() => this.#close(undefined));
  }

  destroy(): void {
    if (this.#isClosed) return;
    const handle = this.tls;
    this.#outlet.push();
    // RFC 8446 section 6.1: the peer then knows that nothing was cut off.
    const mayShutDown = this.#handshake === undefined && this.#onShutdown === undefined && !this.isBroken;
    if (mayShutDown && this.#outlet.isIdle) shutDown(handle, ignore);
    this.#isClosed = true;
    this.#shared.floods.forget(this);
    this.#outlet.close();
    handle.onhandshakedone = ignore;
    handle.onerror = ignore;
    // OpenSSL may be at work on it further up the stack. By then it is not.
    this.tcp.close(() => handle.destroySSL());
  }

  // What the handle calls.

  /** Takes the outcome of a read. @returns the memory for the next one, where it changes */
  handleRead(outcome: number): Uint8Array | undefined {
    try {
      if (outcome > 0) return this.#isClosed ? DISCARDED : this.#take(outcome);
      this.#handOnGathered();
      if (outcome === END_OF_FILE && !this.#isClosed) {
        this.#hasEnded = true;
        this.#owner.ended();
      } else if (outcome < 0) {
        this.#close(getSystemErrorName(outcome));
      }
    } catch (error) {
      this.#owner.crashed(error);
      if (outcome > 0) return this.#nextBuffer();
    }
    return undefined;
  }

  handshakeDone(): void {
    const listener = this.#handshake;
    if (listener === undefined) return;
    this.#handshake = undefined;
    this.#shared.floods.watch(this);
    this.#outlet.hold();
    try {
      listener.secured(new HandshakeOutcome(this.tls));
    } catch (error) {
      listener.crashed(error);
    }
    this.#outlet.release();
  }

  handleError(error: unknown): void {
    const code = codeOf(error) ?? 'ERR_SSL';
    const listener = this.#handshake;
    guarded(this.#owner, () => {
      if (listener !== undefined) listener.handshakeFailed(code);
      else this.#close(code);
    })();
  }

  flooded(): void {
    guarded(this.#owner, () => this.#close(TLS_FLOOD))();
  }

  // What the outlet calls.

  outletDrained(): void {
    if (!this.#isClosed) guarded(this.#owner, () => this.#owner.drained())();
  }

  outletFailed(): void {
    if (!this.#isClosed) guarded(this.#owner, () => this.#owner.writeFailed())();
  }

  outletIdle(): void {
    const finished = this.#onShutdown;
    if (finished === undefined || this.#isClosed) return;
    const error = shutDown(this.tls, status => {
      if (this.#isClosed) return;
      if (status < 0) this.#close(getSystemErrorName(status));
      else guarded(this.#owner, finished)();
    });
    // The peer may have reset the connection already.
    if (error !== 0) soon(this.#owner, () => this.#close(getSystemErrorName(error)));
  }

  crashed(error: unknown): void {
    this.#owner.crashed(error);
  }

  // Reading.

  /** Bytes lie in the buffer, behind those that are gathered. @returns the memory for the next read, where it changes */
  #take(size: number): Uint8Array | undefined {
    const buffer = this.#buffer;
    const end = this.#next + size;
    const isEnough = end - this.#start > MOST_GATHERED || buffer.length - end < FULL_RECORD;
    // The shared buffer may get the bytes of another connection before this turn ends.
    if (size < GATHERED_BYTES || isEnough || this.#shared.buffers.isShared(buffer)) {
      const bytes = this.#start === 0 ? buffer : buffer.subarray(this.#start, end);
      if (!this.#owner.read(bytes, end - this.#start)) this.pause();
      return this.#nextBuffer();
    }
    if (this.#next === this.#start) setImmediate(() => this.#handOnGathered());
    this.#next = end;
    return buffer.subarray(end);
  }

  /** The records of this turn have come. The handle goes on with the rest of the buffer, so that its owner must not keep it. */
  #handOnGathered(): void {
    const [start, end] = [this.#start, this.#next];
    if (start === end || this.#isClosed) return;
    this.#start = end;
    try {
      if (!this.#owner.read(this.#buffer.subarray(start, end), end - start)) this.pause();
    } catch (error) {
      this.#owner.crashed(error);
    }
  }

  #nextBuffer(): Uint8Array | undefined {
    // Records of the same read may still come.
    if (this.#isClosed) return DISCARDED;
    const buffer = this.#owner.readBuffer();
    // Setting a buffer takes several native calls; the one that is set stays.
    const isSet = buffer === this.#buffer && this.#next === 0;
    this.#buffer = buffer;
    this.#start = 0;
    this.#next = 0;
    return isSet ? undefined : buffer;
  }

  #close(error: string | undefined): void {
    if (this.#isClosed) return;
    this.destroy();
    this.#owner.closed(error);
  }
}
