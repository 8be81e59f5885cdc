import type { HpackEntry } from './entry.ts';

/** Slots at first: most connections repeat a dozen fields. */
const FEW_SLOTS = 16;

/** The fields that a connection's peer may refer to, the newest first (RFC 7541 section 2.3.2). */
export class DynamicTable {
  /** A ring. Its length is a power of two. */
  #slots: (HpackEntry | undefined)[] = [];
  /** The slot of the newest entry. */
  #newest = 0;
  #count = 0;
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** @param index 0 for the newest entry @returns undefined when there is none */
  get(index: number): HpackEntry | undefined {
    return index < this.#count ? this.#slots[(this.#newest - index) & (this.#slots.length - 1)] : undefined;
  }

  /** Adds an entry that {@link makeRoom} has made room for. */
  add(entry: HpackEntry): void {
    if (this.#count === this.#slots.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#slots.length - 1);
    this.#slots[this.#newest] = entry;
    this.#count += 1;
    this.#size += entry.size;
  }

  /**
   * Evicts the oldest entries until one of this size fits. One that is larger than the table empties it
   * (RFC 7541 section 4.4).
   * @returns whether it fits
   */
  makeRoom(size: number): boolean {
    while (this.#count > 0 && this.#size + size > this.#maxSize) {
      const slot = (this.#newest - this.#count + 1) & (this.#slots.length - 1);
      this.#size -= this.#slots[slot]?.size ?? 0;
      this.#slots[slot] = undefined;
      this.#count -= 1;
    }
    return size <= this.#maxSize;
  }

  /** The peer has chosen another size. */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.makeRoom(0);
  }

  #grow(): void {
    const { length } = this.#slots;
    const slots: (HpackEntry | undefined)[] = new Array(length === 0 ? FEW_SLOTS : 2 * length).fill(undefined);
    for (let index = 0; index < this.#count; index += 1) slots[this.#count - 1 - index] = this.get(index);
    this.#slots = slots;
    this.#newest = this.#count - 1;
  }
}
