import type { Socket } from 'node:net';
import { codeOf } from '../../errors.ts';
import { guarded } from '../runtime/guard.ts';
import type { Piece, Transport, TransportOwner } from './transport.ts';

/** A connection by way of a `net.Socket`, for a Node whose TCP handles are not known. */
export class SocketTransport implements Transport {
  /** A failed write closes a socket at once. */
  readonly isBroken = false;
  sentBytes = 0;
  readonly #socket: Socket;
  #owner: TransportOwner;
  #isClosed = false;
  /** Bytes that waited when takesSome() was asked last. */
  #waitedBytes = 0;

  /** @param socket connected, paused, and allowed to be half open */
  constructor(socket: Socket, owner: TransportOwner) {
    this.#socket = socket;
    this.#owner = owner;
    let error: string | undefined;
    socket.setNoDelay(true);
    // Whose it is when the event comes.
    const current = { crashed: (bug: unknown) => this.#owner.crashed(bug) };
    socket.on(
      'data',
      guarded(current, (bytes: Buffer) => {
        if (!this.#owner.read(bytes, bytes.length)) socket.pause();
      }),
    );
    socket.on(
      'end',
      guarded(current, () => this.#owner.ended()),
    );
    socket.on(
      'drain',
      guarded(current, () => {
        if (!this.#isClosed) this.#owner.drained();
      }),
    );
    socket.on('error', cause => {
      error = codeOf(cause);
    });
    socket.on(
      'close',
      guarded(current, () => {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#owner.closed(error);
      }),
    );
    socket.pause();
  }

  get peerAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#socket.writable && this.#socket.readable;
  }

  get isPaused(): boolean {
    return this.#socket.isPaused();
  }

  get isBlocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  takesSome(): boolean {
    const waited = this.#waitedBytes;
    this.#waitedBytes = this.#socket.writableLength;
    return this.#waitedBytes < waited;
  }

  writeText(text: string): boolean {
    this.sentBytes += text.length;
    return this.#flows(this.#socket.write(text, 'latin1'));
  }

  writeSoon(text: string): boolean {
    return this.writeText(text);
  }

  writePiece(before: string, piece: Piece, behind: string): boolean {
    return this.writeText(before + piece.text() + behind);
  }

  flush(): boolean {
    return this.#socket.writableLength === 0;
  }

  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    this.sentBytes += bytes.length;
    return this.#flows(this.#socket.write(bytes, guarded(this.#owner, sent)));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  handOver(owner: TransportOwner): void {
    this.#owner = owner;
  }

  end(finished: () => void): void {
    this.#socket.end(guarded(this.#owner, finished));
  }

  endSoon(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #flows(flows: boolean): boolean {
    if (!flows) this.#waitedBytes = this.#socket.writableLength;
    return flows;
  }
}
