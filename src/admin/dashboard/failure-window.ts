import { FAILURES } from '../../failures/failures.ts';
import type { FailureReport } from '../../observe/failure-log.ts';
import type { FailureGroup } from './messages.ts';

/** Between two looks at the counts that are kept, and how long they are kept; milliseconds. */
const SPACING = 15_000;
const KEPT = 900_000;

interface Counts {
  readonly at: number;
  readonly byReason: ReadonlyMap<string, number>;
}

/** Why requests failed in the last fifteen minutes, and since the start. */
export class FailureWindow {
  /** Oldest first. */
  readonly #looks: Counts[] = [];

  /**
   * @param now of a clock that never goes back; milliseconds
   * @returns recent failures first, the most frequent first
   */
  groups(reports: readonly FailureReport[], now: number): FailureGroup[] {
    this.#look(reports, now);
    const before = this.#looks[0]?.byReason;
    const groups = reports.map(({ reason, count, examples }): FailureGroup => {
      const { source, meaning, remedy } = FAILURES[reason];
      return {
        reason,
        source,
        meaning,
        remedy,
        count,
        recent: count - (before?.get(reason) ?? 0),
        examples: examples.map(({ at, service, status, path, upstream, detail }) => ({
          at,
          service,
          status,
          path,
          upstream,
          // A stack is for the log.
          detail: detail.replace(/\n.*/s, ''),
        })),
      };
    });
    return groups.sort((a, b) => b.recent - a.recent || b.count - a.count);
  }

  #look(reports: readonly FailureReport[], now: number): void {
    if (now - (this.#looks.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < SPACING) return;
    // Failures before the first look are recent, too: the program has just started.
    const byReason = new Map(this.#looks.length === 0 ? [] : reports.map(({ reason, count }) => [reason, count]));
    this.#looks.push({ at: now, byReason });
    while ((this.#looks[1]?.at ?? now) <= now - KEPT) this.#looks.shift();
  }
}
