/** Slots of a connection with few streams. At least half of the slots are always free. */
const FIRST_SLOTS = 16;
/** No stream has this number: RFC 9113 section 5.1.1. */
const FREE = 0;

/**
 * The streams of a connection by their numbers. With a Map, each stream of a connection that has been there for a while would grow old, and
 * would wait for a collection of the old generation: see runtime/indexed-set.ts.
 */
export class StreamMap<Stream> {
  #ids = new Array<number>(FIRST_SLOTS).fill(FREE);
  #streams = new Array<Stream | undefined>(FIRST_SLOTS).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    return this.#streams[this.#slotOf(id)];
  }

  /** @param id must not have a stream yet */
  set(id: number, stream: Stream): void {
    if (2 * (this.#size + 1) > this.#ids.length) this.#grow();
    const slot = this.#slotOf(id);
    this.#ids[slot] = id;
    this.#streams[slot] = stream;
    this.#size += 1;
  }

  delete(id: number): void {
    const ids = this.#ids;
    const streams = this.#streams;
    const mask = ids.length - 1;
    let hole = this.#slotOf(id);
    if (ids[hole] === FREE) return;
    this.#size -= 1;
    if (this.#size === 0 && ids.length > FIRST_SLOTS) {
      this.#resize(FIRST_SLOTS);
      return;
    }
    // What was put behind it because its own slot was taken moves up, so that it is found without the deleted one.
    for (let slot = (hole + 1) & mask; ids[slot] !== FREE; slot = (slot + 1) & mask) {
      const own = ownSlot(ids[slot] as number, mask);
      if (((slot - own) & mask) < ((slot - hole) & mask)) continue;
      ids[hole] = ids[slot] as number;
      streams[hole] = streams[slot];
      hole = slot;
    }
    ids[hole] = FREE;
    streams[hole] = undefined;
  }

  /** Those of this moment, in the order of their numbers. */
  values(): Stream[] {
    const ids = this.#ids.filter(id => id !== FREE).sort((a, b) => a - b);
    return ids.map(id => this.get(id) as Stream);
  }

  /** Where the stream is, or where it would be put. */
  #slotOf(id: number): number {
    const ids = this.#ids;
    const mask = ids.length - 1;
    let slot = ownSlot(id, mask);
    while (ids[slot] !== id && ids[slot] !== FREE) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const ids = this.#ids;
    const streams = this.#streams;
    this.#resize(2 * ids.length);
    for (const [slot, id] of ids.entries()) {
      if (id === FREE) continue;
      const place = this.#slotOf(id);
      this.#ids[place] = id;
      this.#streams[place] = streams[slot];
    }
  }

  #resize(slots: number): void {
    this.#ids = new Array<number>(slots).fill(FREE);
    this.#streams = new Array<Stream | undefined>(slots).fill(undefined);
  }
}

/** A client's streams have odd numbers. */
function ownSlot(id: number, mask: number): number {
  return (id >>> 1) & mask;
}
