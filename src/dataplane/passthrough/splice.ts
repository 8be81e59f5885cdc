import type { Guarded } from '../runtime/guard.ts';
import { GATHERED_BYTES, Inlet, MAX_JOINED_BYTES, type ReadBuffers } from '../transport/read-buffers.ts';
import type { OpenTransport, Transport, TransportOwner } from '../transport/transport.ts';

/** What happens to two connections whose bytes are passed on. */
export interface SpliceListener extends Guarded {
  /** Bytes have come of a connection that has no other yet. They are valid only during this call. */
  cameEarly(bytes: Buffer): void;
  /** Bytes have come, or have gone out. */
  moved(): void;
  /** One of the two has ended, and the other has got what was on its way. */
  spliceEnded(): void;
}

/**
 * One of two connections of which each gets the bytes of the other, untouched. Who sends faster than the other reads is not
 * read for that long. As in nginx, an end on one side is the end of both.
 */
export class SpliceSide implements TransportOwner {
  readonly transport: Transport;
  readonly #listener: SpliceListener;
  readonly #inlet: Inlet;
  #other: SpliceSide | undefined;
  receivedBytes = 0;

  /** @param isTls whether TLS ends here */
  constructor(buffers: ReadBuffers, open: OpenTransport, listener: SpliceListener, isTls: boolean) {
    this.#listener = listener;
    this.#inlet = new Inlet(buffers, isTls ? GATHERED_BYTES : MAX_JOINED_BYTES);
    this.transport = open(this);
  }

  /** From now on bytes go from each to the other. */
  spliceWith(other: SpliceSide): void {
    this.#other = other;
    other.#other = this;
    this.transport.resume();
    other.transport.resume();
  }

  destroy(): void {
    this.#inlet.release();
    this.transport.destroy();
  }

  // What its transport calls.

  readBuffer(): Buffer {
    return this.#inlet.next(this.#other !== undefined);
  }

  read(bytes: Buffer, size: number): boolean {
    this.receivedBytes += size;
    this.#inlet.lastSize = size;
    const to = this.#other?.transport;
    if (to === undefined) {
      this.#listener.cameEarly(bytes.subarray(0, size));
      return false;
    }
    const kept = this.#inlet.keep(bytes, [0, size], size, size);
    const flows = to.writeBytes(kept.view(size), kept.giveBack);
    this.#listener.moved();
    return flows;
  }

  ended(): void {
    if (this.#other === undefined) this.#listener.spliceEnded();
    else this.#other.transport.endSoon();
  }

  closed(): void {
    this.#listener.spliceEnded();
  }

  drained(): void {
    this.#listener.moved();
    this.#other?.transport.resume();
  }

  writeFailed(): void {
    this.#listener.spliceEnded();
  }

  crashed(error: unknown): void {
    this.#listener.crashed(error);
  }
}
