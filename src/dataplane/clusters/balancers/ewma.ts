import type { Admission, Balancer, Candidate, InFlight, Outcome, PickRequest, Random } from './balancer.ts';
import { Lottery } from './lottery.ts';
import { PeakEwma } from './peak-ewma.ts';

/** What a failure counts as, at least: an endpoint that fails at once must not look fast. */
const FAILURE_MS = 5_000;
/** Where nothing has been measured. The first answer takes longer, and replaces it. */
const FIRST_MS = 1;

/**
 * The endpoint with the lower cost, of two that are drawn at random. The cost is the time to the first byte, as a peak average, times
 * the requests that would then be in flight.
 */
export class Ewma<E extends Candidate> implements Balancer<E> {
  readonly #inFlight: InFlight<E>;
  readonly #now: () => number;
  readonly #lottery: Lottery<E>;
  #times = new Map<E['id'], PeakEwma>();

  /** @param now monotonic, in milliseconds */
  constructor(inFlight: InFlight<E>, random: Random, now: () => number) {
    this.#inFlight = inFlight;
    this.#now = now;
    this.#lottery = new Lottery(random);
  }

  changed(endpoints: readonly E[]): void {
    const now = this.#now();
    const stay = endpoints.flatMap(({ id }) => this.#times.get(id) ?? []);
    // A new endpoint that began at 0 would draw every request until it has answered one.
    const mean = stay.reduce((sum, time) => sum + time.read(now), 0) / stay.length;
    const first = stay.length === 0 ? FIRST_MS : mean;
    this.#times = new Map(endpoints.map(({ id }) => [id, this.#times.get(id) ?? new PeakEwma(first, now)]));
    this.#lottery.changed(endpoints);
  }

  pick(_request: PickRequest, admission: Admission<E>): E | undefined {
    const one = this.#lottery.draw(admission);
    const other = one && this.#lottery.draw(admission, one);
    if (other === undefined) return one;
    const now = this.#now();
    return this.#cost(other, now) < this.#cost(one as E, now) ? other : one;
  }

  done({ id }: E, outcome: Outcome, firstByteMs: number): void {
    if (outcome === 'cancelled') return;
    const time = this.#times.get(id);
    if (outcome === 'ok') time?.addPeak(firstByteMs, this.#now());
    // It enters the average by its share of time, and replaces nothing: one failure among many answers must not empty an endpoint.
    else time?.add(Math.max(FAILURE_MS, firstByteMs), this.#now());
  }

  #cost(endpoint: E, now: number): number {
    const time = this.#times.get(endpoint.id)?.read(now) ?? 0;
    return (time * (this.#inFlight(endpoint) + 1)) / endpoint.weight;
  }
}
