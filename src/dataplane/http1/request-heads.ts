import { type ClientMemory, SMALL_BYTES } from '../transport/client-memory.ts';
import { RequestHead } from './request-head.ts';

/** A burst of connections is no reason to keep their heads for ever. */
const MAX_SPARE = 256;

/** Bytes of memory that one byte of a head takes as text, garbage included. */
const TEXT_FACTOR = 1.5;

/** The request heads of a worker. An idle connection has none; each is used again for other requests. */
export class RequestHeads {
  readonly #memory: ClientMemory;
  readonly #spare: RequestHead[] = [];

  constructor(memory: ClientMemory) {
    this.#memory = memory;
  }

  take(keepsUnderscores: boolean): RequestHead {
    const head = this.#spare.pop() ?? new RequestHead();
    head.reset();
    head.keepsUnderscores = keepsUnderscores;
    return head;
  }

  /** A head is complete, and its text is kept until its answer. @returns false when there is no room for it */
  keepText(head: RequestHead): boolean {
    if (head.length <= SMALL_BYTES) return true;
    if (!this.#memory.hasRoom()) return false;
    head.countedBytes = TEXT_FACTOR * head.length;
    this.#memory.kept += head.countedBytes;
    return true;
  }

  /** Whether its text is counted in the memory of all clients. */
  isLong(head: RequestHead): boolean {
    return head.countedBytes > 0;
  }

  giveBack(head: RequestHead): void {
    this.#memory.kept -= head.countedBytes;
    head.countedBytes = 0;
    head.forget();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(head);
  }
}
