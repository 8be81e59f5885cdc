import { type Priority, URGENCIES } from './priority.ts';

/** A stream whose bytes wait for the connection. */
export interface Waiting {
  readonly id: number;
  readonly priority: Priority;
  /**
   * Sends what the windows and the connection take.
   * @param most bytes of it, so that others have their turn
   * @returns whether it waits on for the connection, and not for a window of its own
   */
  sendWaiting(most: number): boolean;
}

/** What an incremental response gets of one round: the largest frame. */
const SHARE_BYTES = 16 * 1024;

/**
 * The order in which streams get what the connection takes (RFC 9218 section 10): by urgency; within one, responses that are of
 * use only as a whole one after the other, and then the incremental ones in turns.
 */
export class SendQueue {
  /** By urgency; made when one is needed. */
  readonly #queues: (Waiting[] | undefined)[] = new Array(URGENCIES).fill(undefined);
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  add(stream: Waiting): void {
    const { urgency } = stream.priority;
    const queue = this.#queues[urgency];
    if (queue === undefined) this.#queues[urgency] = [stream];
    else if (queue.includes(stream)) return;
    else queue.push(stream);
    this.#size += 1;
  }

  /** For a stream that has ended, or before its priority changes. @returns whether it waited */
  remove(stream: Waiting): boolean {
    const queue = this.#queues[stream.priority.urgency];
    const index = queue?.indexOf(stream) ?? -1;
    if (index < 0) return false;
    queue?.splice(index, 1);
    this.#size -= 1;
    return true;
  }

  /** Sends as much as the connection takes. @param hasRoom whether it takes more */
  send(hasRoom: () => boolean): void {
    for (let urgency = 0; urgency < URGENCIES && this.#size > 0; urgency += 1) {
      while (hasRoom()) {
        const next = this.#next(urgency);
        if (next === undefined) break;
        const { isIncremental } = next.priority;
        this.remove(next);
        const goesOn = next.sendWaiting(isIncremental ? SHARE_BYTES : Number.MAX_SAFE_INTEGER);
        // It goes to the end of its queue: the others have their turn first.
        if (goesOn) this.add(next);
      }
    }
  }

  /** The oldest of those that are of use only as a whole; else the incremental one that has waited longest. */
  #next(urgency: number): Waiting | undefined {
    const queue = this.#queues[urgency];
    let first: Waiting | undefined;
    for (const stream of queue ?? []) {
      if (stream.priority.isIncremental) continue;
      if (first === undefined || stream.id < first.id) first = stream;
    }
    return first ?? queue?.[0];
  }
}
