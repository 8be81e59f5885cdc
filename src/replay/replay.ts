/** Sends the requests of a log to two servers, and compares what they answer. */
import { type Clock, sleep } from '../clock.ts';
import { type Difference, differencesOf, isFailure, isOfPage, type Outcome } from './answer.ts';
import type { LoggedRequest } from './log-line.ts';
import { readLogLine } from './log-line.ts';
import { type Findings, Tally } from './tally.ts';

/** A request that can be sent. */
export type Question = LoggedRequest & { readonly host: string };

export interface Answering {
  ask(question: Question): Promise<Outcome>;
}

export interface ReplayOptions {
  readonly against: Answering;
  readonly with: Answering;
  /** Only requests of this host are sent; it is that of lines that name none. Undefined: of all hosts. */
  readonly host: string | undefined;
  readonly methods: ReadonlySet<string>;
  /** The pages of redirects and errors are compared, too. */
  readonly comparesPages: boolean;
  /** So many requests at most. */
  readonly limit: number;
  /** Requests per second to each end. */
  readonly rate: number;
  readonly clock: Clock;
  /** Ends the replay; what was found until then counts. */
  readonly signal: AbortSignal;
}

/** No line names a host, and neither did the caller. */
export class NoHostError extends Error {}

/** Requests under way at a time. */
export const CONCURRENCY = 16;

/** One of the two is not there at all: the rest of the log would say nothing more. */
const MAX_FAILURES_IN_A_ROW = 100;

/** Methods that RFC 9110 section 9.2.1 calls safe, but for TRACE, which servers refuse. */
export const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** @throws NoHostError where nothing could be sent because of that */
export async function replay(lines: AsyncIterable<string | undefined>, options: ReplayOptions): Promise<Findings> {
  const run = new Replay(options);
  await run.all(lines);
  return run.findings();
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #tally = new Tally();
  readonly #underWay = new Set<Promise<void>>();
  readonly #failures = { A: 0, B: 0 };
  #sent = 0;
  #nextAt: number;
  #stopped: string | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#nextAt = options.clock.monotonic();
  }

  findings(): Findings {
    return this.#tally.findings(this.#options.signal.aborted ? 'interrupted' : this.#stopped);
  }

  async all(lines: AsyncIterable<string | undefined>): Promise<void> {
    const { limit, signal } = this.#options;
    try {
      for await (const line of lines) {
        if (signal.aborted) break;
        this.#tally.lines += 1;
        const question = this.#questionOf(line);
        if (question === undefined) continue;
        await this.#turn();
        if (signal.aborted || this.#stopped !== undefined) break;
        this.#begin(question);
        if (this.#sent === limit) break;
      }
    } catch (error) {
      // What is read, such as a log that grows, ends with the signal.
      if (!signal.aborted) throw error;
    } finally {
      await Promise.all(this.#underWay);
    }
    if (this.#sent === 0 && this.#tally.hasSkipped('hostless') && !signal.aborted) throw new NoHostError();
  }

  #questionOf(line: string | undefined): Question | undefined {
    const { host, methods } = this.#options;
    if (line === undefined) return void this.#tally.skip('length');
    if (line === '') return undefined;
    const read = readLogLine(line);
    if (typeof read === 'string') return void this.#tally.skip(read);
    if (!methods.has(read.method)) return void this.#tally.skip('method');
    const named = read.host ?? host;
    // A log may have got its hosts later than its first lines.
    if (named === undefined) return void this.#tally.skip('hostless');
    if (host !== undefined && named.toLowerCase() !== host.toLowerCase()) return void this.#tally.skip('host');
    return { ...read, host: named };
  }

  /** Waits until the rate allows one more, and until there is room for it. */
  async #turn(): Promise<void> {
    const { rate, clock, signal } = this.#options;
    while (this.#underWay.size >= CONCURRENCY) await Promise.race(this.#underWay);
    const now = clock.monotonic();
    if (this.#nextAt > now) await sleep(clock, this.#nextAt - now, signal);
    // Time that was lost, by a slow answer, is not made up for: that would be a burst.
    this.#nextAt = Math.max(this.#nextAt, now) + 1_000 / rate;
  }

  #begin(question: Question): void {
    this.#sent += 1;
    const done = this.#compare(question).finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  async #compare(question: Question): Promise<void> {
    const { against, with: other, comparesPages, signal } = this.#options;
    const [a, b] = await Promise.all([against.ask(question), other.ask(question)]);
    if (signal.aborted) return;
    this.#note('A', a);
    this.#note('B', b);
    const all = differencesOf(a, b);
    const differences = comparesPages ? all : all.filter(one => !isOfPage(a, one));
    const steady = differences.length === 0 ? differences : await this.#steadyOf(differences, question, a);
    if (signal.aborted) return;
    this.#tally.add(question, steady, steady.length < differences.length);
    if (differences.length < all.length) this.#tally.otherPages += 1;
  }

  /**
   * Asks A once more, and leaves out in what it differs from itself: a body with a time in it, an id. What is not safe to ask twice
   * is not.
   */
  async #steadyOf(
    differences: readonly Difference[],
    question: Question,
    first: Outcome,
  ): Promise<readonly Difference[]> {
    if (isFailure(first) || !SAFE_METHODS.includes(question.method)) return differences;
    const varying = new Set(differencesOf(first, await this.#options.against.ask(question)).map(({ what }) => what));
    return differences.filter(({ what }) => !varying.has(what));
  }

  #note(end: 'A' | 'B', outcome: Outcome): void {
    if (!isFailure(outcome)) {
      this.#failures[end] = 0;
      return;
    }
    this.#failures[end] += 1;
    if (this.#failures[end] < MAX_FAILURES_IN_A_ROW) return;
    this.#stopped ??= `${end} has not answered ${MAX_FAILURES_IN_A_ROW} requests in a row (${outcome.failure})`;
  }
}
