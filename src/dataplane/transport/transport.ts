import type { Guarded } from '../runtime/guard.ts';

/** What a connection's reads and events are handed to. */
export interface TransportOwner extends Guarded {
  /** The memory for the next read. */
  readBuffer(): Buffer;
  /** Bytes were read, into that memory or, after handOver(), into the old owner's. They are valid only during this call. @returns false to stop reading until resume() */
  read(bytes: Buffer, size: number): boolean;
  /** The peer has sent FIN: nothing more will be read. */
  ended(): void;
  /** The connection is gone. @param error the system's code, such as ECONNRESET; undefined after endSoon() */
  closed(error: string | undefined): void;
  /** {@link Transport.isBlocked} is over. */
  drained(): void;
  /** {@link Transport.isBroken} has become true. Never called from within a write. */
  writeFailed(): void;
}

/** Bytes that go out with texts around them. They are valid only while they are handed over. */
export interface Piece {
  readonly size: number;
  /** As latin1. */
  text(): string;
  /** Copies the bytes from `start` to `end`. */
  copy(target: Buffer, at: number, start: number, end: number): void;
}

/**
 * A connection as a stream of bytes. Nothing is read before resume() is called for the first time. It belongs to one owner at
 * a time, which destroy() tells nothing: who destroys it knows.
 */
export interface Transport {
  /** The peer's address; empty when the connection was reset before it could be asked for. */
  readonly peerAddress: string;
  /** Neither side has ended the connection. */
  readonly isOpen: boolean;
  readonly isPaused: boolean;
  /** The kernel does not take more for now: the owner should not write until drained(). */
  readonly isBlocked: boolean;
  /** A write failed. Further ones are dropped; what the peer sent before can still be read. */
  readonly isBroken: boolean;
  /** Bytes that were written, without those of writes that failed at once. */
  readonly sentBytes: number;

  /** Whether the kernel has taken some of what waits since this was asked last, or since it began to wait. */
  takesSome(): boolean;

  /** @param text one byte for each character: none is beyond U+00FF @returns false when it is blocked */
  writeText(text: string): boolean;

  /**
   * Writes at the end of this turn of the event loop, when other connections write, too: for what nothing follows soon. Whether
   * this connection is blocked then shows only afterwards.
   * @param text as that of writeText() @returns as writeText()
   */
  writeSoon(text: string): boolean;

  /**
   * Writes a piece and what stands around it, in one system call where the kernel takes it.
   * @param before as that of writeText() @param behind likewise
   * @param isSoon as writeSoon() does, else as writeText() @returns as writeText()
   */
  writePiece(before: string, piece: Piece, behind: string, isSoon: boolean): boolean;

  /** Writes what waits for the end of the turn. @returns whether the kernel has taken all that was written */
  flush(): boolean;

  /** @param sent called once, when the bytes are no longer needed; often within this call @returns as writeText() */
  writeBytes(bytes: Uint8Array, sent: () => void): boolean;

  pause(): void;
  resume(): void;

  /** From now on it belongs to another owner. The memory for the next read may still be the old owner's. */
  handOver(owner: TransportOwner): void;

  /** Sends FIN after what was written. @param finished called when it has been sent, never within this call */
  end(finished: () => void): void;

  /** Ends the connection when what was written has gone out; the owner is told that it closed. */
  endSoon(): void;

  /** Ends the connection now. What was written goes out as far as the kernel takes it at once. */
  destroy(): void;
}

/** The owner of a connection that is closed at once, or whose bytes another layer reads. */
export const NO_OWNER: TransportOwner = {
  readBuffer: () => Buffer.alloc(1),
  read: () => false,
  ended: () => undefined,
  closed: () => undefined,
  drained: () => undefined,
  writeFailed: () => undefined,
  crashed: () => undefined,
};

/** Begins to use a connection. */
export type OpenTransport = (owner: TransportOwner) => Transport;
