import type { ServerResponse } from 'node:http';

/** A limited number of answers at a time. */
export class Places {
  #free: number;
  /** Serves the newest waiter first, since those that have waited longest may have given up. */
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Answers that wait for a place. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** @returns true when the answer has a place, which it keeps until it closes; false when it closed before */
  take(response: ServerResponse): Promise<boolean> {
    return new Promise(resolve => {
      let isPlaced = false;
      const place = (): void => {
        isPlaced = true;
        resolve(true);
      };
      response.once('close', () => {
        if (isPlaced) {
          this.#release();
          return;
        }
        this.#waiting.splice(this.#waiting.indexOf(place), 1);
        resolve(false);
      });
      if (this.#free === 0) {
        this.#waiting.push(place);
        return;
      }
      this.#free -= 1;
      place();
    });
  }

  #release(): void {
    const next = this.#waiting.pop();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
