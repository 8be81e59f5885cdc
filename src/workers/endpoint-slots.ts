import { ENDPOINT_SLOTS, type EndpointBoard, NO_SLOT } from '../observe/endpoint-board.ts';

/** Slots given back that are looked at when one is needed: requests may go on for hours there. */
const LOOKED_AT = 16;

/**
 * Gives endpoints and clusters their slots of the board. A slot that was given back is given out again when every worker has taken
 * the change that says so, and no request in flight is counted there. An endpoint for which there is none is balanced
 * without counts.
 */
export class EndpointSlots {
  readonly #board: Pick<EndpointBoard, 'inFlight' | 'clearSlot'>;
  readonly #size: number;
  /** Those given back, oldest first, with the number of the change that says so. */
  readonly #returned = new Map<number, number>();
  #unused = 0;
  #takenEverywhere = 0;

  constructor(board: Pick<EndpointBoard, 'inFlight' | 'clearSlot'>, size = ENDPOINT_SLOTS) {
    this.#board = board;
    this.#size = size;
  }

  /** @returns NO_SLOT when there is none */
  take(): number {
    let looks = LOOKED_AT;
    for (const [slot, change] of this.#returned) {
      if (change > this.#takenEverywhere || looks === 0) break;
      looks -= 1;
      this.#returned.delete(slot);
      if (this.#board.inFlight(slot) === 0) {
        this.#board.clearSlot(slot);
        return slot;
      }
      this.#returned.set(slot, change);
    }
    if (this.#unused === this.#size) return NO_SLOT;
    this.#unused += 1;
    return this.#unused - 1;
  }

  /** @param change the number of the change by which workers learn of it */
  giveBack(slot: number, change: number): void {
    if (slot !== NO_SLOT) this.#returned.set(slot, change);
  }

  /** Every worker has taken the change of this number, and all before it. */
  takenEverywhere(change: number): void {
    this.#takenEverywhere = change;
  }
}
