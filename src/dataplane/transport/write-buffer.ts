const BUFFER_BYTES = 64 * 1024;
/** So many are kept for the next burst: 1 MiB. */
const MAX_SPARE = 16;

/**
 * Memory in which the connections of a worker put together what they write, one behind the other. It is used from its
 * beginning again when the last of them has given it back.
 */
export class WriteBuffer {
  static readonly size = BUFFER_BYTES;
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** What lies before it is in use. */
  end = 0;
  #users = 0;

  take(): void {
    this.#users += 1;
  }

  giveBack(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.end = 0;
    if (this !== current && spare.length < MAX_SPARE) spare.push(this);
  }
}

const spare: WriteBuffer[] = [];
let current = new WriteBuffer();

/** Takes the buffer that has room for so many bytes behind its end. @param size up to that of a buffer */
export function takeWriteBuffer(size: number): WriteBuffer {
  if (BUFFER_BYTES - current.end < size) current = spare.pop() ?? new WriteBuffer();
  current.take();
  return current;
}
