import type { CounterBoard } from '../../observe/counter-board.ts';
import { Reading, type Traffic } from '../../observe/tally.ts';
import type { Point } from './messages.ts';

/** Points kept for the charts: fifteen minutes at one a second. */
const HISTORY = 900;
/** The figures of a Service cover this many readings, `SPACING` samples apart: 20 to 30 seconds. Each has a few hundred bytes a Service. */
const WINDOW = 3;
const SPACING = 10;

/** Turns the counters into figures per second, and keeps the last few minutes of them. */
export class Sampler {
  readonly #board: CounterBoard;
  readonly #now: () => number;
  #points: Point[] = [];
  #last: Reading | undefined;
  /** Oldest first. */
  #window: Reading[] = [];
  /** Its memory is used again: with each sample anew, megabytes would wait to be collected. */
  #spare: Reading | undefined;
  #samples = 0;

  /** @param now a clock that never goes back; milliseconds */
  constructor(board: CounterBoard, now: () => number = () => performance.now()) {
    this.#board = board;
    this.#now = now;
  }

  /** Oldest first. */
  get history(): readonly Point[] {
    return this.#points;
  }

  /** Counts the samples. A result of {@link trafficOf} stays true until this changes. */
  get samples(): number {
    return this.#samples;
  }

  /** @param at milliseconds since the epoch @returns undefined for the first sample */
  async sample(at: number): Promise<Point | undefined> {
    const reading = await Reading.take(this.#board, this.#now(), this.#spare);
    const last = this.#last;
    this.#spare = last !== undefined && !this.#window.includes(last) ? last : undefined;
    if (this.#samples % SPACING === 0) {
      this.#window.push(reading);
      if (this.#window.length > WINDOW) this.#spare = this.#window.shift();
    }
    this.#samples += 1;
    this.#last = reading;
    if (last === undefined) return undefined;
    const point = this.#pointOf(at, reading.since(last));
    this.#points.push(point);
    if (this.#points.length > HISTORY) this.#points.shift();
    return point;
  }

  /** Of the last half minute, or since the start; undefined before there are two samples. */
  trafficOf(block: number): Traffic | undefined {
    const [oldest] = this.#window;
    if (oldest === undefined || this.#last === undefined || oldest === this.#last) return undefined;
    return this.#last.blockSince(oldest, block);
  }

  #pointOf(at: number, traffic: Traffic): Point {
    return {
      at,
      requests: traffic.rate,
      errors: traffic.errorRate,
      p50: traffic.quantile(0.5) ?? null,
      p90: traffic.quantile(0.9) ?? null,
      p99: traffic.quantile(0.99) ?? null,
      reading: this.#board.sumOfWorkers('reading'),
      writing: this.#board.sumOfWorkers('writing'),
      waiting: this.#board.sumOfWorkers('waiting'),
    };
  }
}
