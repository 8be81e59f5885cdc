import type { Guarded } from '../runtime/guard.ts';

/** A connection with something to send. */
export interface Sender extends Guarded {
  flush(): void;
}

/** With more of them in one go, their peers would have nothing to do meanwhile. */
const MAX_SENDERS = 32;

let senders: Sender[] = [];
let gatherers: Sender[] = [];
let isScheduled = false;

/**
 * Flushes a connection at the end of this turn of the event loop. All connections then write one after the other: where peers run
 * on this machine, the first write wakes them and the next ones find them awake, and the kernel's code stays in the caches.
 */
export function flushSoon(sender: Sender): void {
  // This one may be about to write: it is flushed later, when that is complete.
  if (senders.length >= MAX_SENDERS) flushAll();
  senders.push(sender);
  schedule();
}

/** As {@link flushSoon}, behind all others and never before: for a connection that gathers what many requests send in a turn. */
export function flushLast(sender: Sender): void {
  gatherers.push(sender);
  schedule();
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(endTurn);
}

function endTurn(): void {
  isScheduled = false;
  flushAll();
  const due = gatherers;
  gatherers = [];
  flushEach(due);
}

function flushAll(): void {
  // What is flushed may call for a further flush.
  const due = senders;
  senders = [];
  flushEach(due);
}

function flushEach(due: readonly Sender[]): void {
  for (const sender of due) {
    try {
      sender.flush();
    } catch (error) {
      sender.crashed(error);
    }
  }
}
