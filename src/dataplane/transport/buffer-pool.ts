import type { ClientMemory } from './client-memory.ts';

/** Of each size so many bytes are kept for the next user. What is left to the collector stays for a while. */
const MAX_SPARE_BYTES = 1024 * 1024;

/** Buffers of a few sizes, which connections take and give back. */
export class BufferPool {
  readonly #memory: Pick<ClientMemory, 'kept'>;
  readonly #sizes: readonly number[];
  readonly #spare: ReadonlyMap<number, Buffer[]>;

  /** @param memory in which those that are taken are counted @param sizes ascending */
  constructor(memory: Pick<ClientMemory, 'kept'>, sizes: readonly number[]) {
    this.#memory = memory;
    this.#sizes = sizes;
    this.#spare = new Map(sizes.map(size => [size, []]));
  }

  /** @returns room for so many bytes, or more */
  take(size: number): Buffer {
    const bytes = this.#sizes.find(each => each >= size) ?? 2 ** Math.ceil(Math.log2(size));
    this.#memory.kept += bytes;
    return this.#spare.get(bytes)?.pop() ?? Buffer.allocUnsafeSlow(bytes);
  }

  giveBack(buffer: Buffer): void {
    this.#memory.kept -= buffer.length;
    const spare = this.#spare.get(buffer.length);
    if (spare !== undefined && spare.length * buffer.length < MAX_SPARE_BYTES) spare.push(buffer);
  }
}
