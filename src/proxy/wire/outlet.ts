import type { Socket } from 'node:net';

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
  writeLatin1String(request: null, text: string): Outcome;
  writeBuffer(request: null, bytes: Uint8Array): Outcome;
}

/** What a socket has below it. */
type Inside = Socket & { readonly _handle?: unknown };

/** Whether handles are as this file takes them to be; undefined before a stream has shown it. */
let isFamiliar: boolean | undefined;

/**
 * What goes out on a connection. A stream does more for a write than the kernel, and nearly always for nothing: so bytes are
 * handed to the handle below it while none are waiting, and to the stream when some are. Where a Node has other insides,
 * the stream gets them all.
 */
export class Outlet {
  readonly #socket: Inside;
  readonly #drained: () => void;
  /** The socket's, once it is known to be familiar. */
  #handle: WritingHandle | undefined;
  /** The kernel has not taken all that the handle got. */
  #isWaiting = false;

  /** @param socket connected @param drained called when {@link isBlocked} is over */
  constructor(socket: Socket, drained: () => void) {
    this.#socket = socket;
    this.#drained = drained;
    socket.on('drain', () => {
      if (!this.#isWaiting) drained();
    });
  }

  /** No more should be written for now. */
  get isBlocked(): boolean {
    return this.#isWaiting || this.#socket.writableNeedDrain;
  }

  /** The kernel has got all that was written. */
  get isEmpty(): boolean {
    return !this.#isWaiting && this.#socket.writableLength === 0;
  }

  /** @param text of bytes: no character beyond U+00FF @returns false when no more should be written until it is drained */
  writeText(text: string): boolean {
    const handle = this.#freeHandle();
    if (handle === undefined) return this.#socket.write(text, 'latin1');
    return this.#handed(handle.writeLatin1String(null, text));
  }

  /** @param sent called when the bytes are not needed any more @returns as writeText() */
  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    const handle = this.#freeHandle();
    if (handle === undefined) return this.#socket.write(bytes, sent);
    return this.#handed(handle.writeBuffer(null, bytes), bytes, sent);
  }

  /** Where bytes may go past the stream: while it has none that would be overtaken. */
  #freeHandle(): WritingHandle | undefined {
    if (this.#isWaiting || this.#socket.writableLength !== 0) return undefined;
    // A socket that has ended has none.
    const { _handle: handle } = this.#socket;
    if (handle === this.#handle) return this.#handle;
    if (isFamiliar === false || !isWritingHandle(handle)) return undefined;
    if (isFamiliar === undefined) lookOn(handle);
    else this.#handle = handle;
    return this.#handle;
  }

  #handed(outcome: Outcome, bytes?: Uint8Array, sent?: () => void): boolean {
    if (typeof outcome === 'number') {
      // As with the stream, who listens is told in the next turn.
      if (outcome !== 0) this.#socket.destroy();
      sent?.();
      return true;
    }
    if (outcome.writeStatus !== null) return this.#handed(outcome.writeStatus, bytes, sent);
    this.#isWaiting = true;
    outcome.buffer = bytes;
    outcome.oncomplete = status => {
      this.#isWaiting = false;
      sent?.();
      if (status < 0) this.#socket.destroy();
      else if (!this.#socket.writableNeedDrain) this.#drained();
    };
    return false;
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
    'writeLatin1String' in handle &&
    typeof handle.writeLatin1String === 'function' &&
    'writeBuffer' in handle &&
    typeof handle.writeBuffer === 'function'
  );
}
