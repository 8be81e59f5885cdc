/** What a replay has found so far. It stays small however long the log is. */
import type { Difference } from './answer.ts';
import type { LoggedRequest } from './log-line.ts';

/** Of each kind of difference. */
const MAX_EXAMPLES = 5;
/** A server that answers with ever new statuses must not fill the memory. */
const MAX_KINDS = 200;
/** Of a value in an example. */
const MAX_SHOWN = 512;

export interface Example {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly against: string;
  readonly with: string;
}

/** All differences of one kind. */
export interface Kind {
  /** As in {@link Difference}. */
  readonly what: string;
  /** For `status` and `answer`, what the two ends answered: `200 → 404`. */
  readonly change?: string;
  readonly count: number;
  readonly examples: readonly Example[];
}

export interface Findings {
  readonly lines: number;
  /** Requests that both ends were asked. */
  readonly compared: number;
  readonly equal: number;
  /** In at least one thing. */
  readonly different: number;
  /** The answers differ, and so do two answers of A to the same request: nothing can be said of them. */
  readonly unsteady: number;
  /** Redirects and errors whose pages differ, where these are not compared. */
  readonly otherPages: number;
  /** By reason: lines that were not sent. */
  readonly skipped: Readonly<Record<Skip, number>>;
  /** The most frequent first. */
  readonly differences: readonly Kind[];
  /** Why the replay ended before the log did. */
  readonly stopped?: string;
}

/** Why a line is not sent: no known format, no HTTP request, a method that was not asked for, another host, no host, too long. */
export type Skip = 'format' | 'request' | 'method' | 'host' | 'hostless' | 'length';

interface OpenKind {
  readonly what: string;
  readonly change: string | undefined;
  count: number;
  readonly examples: Example[];
}

export class Tally {
  lines = 0;
  compared = 0;
  otherPages = 0;
  #different = 0;
  #unsteady = 0;
  readonly #skipped: Record<Skip, number> = { format: 0, request: 0, method: 0, host: 0, hostless: 0, length: 0 };
  readonly #kinds = new Map<string, OpenKind>();

  skip(reason: Skip): void {
    this.#skipped[reason] += 1;
  }

  hasSkipped(reason: Skip): boolean {
    return this.#skipped[reason] > 0;
  }

  /** @param isUnsteady some of the differences were dropped, because the request is answered differently each time */
  add({ method, host, target }: LoggedRequest, differences: readonly Difference[], isUnsteady: boolean): void {
    this.compared += 1;
    if (differences.length > 0) this.#different += 1;
    else if (isUnsteady) this.#unsteady += 1;
    for (const difference of differences) {
      const kind = this.#kindOf(difference);
      kind.count += 1;
      if (kind.examples.length === MAX_EXAMPLES) continue;
      const [against, other] = [cut(difference.against), cut(difference.with)];
      kind.examples.push({ method, host: host ?? '', target: cut(target), against, with: other });
    }
  }

  findings(stopped: string | undefined): Findings {
    return {
      lines: this.lines,
      compared: this.compared,
      equal: this.compared - this.#different - this.#unsteady,
      different: this.#different,
      unsteady: this.#unsteady,
      otherPages: this.otherPages,
      skipped: { ...this.#skipped },
      differences: [...this.#kinds.values()]
        .sort((a, b) => b.count - a.count)
        .map(({ change, ...kind }) => (change === undefined ? kind : { ...kind, change })),
      ...(stopped === undefined ? {} : { stopped }),
    };
  }

  #kindOf({ what, against, with: other }: Difference): OpenKind {
    const change = what === 'status' || what === 'answer' ? cut(`${against} → ${other}`) : undefined;
    const key = `${what} ${change ?? ''}`;
    let kind = this.#kinds.get(key) ?? (this.#kinds.size >= MAX_KINDS ? this.#kinds.get(what) : undefined);
    if (kind === undefined) {
      // When there are too many kinds, all further ones of a thing are one.
      const isFull = this.#kinds.size >= MAX_KINDS;
      kind = { what, change: isFull ? undefined : change, count: 0, examples: [] };
      this.#kinds.set(isFull ? what : key, kind);
    }
    return kind;
  }
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
