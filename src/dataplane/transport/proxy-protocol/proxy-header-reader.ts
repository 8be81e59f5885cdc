import type { Indexed } from '../../runtime/indexed-set.ts';
import { type Timed, TimeLimit, type TimerWheel } from '../../runtime/timer-wheel.ts';
import type { ReadBuffers } from '../read-buffers.ts';
import { Stash, type Stashes } from '../stash.ts';
import type { OpenTransport, Transport, TransportOwner } from '../transport.ts';
import type { ProxyFault, ProxyHeader } from './proxy-header.ts';
import { readProxyHeader } from './read-proxy-header.ts';

/** How long the header may take. The specification asks for 3 s at least: a lost packet is sent again after 1 s, then 2 s. */
const HEADER_MS = 10_000;

/** What the readers of a worker share. */
export interface ProxyHeaderContext {
  readonly wheel: TimerWheel;
  readonly buffers: ReadBuffers;
  readonly stashes: Stashes;
}

/** What becomes of connections when their header has been read. */
export interface ProxyHeaderListener {
  /** The header is complete. Must open the connection within this call. @param source as in {@link ProxyHeader} */
  headerRead(open: OpenTransport, source: string | undefined): void;
  /** The connection has ended before. @param fault undefined where not a byte of a header came */
  headerFailed(peer: string, fault: ProxyFault | undefined): void;
  /** The reader is done, by either of these or because it was destroyed. */
  readerOver(reader: ProxyHeaderReader, isHandedOver: boolean): void;
  reportBug(error: unknown): void;
}

/** Reads the header of a connection, however it is cut, and hands the connection on with the bytes behind it. */
export class ProxyHeaderReader implements TransportOwner, Timed, Indexed {
  index = 0;
  readonly #context: ProxyHeaderContext;
  readonly #listener: ProxyHeaderListener;
  readonly #transport: Transport;
  readonly #limit = new TimeLimit(this);
  /** What has come of an incomplete header. */
  readonly #stash: Stash;
  #isOver = false;

  constructor(context: ProxyHeaderContext, open: OpenTransport, listener: ProxyHeaderListener) {
    this.#context = context;
    this.#listener = listener;
    this.#stash = new Stash(context.stashes);
    this.#transport = open(this);
  }

  get peerAddress(): string {
    return this.#transport.peerAddress;
  }

  start(): void {
    this.#context.wheel.set(this.#limit, HEADER_MS);
    this.#transport.resume();
  }

  /** Hands the connection on as it is: its first bytes are its client's. Instead of start(). */
  skip(): void {
    this.#isOver = true;
    this.#handOver(undefined, undefined);
  }

  /** The engine drains: a header is short, and the request behind it is still answered. */
  drain(): void {}

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#transport.destroy();
    this.#release(false);
  }

  // What its transport calls.

  readBuffer(): Buffer {
    return this.#context.buffers.shared(this.#context.buffers.pieceBytes);
  }

  read(bytes: Buffer, size: number): boolean {
    if (this.#isOver) return true;
    const all = this.#stash.size === 0 ? bytes.subarray(0, size) : this.#stash.append(bytes, size);
    const header = readProxyHeader(all, all.length);
    if (header === undefined) this.#stash.keep(all, 0, all.length);
    else if (typeof header === 'string') this.#fail(header);
    else this.#finish(header, all);
    return true;
  }

  ended(): void {
    this.#failWithin('the connection ended within the header');
  }

  closed(): void {
    this.#failWithin('the connection ended within the header');
  }

  timedOut(): void {
    this.#failWithin(`the header was not complete after ${HEADER_MS / 1000} s`);
  }

  drained(): void {}

  writeFailed(): void {}

  crashed(error: unknown): void {
    this.#listener.reportBug(error);
    this.destroy();
  }

  #finish({ size, source }: ProxyHeader, bytes: Buffer): void {
    this.#isOver = true;
    // Its place is needed for another header, and the next owner may pause before it has read all.
    const rest = bytes.length > size ? Buffer.from(bytes.subarray(size)) : undefined;
    try {
      this.#handOver(source, rest);
    } finally {
      this.#release(true);
    }
  }

  #handOver(source: string | undefined, rest: Buffer | undefined): void {
    const transport = this.#transport;
    let owner: TransportOwner | undefined;
    this.#listener.headerRead(next => {
      owner = next;
      transport.handOver(next);
      return transport;
    }, source);
    if (owner === undefined) transport.destroy();
    else if (rest !== undefined) deliver(rest, owner, transport);
  }

  /** A connection that sends nothing at all is a probe, and no fault. */
  #failWithin(fault: ProxyFault): void {
    this.#fail(this.#stash.size === 0 ? undefined : fault);
  }

  #fail(fault: ProxyFault | undefined): void {
    if (this.#isOver) return;
    const peer = this.peerAddress;
    this.destroy();
    this.#listener.headerFailed(peer, fault);
  }

  #release(isHandedOver: boolean): void {
    this.#context.wheel.remove(this.#limit);
    this.#stash.clear();
    this.#listener.readerOver(this, isHandedOver);
  }
}

/** Gives bytes that have been read already to the owner that they are for. */
function deliver(bytes: Buffer, owner: TransportOwner, transport: Transport): void {
  try {
    if (!owner.read(bytes, bytes.length)) transport.pause();
  } catch (error) {
    owner.crashed(error);
  }
}
