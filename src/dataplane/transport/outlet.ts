import type { Socket } from 'node:net';
import type { ClientMemory } from './client-memory.ts';
import { type Guarded, guarded } from './guard.ts';

/** A write that the kernel has not taken at once. */
interface PendingWrite {
  oncomplete: (status: number) => void;
  /** What is written must live so long. */
  buffer: Uint8Array | undefined;
  /** Not null when it was over before anybody could listen. */
  writeStatus: number | null;
}

/** 0, an error's number, or what is to be waited for. */
type Outcome = number | PendingWrite;

/** The part of a connection's handle that Node's own sockets write with. */
interface WritingHandle {
  /** Bytes that were handed to it, and that the kernel has not taken yet. */
  readonly writeQueueSize: number;
  writeLatin1String(request: null, text: string): Outcome;
  writeBuffer(request: null, bytes: Uint8Array): Outcome;
}

/** What a socket has below it. */
type Inside = Socket & { readonly _handle?: unknown };

/** Whether handles are as this file takes them to be; undefined before a stream has shown it. */
let isFamiliar: boolean | undefined;

/**
 * What goes out on a connection. A stream does more for a write than the kernel, and nearly always for nothing: so bytes are
 * handed to the handle below it, which keeps them in order. Where a Node has other insides, the stream gets them all.
 */
export class Outlet {
  /** No more should be written for now. */
  isBlocked = false;
  /** A write failed. What is written from now on is thrown away; what the peer sent before it went can still be read. */
  isBroken = false;
  readonly #socket: Inside;
  readonly #owner: Guarded;
  readonly #memory: Pick<ClientMemory, 'kept'>;
  readonly #drained: () => void;
  readonly #broken: (() => void) | undefined;
  /** The socket's, once it is known to be familiar. */
  #handle: WritingHandle | undefined;
  /** Writes that the handle has not finished. */
  #waiting = 0;
  /** Bytes that waited when takesSome() was asked last. */
  #waitedBytes = 0;

  /**
   * @param socket connected
   * @param owner whose callbacks these, and the ones of its writes, are
   * @param memory in which texts that wait are counted; buffers are by whoever took them
   * @param drained called when {@link isBlocked} is over
   * @param broken called when {@link isBroken}, which may be within a write
   */
  constructor(
    socket: Socket,
    owner: Guarded,
    memory: Pick<ClientMemory, 'kept'>,
    drained: () => void,
    broken?: () => void,
  ) {
    this.#socket = socket;
    this.#owner = owner;
    this.#memory = memory;
    this.#drained = drained;
    this.#broken = broken;
    socket.on(
      'drain',
      guarded(owner, () => this.#went()),
    );
  }

  /** The kernel has got all that was written. */
  get isEmpty(): boolean {
    return this.#waiting === 0 && this.#socket.writableLength === 0;
  }

  /** Whether the kernel has taken some of what waits since this was asked last, or since it began to wait. */
  takesSome(): boolean {
    const waited = this.#waitedBytes;
    this.#waitedBytes = this.#waitingBytes();
    return this.#waitedBytes < waited;
  }

  /** @param text of bytes: no character beyond U+00FF @returns false when no more should be written until it is drained */
  writeText(text: string): boolean {
    const handle = this.#freeHandle();
    if (handle === undefined) return this.#queued(this.#socket.write(text, 'latin1'));
    return this.#handed(this.isBroken ? 0 : handle.writeLatin1String(null, text), text.length);
  }

  /** @param sent called when the bytes are not needed any more @returns as writeText() */
  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    const handle = this.#freeHandle();
    if (handle === undefined) return this.#queued(this.#socket.write(bytes, guarded(this.#owner, sent)));
    return this.#handed(this.isBroken ? 0 : handle.writeBuffer(null, bytes), 0, bytes, sent);
  }

  /** Where bytes may go past the stream: while it has none that would be overtaken. */
  #freeHandle(): WritingHandle | undefined {
    if (this.#socket.writableLength !== 0) return undefined;
    // A socket that has ended has none.
    const { _handle: handle } = this.#socket;
    if (handle === this.#handle) return this.#handle;
    if (isFamiliar === false || !isWritingHandle(handle)) return undefined;
    if (isFamiliar === undefined) lookOn(handle);
    else this.#handle = handle;
    return this.#handle;
  }

  #queued(flows: boolean): boolean {
    if (!flows) this.#waits();
    return flows;
  }

  /** @param textBytes that the handle has copied */
  #handed(outcome: Outcome, textBytes: number, bytes?: Uint8Array, sent?: () => void): boolean {
    if (typeof outcome === 'number') {
      sent?.();
      if (outcome !== 0) this.#fail();
      return !this.isBlocked;
    }
    if (outcome.writeStatus !== null) return this.#handed(outcome.writeStatus, 0, bytes, sent);
    this.#waiting += 1;
    this.#memory.kept += textBytes;
    outcome.buffer = bytes;
    outcome.oncomplete = guarded(this.#owner, status => {
      this.#waiting -= 1;
      this.#memory.kept -= textBytes;
      sent?.();
      if (status < 0) this.#fail();
      this.#went();
    });
    this.#waits();
    return false;
  }

  #waits(): void {
    this.isBlocked = true;
    this.#waitedBytes = this.#waitingBytes();
  }

  #went(): void {
    if (!this.isBlocked || this.#waiting > 0 || this.#socket.writableNeedDrain) return;
    this.isBlocked = false;
    this.#drained();
  }

  #fail(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.#broken?.();
  }

  #waitingBytes(): number {
    return this.#socket.writableLength + (this.#handle?.writeQueueSize ?? 0);
  }
}

/** The next write is the stream's own, and shows how it is done: a Node that wants to be given a request would abort without. */
function lookOn(handle: WritingHandle): void {
  if (Object.hasOwn(handle, 'writeBuffer')) return;
  const { writeLatin1String, writeBuffer } = handle;
  const learn = (request: null): void => {
    isFamiliar = request === null;
    Object.assign(handle, { writeLatin1String, writeBuffer });
  };
  handle.writeLatin1String = (request, text) => {
    learn(request);
    return writeLatin1String.call(handle, request, text);
  };
  handle.writeBuffer = (request, bytes) => {
    learn(request);
    return writeBuffer.call(handle, request, bytes);
  };
}

function isWritingHandle(handle: unknown): handle is WritingHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'writeQueueSize' in handle &&
    typeof handle.writeQueueSize === 'number' &&
    'writeLatin1String' in handle &&
    typeof handle.writeLatin1String === 'function' &&
    'writeBuffer' in handle &&
    typeof handle.writeBuffer === 'function'
  );
}
