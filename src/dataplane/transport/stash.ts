import { BufferPool } from './buffer-pool.ts';
import type { ClientMemory } from './client-memory.ts';

/**
 * Up to the longest head of a request, and one read behind it; then one read of a body, which waits for its turn where it is compressed.
 * What is not kept for the next user makes V8 collect all garbage each time some megabytes of it have been allocated.
 */
const SIZES = [1024, 4 * 1024, 16 * 1024, 48 * 1024, 64 * 1024, 128 * 1024, 256 * 1024] as const;
/** The memory of the stashes of a worker. */
export class Stashes extends BufferPool {
  constructor(memory: ClientMemory) {
    super(memory, SIZES);
  }
}

/** Bytes that cannot be read yet. They stay where they are while more come, however small the pieces. */
export class Stash {
  readonly #stashes: Stashes;
  #buffer: Buffer | undefined;
  #start = 0;
  #end = 0;

  constructor(stashes: Stashes) {
    this.#stashes = stashes;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  /** What is kept; valid until the next call of another method. */
  get bytes(): Buffer | undefined {
    return this.#buffer?.subarray(this.#start, this.#end);
  }

  /** Keeps the first bytes of others behind those that are kept. @returns all of them, as bytes does */
  append(others: Buffer, size: number): Buffer {
    const kept = this.size;
    const buffer = this.#roomFor(kept + size);
    others.copy(buffer, this.#end, 0, size);
    this.#end += size;
    return buffer.subarray(this.#start, this.#end);
  }

  /** Keeps these bytes alone. They may be some of those that are kept already. */
  keep(bytes: Buffer, start: number, end: number): void {
    const own = this.#buffer;
    const size = end - start;
    // What is left of a long head's memory is no reason to hold all of it.
    if (own !== undefined && bytes.buffer === own.buffer && 4 * size >= own.length) {
      this.#start = bytes.byteOffset - own.byteOffset + start;
      this.#end = this.#start + size;
      return;
    }
    const buffer = this.#stashes.take(size);
    bytes.copy(buffer, 0, start, end);
    this.clear();
    this.#buffer = buffer;
    this.#end = size;
  }

  clear(): void {
    if (this.#buffer === undefined) return;
    this.#stashes.giveBack(this.#buffer);
    this.#buffer = undefined;
    this.#start = 0;
    this.#end = 0;
  }

  /** Memory in which so many bytes have room from #start on; what is kept is in it. */
  #roomFor(size: number): Buffer {
    const old = this.#buffer;
    if (old !== undefined && this.#start + size <= old.length) return old;
    const buffer = this.#stashes.take(size);
    const kept = old?.copy(buffer, 0, this.#start, this.#end) ?? 0;
    this.clear();
    this.#buffer = buffer;
    this.#end = kept;
    return buffer;
  }
}
