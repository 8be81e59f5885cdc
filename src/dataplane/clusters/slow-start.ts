/** A new endpoint takes at least this part of its share: without any request it would never warm up. */
const LEAST = 0.1;

/** The part of its share of requests that an endpoint takes at an age. It grows evenly until the window is over. @param windowMs 0: no slow start */
export function slowStartShare(ageMs: number, windowMs: number): number {
  return ageMs >= windowMs ? 1 : Math.max(LEAST, ageMs / windowMs);
}
