import type { ClientMemory } from './client-memory.ts';

/** Pieces up to this size are joined to what is written before them, so that one system call sends both. Larger ones are not copied. */
export const MAX_JOINED_BYTES = 16 * 1024;

/** A record of TLS is a read of its own. Smaller ones than this are seldom those of a large body. */
export const GATHERED_BYTES = 2 * 1024;

/** What one read takes at most: the largest piece the kernel hands out at once on a local network. */
const BUFFER_BYTES = 64 * 1024;
/** And in the middle of a large body, while memory is plentiful: what has come meanwhile then goes on in one write. */
const LARGE_BYTES = 256 * 1024;
/** Room for a short text before the data, and one behind it: see {@link ReadBuffer.view}. */
const BEFORE = 16;
const BEHIND = 2;
/** Of each size so many bytes are kept for the next body; what a burst needed beyond is left to the collector. */
const MAX_SPARE_BYTES = 4 * 1024 * 1024;

/** Memory for bytes on their way from one socket to another. Who has it writes it, and gives it back when it has gone out. */
export class ReadBuffer {
  /** Where a read puts its bytes. */
  readonly bytes: Buffer;
  /** To be called once, when the bytes are no longer needed: a socket's write() takes it as its callback. */
  readonly giveBack: () => void;
  readonly #memory: Buffer;

  /** @param spare where it waits when it is not needed; undefined when it is used once */
  constructor(spare: ReadBuffer[] | undefined, memory: ClientMemory, size: number) {
    this.#memory = Buffer.allocUnsafeSlow(BEFORE + size + BEHIND);
    this.bytes = this.#memory.subarray(BEFORE, BEFORE + size);
    this.giveBack = () => {
      memory.kept -= size;
      if (spare !== undefined && (spare.length + 1) * size <= MAX_SPARE_BYTES) spare.push(this);
    };
  }

  /** The first `size` bytes, with short latin1 texts written around them. */
  view(size: number, before = '', behind = ''): Buffer {
    if (before === '' && behind === '') return this.bytes.subarray(0, size);
    const start = BEFORE - before.length;
    this.#memory.write(before, start, 'latin1');
    this.#memory.write(behind, BEFORE + size, 'latin1');
    return this.#memory.subarray(start, BEFORE + size + behind.length);
  }
}

/**
 * The buffers of a worker. New memory for each read costs more than the reading: of the time of a large body, half went into
 * making and collecting it.
 */
export class ReadBuffers {
  /** For reads whose bytes are copied or turned to text before the next read: heads, and what comes with them. */
  readonly #shared: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** Parts of it, by size. */
  readonly #parts = new Map([[BUFFER_BYTES, this.#shared]]);
  readonly #spare = new Map<number, ReadBuffer[]>([
    [BUFFER_BYTES, []],
    [LARGE_BYTES, []],
  ]);
  readonly #memory: ClientMemory;

  constructor(memory: ClientMemory) {
    this.#memory = memory;
  }

  /** What one read should bring at most. */
  get pieceBytes(): number {
    return this.#memory.pieceBytes;
  }

  /** The shared buffer, or its beginning: the same object for the same size. */
  shared(size: number): Buffer {
    let part = this.#parts.get(size);
    if (part === undefined) {
      part = this.#shared.subarray(0, size);
      this.#parts.set(size, part);
    }
    return part;
  }

  /** Whether bytes lie in the shared buffer, which the next read of any connection overwrites. */
  isShared(bytes: Buffer): boolean {
    return bytes.buffer === this.#shared.buffer;
  }

  /** What one read of a large body should bring at most. */
  get bodyBytes(): number {
    return this.#memory.isPlentiful ? LARGE_BYTES : BUFFER_BYTES;
  }

  /** @returns room for so many bytes, or more */
  take(size = BUFFER_BYTES): ReadBuffer {
    const room = size <= BUFFER_BYTES ? BUFFER_BYTES : Math.max(size, LARGE_BYTES);
    this.#memory.kept += room;
    const spare = this.#spare.get(room);
    return spare?.pop() ?? new ReadBuffer(spare, this.#memory, room);
  }

  /** A copy of ranges (start, end, start, end…) of other bytes, `size` in all. */
  copy(from: Buffer, ranges: readonly number[], size: number): ReadBuffer {
    const buffer = this.take(size);
    let at = 0;
    for (let index = 0; index < ranges.length; index += 2)
      at += from.copy(buffer.bytes, at, ranges[index], ranges[index + 1]);
    return buffer;
  }
}

/** Reads that are smaller than a buffer are so by multiples of this. */
const STEP_BYTES = 16 * 1024;

/**
 * Where the reads of one connection go. While large pieces of a body come, each goes on in the buffer that it was read into;
 * all else is read into the shared one, so that a connection that waits, in a body or a tunnel, holds no memory.
 */
export class Inlet {
  /** What the last read brought. */
  lastSize = 0;
  readonly #buffers: ReadBuffers;
  readonly #largeFrom: number;
  #own: ReadBuffer | undefined;

  /** @param largeFrom a read of so many bytes is a large piece */
  constructor(buffers: ReadBuffers, largeFrom = MAX_JOINED_BYTES) {
    this.#buffers = buffers;
    this.#largeFrom = largeFrom;
  }

  /** For the next read. @param isBody its bytes will go on as they are @param most about so many should be read at once */
  next(isBody: boolean, most = Number.MAX_SAFE_INTEGER): Buffer {
    const { pieceBytes } = this.#buffers;
    if (most <= BUFFER_BYTES) {
      this.release();
      return this.#buffers.shared(
        Math.min(pieceBytes, Math.max(STEP_BYTES, Math.ceil(most / STEP_BYTES) * STEP_BYTES)),
      );
    }
    if (isBody && this.lastSize >= this.#largeFrom && pieceBytes === BUFFER_BYTES) {
      const { bodyBytes } = this.#buffers;
      if (this.#own !== undefined && this.#own.bytes.length > bodyBytes) this.release();
      this.#own ??= this.#buffers.take(bodyBytes);
      return this.#own.bytes;
    }
    this.release();
    return this.#buffers.shared(pieceBytes);
  }

  /**
   * Memory that holds ranges of the bytes, `size` in all, until it is given back.
   * @param end of what was read: bytes behind the ranges are still to be looked at, and stay as they are
   */
  keep(bytes: Buffer, ranges: readonly number[], size: number, end: number): ReadBuffer {
    const own = this.#own;
    if (own === undefined || bytes !== own.bytes || size !== end) return this.#buffers.copy(bytes, ranges, size);
    this.#own = undefined;
    return own;
  }

  release(): void {
    this.#own?.giveBack();
    this.#own = undefined;
  }
}
