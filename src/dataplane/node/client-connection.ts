import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import type { FailureReason } from '../../failures/failures.ts';
import { unmapAddress } from '../../formats/address-ranges.ts';
import type { WorkerCounters } from '../../observe/counters.ts';
import type { EngineContext } from '../engine.ts';
import { HeadMeter } from './head-meter.ts';

/** How long a client is listened to after its last response, so that it can read it before the connection is reset. */
const LINGERING_MS = 5_000;

/** The head of a request is kept until it is parsed, to say what was wrong with it; more of it is never needed. */
const MAX_KEPT_HEAD = 96 * 1024;

/**
 * A client's connection: nginx's connection states, the order of its requests, and its end.
 * Node parses pipelined requests ahead; here they start one after the other.
 */
export class ClientConnection {
  readonly socket: Socket;
  readonly remoteAddress: string;
  /** No request that comes after this counts: the answer under way is the last. */
  isClosing = false;
  /** Set before a request behind which bytes are lost: it is the last that is taken. */
  losesBytes = false;
  #hasLast = false;
  /** The client may still be sending a body that will not be read. */
  mustLinger = false;
  /** Its bytes are no longer HTTP. */
  isRejected = false;
  /** Requests begun. */
  requests = 0;
  /** A tunnel, or ended: bytes are no longer requests. */
  #isDetached = false;
  readonly #counters: WorkerCounters;
  readonly #clock: Clock;
  readonly #onOversize: (failure: FailureReason) => void;
  #state: 'waiting' | 'reading' | 'writing' | 'closed' = 'waiting';
  readonly #meter = new HeadMeter();
  #head: Buffer[] = [];
  #headBytes = 0;
  #busy = false;
  readonly #queue: (() => void)[] = [];
  #bytesRead = 0;

  /** @param onOversize called once, when a head under way is longer than is allowed */
  constructor(socket: Socket, { counters, clock }: EngineContext, onOversize: (failure: FailureReason) => void) {
    this.#onOversize = onOversize;
    this.#clock = clock;
    this.socket = socket;
    this.remoteAddress = unmapAddress(socket.remoteAddress ?? '');
    this.#counters = counters;
    counters.add('handled', 1);
    counters.add('active', 1);
    counters.add('waiting', 1);
    socket.prependListener('data', this.#onData);
    socket.once('close', () => {
      this.#setState('closed');
      counters.add('active', -1);
    });
    socket.destroySoon = () => this.#endGracefully();
  }

  get isIdle(): boolean {
    return this.#state === 'waiting';
  }

  /** The request under way is the last, whatever it says. */
  get isAtLast(): boolean {
    return this.#hasLast && this.#queue.length === 0;
  }

  get isBusy(): boolean {
    return this.#busy;
  }

  /** What came of a request head that is not complete, as latin1. */
  get unparsedHead(): string {
    return Buffer.concat(this.#head).toString('latin1');
  }

  /** Bytes that came since the last call. */
  takeBytesRead(): number {
    const count = this.socket.bytesRead - this.#bytesRead;
    this.#bytesRead = this.socket.bytesRead;
    return count;
  }

  /** A head is complete. Its request starts when the ones before it have been answered. */
  enqueue(start: () => void): void {
    this.#dropHead();
    if (this.#hasLast) return;
    this.#hasLast = this.losesBytes;
    // A pipelined request's first byte came together with another's.
    if (this.#state === 'writing') this.#counters.add('requests', 1);
    else this.#setState('writing');
    if (this.#busy) {
      this.#queue.push(start);
      // A request behind another means that the other has been read whole: nothing is missed by not reading.
      this.socket.pause();
    } else {
      this.#busy = true;
      start();
    }
  }

  /** The request under way has been answered. */
  next(): void {
    // Requests behind one whose client has left are not begun: there is no socket that an answer could be assigned to.
    const start = this.isClosing || this.socket.destroyed ? undefined : this.#queue.shift();
    if (start !== undefined) {
      start();
      return;
    }
    this.#busy = false;
    if (this.#state === 'writing' && !this.isClosing) this.#setState('waiting');
    if (!this.#isDetached) this.socket.resume();
  }

  /** From now on the bytes belong to a tunnel. */
  detach(): void {
    this.#isDetached = true;
    this.socket.off('data', this.#onData);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.isClosing || this.#isDetached) return;
    if (this.#state === 'waiting') {
      this.#setState('reading');
      this.#counters.add('requests', 1);
    }
    if (this.#state !== 'reading') return;
    if (this.#headBytes < MAX_KEPT_HEAD) {
      this.#head.push(chunk);
      this.#headBytes += chunk.length;
    }
    const failure = this.#meter.measure(chunk);
    if (failure !== undefined) this.#onOversize(failure);
  };

  #dropHead(): void {
    this.#head = [];
    this.#headBytes = 0;
    this.#meter.reset();
  }

  #setState(state: 'waiting' | 'reading' | 'writing' | 'closed'): void {
    if (this.#state === 'closed' || this.#state === state) return;
    this.#counters.add(this.#state, -1);
    if (state !== 'closed') this.#counters.add(state, 1);
    this.#state = state;
  }

  /**
   * Node would destroy the socket once the last response is written. Bytes still coming in then make the kernel reset the
   * connection, which may take the response from the client (RFC 9112 section 9.6): send FIN, and read on for a while.
   */
  #endGracefully(): void {
    const { socket } = this;
    this.isClosing = true;
    if (socket.destroyed) return;
    socket.end();
    if (socket.readableEnded || !(this.mustLinger || this.#queue.length > 0)) {
      if (socket.writableFinished) socket.destroy();
      else socket.once('finish', () => socket.destroy());
      return;
    }
    socket.once('end', () => socket.destroy());
    // What is still to be written has send-timeout; the lingering begins after it.
    const linger = (): void => {
      const cancel = this.#clock.setTimer(LINGERING_MS, () => socket.destroy());
      socket.once('close', cancel);
    };
    if (socket.writableFinished) linger();
    else socket.once('finish', linger);
    socket.resume();
  }
}
