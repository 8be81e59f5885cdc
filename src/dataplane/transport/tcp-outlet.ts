import { writeLatin1 } from '../../formats/write-bytes.ts';
import { guarded } from '../runtime/guard.ts';
import type { ClientMemory } from './client-memory.ts';
import { flushSoon, type Sender } from './flush-turn.ts';
import type { PendingWrite, TcpHandle, WriteOutcome } from './tcp-handle.ts';
import type { Piece, TransportOwner } from './transport.ts';
import { takeWriteBuffer, WriteBuffer } from './write-buffer.ts';

/** More than this is written before more is added. */
const MAX_DUE = 16 * 1024;

/**
 * Write buffers in which all connections together may have writes that the kernel has not taken. What is written beyond that, while
 * peers do not read, gets memory of its own size.
 */
const MAX_STALLED = 64;

const NO_PIECE: Piece = { size: 0, text: () => '', copy: () => undefined };

let stalled = 0;

/** The writes of one TCP connection. */
export class TcpOutlet implements Sender {
  /** The kernel does not take more for now. */
  isBlocked = false;
  isBroken = false;
  sentBytes = 0;
  /** Told of what becomes of writes. */
  owner: TransportOwner;
  readonly #handle: TcpHandle;
  readonly #memory: Pick<ClientMemory, 'kept'>;
  /** Has what waits for the end of the turn, from start to end. */
  #due: WriteBuffer | undefined;
  #dueStart = 0;
  #dueEnd = 0;
  /** Writes that the kernel has not taken whole. */
  #pending = 0;
  /** Bytes that waited when takesSome() was asked last. */
  #waitedBytes = 0;
  #isClosed = false;

  /** @param memory in which that is counted which waits to be sent, and which no one else counts */
  constructor(handle: TcpHandle, owner: TransportOwner, memory: Pick<ClientMemory, 'kept'>) {
    this.#handle = handle;
    this.owner = owner;
    this.#memory = memory;
  }

  takesSome(): boolean {
    const waited = this.#waitedBytes;
    this.#waitedBytes = this.#waitingBytes();
    return this.#waitedBytes < waited;
  }

  writeText(text: string): boolean {
    return this.writePiece(text, NO_PIECE, '', false);
  }

  writeSoon(text: string): boolean {
    return this.writePiece(text, NO_PIECE, '', true);
  }

  writePiece(before: string, piece: Piece, behind: string, isSoon: boolean): boolean {
    const size = before.length + piece.size + behind.length;
    if (this.#isClosed || this.isBroken) return true;
    if (size === 0) return !this.isBlocked;
    if (size > WriteBuffer.size) return this.#writeLong(before + piece.text() + behind);
    const isAtOnce = !isSoon || this.isBlocked || (this.#due !== undefined && this.#dueEnd - this.#dueStart > MAX_DUE);
    const isFirst = this.#due === undefined;
    const { bytes } = this.#bufferFor(size);
    let at = this.#dueEnd;
    if (before !== '') at = writeLatin1(bytes, at, before);
    if (piece.size > 0) piece.copy(bytes, at, 0, piece.size);
    at += piece.size;
    if (behind !== '') at = writeLatin1(bytes, at, behind);
    this.#dueEnd = at;
    if (isAtOnce) this.flush();
    else if (isFirst) flushSoon(this);
    return !this.isBlocked;
  }

  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    this.flush();
    if (this.#isClosed || this.isBroken) {
      sent();
      return true;
    }
    const outcome = this.#handle.writeBuffer(null, bytes);
    if (isPending(outcome)) this.#await(outcome, bytes.length, 0, bytes, sent);
    else {
      sent();
      this.#settle(outcome, bytes.length);
    }
    return !this.isBlocked;
  }

  /** Writes what waits for the end of the turn. @returns whether the kernel has taken all that was written */
  flush(): boolean {
    const buffer = this.#due;
    if (buffer !== undefined) {
      this.#due = undefined;
      if (this.#isClosed || this.isBroken) buffer.giveBack();
      else this.#write(buffer, buffer.bytes.subarray(this.#dueStart, this.#dueEnd));
    }
    return this.#pending === 0;
  }

  /** The handle is given up. What was written goes out as far as the kernel takes it at once. */
  close(): void {
    this.flush();
    this.#isClosed = true;
  }

  crashed(error: unknown): void {
    this.owner.crashed(error);
  }

  /** The buffer with what waits, where it has room for so many bytes behind that; they are counted as waiting. */
  #bufferFor(size: number): WriteBuffer {
    const due = this.#due;
    if (due !== undefined) {
      if (this.#dueEnd === due.end && due.end + size <= WriteBuffer.size) {
        due.end += size;
        return due;
      }
      this.flush();
    }
    const buffer = takeWriteBuffer(size);
    this.#due = buffer;
    this.#dueStart = buffer.end;
    this.#dueEnd = buffer.end;
    buffer.end += size;
    return buffer;
  }

  #write(buffer: WriteBuffer, bytes: Uint8Array): void {
    const size = bytes.length;
    const isCopied = this.isBlocked || stalled >= MAX_STALLED;
    const written = isCopied ? ownCopy(bytes) : bytes;
    const outcome = this.#handle.writeBuffer(null, written);
    if (isCopied || !isPending(outcome)) buffer.giveBack();
    if (!isPending(outcome)) {
      this.#settle(outcome, size);
      return;
    }
    if (!isCopied) stalled += 1;
    this.#await(outcome, size, size, written, () => {
      if (isCopied) return;
      stalled -= 1;
      buffer.giveBack();
    });
  }

  /** A text that is longer than a write buffer. */
  #writeLong(text: string): boolean {
    this.flush();
    const outcome = this.#handle.writeLatin1String(null, text);
    if (isPending(outcome)) this.#await(outcome, text.length, text.length, undefined, () => undefined);
    else this.#settle(outcome, text.length);
    return !this.isBlocked;
  }

  #settle(outcome: SettledWrite, size: number): void {
    const status = typeof outcome === 'number' ? outcome : outcome.writeStatus;
    if (status === 0) this.sentBytes += size;
    else this.#fail();
  }

  /** @param kept bytes that are counted in the memory @param bytes undefined for a text, which the handle has copied */
  #await(outcome: PendingWrite, size: number, kept: number, bytes: Uint8Array | undefined, sent: () => void): void {
    this.sentBytes += size;
    this.#pending += 1;
    this.#memory.kept += kept;
    outcome.buffer = bytes;
    outcome.oncomplete = guarded(this.owner, status => {
      this.#pending -= 1;
      this.#memory.kept -= kept;
      sent();
      if (this.#isClosed) return;
      if (status < 0) this.#fail();
      if (this.#pending > 0) return;
      this.isBlocked = false;
      this.owner.drained();
    });
    this.isBlocked = true;
    this.#waitedBytes = this.#waitingBytes();
  }

  #waitingBytes(): number {
    return this.#isClosed ? 0 : this.#handle.writeQueueSize;
  }

  #fail(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    process.nextTick(
      guarded(this.owner, () => {
        if (!this.#isClosed) this.owner.writeFailed();
      }),
    );
  }
}

/** Memory of its own: Buffer.from() would take a part of a larger piece, and keep that. */
function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Its status is known. */
type SettledWrite = number | (PendingWrite & { readonly writeStatus: number });

function isPending(outcome: WriteOutcome): outcome is PendingWrite {
  return typeof outcome !== 'number' && outcome.writeStatus === null;
}
