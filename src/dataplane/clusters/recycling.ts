/** How long a connection to an upstream is used, in both engines. */

/** Shorter than the idle close of most backends (Node's own is 5 s), so that theirs is not met half-way. */
const IDLE_MS = 4_000;
/** An HTTP/2 connection's end is announced (GOAWAY), so that no request is lost where the upstream's limit is shorter. */
export const SHARED_IDLE_MS = 30_000;
/** Kept below the upstream's own announced limit by this much. */
const IDLE_MARGIN_MS = 1_000;
/** A ClusterIP chooses a pod per connection: only new connections reach new pods. */
const LIFE_MS = 60_000;
const LIFE_JITTER = 0.1;
/** Requests on one connection. */
export const MAX_REQUESTS = 10_000;

/** How long a connection may be idle. @param announcedMs the upstream's own limit; -1 when it does not say */
export function idleLimit(announcedMs: number): number {
  return announcedMs < 0 ? IDLE_MS : Math.min(IDLE_MS, announcedMs - IDLE_MARGIN_MS);
}

/** How long a connection may live: connections that were made together do not end together. @param random from 0 to 1 */
export function lifeOf(random: number): number {
  return LIFE_MS * (1 - LIFE_JITTER + 2 * LIFE_JITTER * random);
}
