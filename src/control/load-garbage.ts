import type { Clock } from '../clock.ts';
import type { Delta } from '../model/delta.ts';
import { collectGarbage } from '../process/collect-garbage.ts';

/** So many changed routes and certificates leave megabytes behind. */
const LEAST_CHANGES = 1_000;
/** It is collected when nothing has changed between two looks. */
const LOOK_MS = 2_000;

/**
 * Has the main thread collect what is left over when thousands of objects were loaded: their texts, and what was sent to the workers.
 * By itself V8 collects when half as much again has gathered, which may be never.
 */
export class LoadGarbage {
  readonly #clock: Pick<Clock, 'repeat'>;
  readonly #collect: () => void;
  /** Since the last collection. */
  #changes = 0;
  #stopLooking: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'repeat'>, collect: () => void = collectGarbage) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** What goes to the workers. */
  note({ routes, tls }: Pick<Delta, 'routes' | 'tls'>): void {
    this.#changes += routes.upserts.length + routes.removals.length + (tls?.certificates.upserts.length ?? 0);
    if (this.#changes < LEAST_CHANGES || this.#stopLooking !== undefined) return;
    let before = this.#changes;
    this.#stopLooking = this.#clock.repeat(LOOK_MS, () => {
      if (this.#changes === before) this.#end();
      else before = this.#changes;
    });
  }

  #end(): void {
    this.#stopLooking?.();
    this.#stopLooking = undefined;
    this.#changes = 0;
    this.#collect();
  }
}
