/** What one read takes at most: the largest piece the kernel hands out at once on a local network. */
const BUFFER_BYTES = 64 * 1024;
/** Room for a chunk's size line before the data and its line end behind. */
const BEFORE = 16;
const BEHIND = 2;
/** Kept for the next body; what a burst needed beyond is left to the collector. */
const MAX_SPARE = 64;

/** Memory for bytes on their way from one socket to another. Who has it writes it, and gives it back when it has gone out. */
export class ReadBuffer {
  /** Where a read puts its bytes. */
  readonly bytes: Buffer;
  /** To be called once, when the bytes are not needed any more: a socket's write() takes it as its callback. */
  readonly giveBack: () => void;
  readonly #memory = Buffer.allocUnsafeSlow(BEFORE + BUFFER_BYTES + BEHIND);

  constructor(spare: ReadBuffer[]) {
    this.bytes = this.#memory.subarray(BEFORE, BEFORE + BUFFER_BYTES);
    this.giveBack = () => {
      if (spare.length < MAX_SPARE) spare.push(this);
    };
  }

  /** Copies ranges (start, end, start, end…) of other bytes, which fit. */
  fill(from: Buffer, ranges: readonly number[]): this {
    let at = 0;
    for (let index = 0; index < ranges.length; index += 2)
      at += from.copy(this.bytes, at, ranges[index], ranges[index + 1]);
    return this;
  }

  /** The first so many bytes, as one chunk if wanted (RFC 9112 section 7.1): its framing is written around them. */
  view(size: number, asChunk: boolean): Buffer {
    if (!asChunk) return this.bytes.subarray(0, size);
    const line = `${size.toString(16)}\r\n`;
    const start = BEFORE - line.length;
    this.#memory.write(line, start, 'latin1');
    this.#memory.write('\r\n', BEFORE + size, 'latin1');
    return this.#memory.subarray(start, BEFORE + size + BEHIND);
  }
}

/**
 * The buffers of a worker. New memory for each read costs more than the reading: of the time of a large body, half went into
 * making and collecting it.
 */
export class ReadBuffers {
  /** For reads whose bytes are copied or turned to text before the next read: heads, and what comes with them. */
  readonly shared: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #spare: ReadBuffer[] = [];

  take(): ReadBuffer {
    return this.#spare.pop() ?? new ReadBuffer(this.#spare);
  }
}
