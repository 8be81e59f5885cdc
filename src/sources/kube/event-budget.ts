/** Events that one Service may cause at once, so that a person who tries several values sees an Event for each. */
const BURST = 10;
/** And from then on, one in so many milliseconds. */
const REFILL_MS = 10_000;
/** Services that are remembered; one that is forgotten begins anew. */
const REMEMBERED = 4_096;

/** A limit for each Service on the rate of its Events, so that one that changes all the time cannot crowd out the others. */
export class EventBudget {
  /** By Service, when its budget would be whole again, of a monotonic clock; the longest unused first. */
  readonly #wholeAt = new Map<string, number>();

  allows(service: string, now: number): boolean {
    const wholeAt = this.#wholeAt.get(service) ?? now;
    return wholeAt - now <= (BURST - 1) * REFILL_MS;
  }

  spend(service: string, now: number): void {
    const wholeAt = Math.max(this.#wholeAt.get(service) ?? now, now);
    this.#wholeAt.delete(service);
    this.#wholeAt.set(service, wholeAt + REFILL_MS);
    if (this.#wholeAt.size <= REMEMBERED) return;
    const [oldest] = this.#wholeAt.keys();
    if (oldest !== undefined) this.#wholeAt.delete(oldest);
  }
}
