/** The golden ratio, less one: of all steps around a circle, it leaves the most even gaps behind, whenever it stops. */
const STEP = (Math.sqrt(5) - 1) / 2;

export interface Weighted<R> {
  readonly route: R;
  /** More than 0. */
  readonly weight: number;
}

/**
 * Routes that share requests by weight: any row of requests is spread nearly as the weights say, where chance would need thousands for
 * that, and clients that send requests in a rhythm do not fall in step with it.
 */
export class WeightedRoutes<R> {
  readonly #shares: readonly Weighted<R>[];
  readonly #total: number;
  /** Where on the circle of all shares the next request falls: from 0 to 1. */
  #turn: number;

  /** @param shares one at least @param start from 0 to 1: workers begin at different places */
  constructor(shares: readonly Weighted<R>[], start: number) {
    this.#shares = shares;
    this.#total = shares.reduce((total, { weight }) => total + weight, 0);
    this.#turn = start;
  }

  find(test: (route: R) => boolean): R | undefined {
    for (const { route } of this.#shares) if (test(route)) return route;
    return undefined;
  }

  /** The route whose turn it is. */
  next(): R {
    let left = this.#turn * this.#total;
    this.#turn = (this.#turn + STEP) % 1;
    let index = 0;
    for (; index < this.#shares.length - 1; index += 1) {
      left -= (this.#shares[index] as Weighted<R>).weight;
      if (left < 0) break;
    }
    return (this.#shares[index] as Weighted<R>).route;
  }
}
