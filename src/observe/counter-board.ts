import type { FailureReason } from '../failures/failures.ts';
import type { PolicyKind } from '../model/policy.ts';
import { type ServiceRef, serviceKey } from '../model/route.ts';
import {
  BlockTotals,
  type CounterName,
  MAX_BLOCKS,
  NO_ROUTE_BLOCK,
  type SubrequestOutcome,
  type SubrequestPurpose,
  type Verdict,
  WorkerCounters,
} from './counters.ts';

/** Label of what is counted for Services beyond {@link MAX_BLOCKS}. */
const OVERFLOW: ServiceRef = { namespace: '', name: 'other' };
const NO_ROUTE: ServiceRef = { namespace: '', name: '' };
/**
 * A block that is given back is used again once so many were given back after it: late counts of requests under way have died out by
 * then, and Services that come and go all day take no more memory than so many blocks.
 */
export const RESTING_BLOCKS = 512;

/** The main thread's view of all regions: sums, and who owns which block. */
export class CounterBoard {
  readonly #regions: WorkerCounters[] = [];
  /** Those of the workers among them: what clients do. */
  readonly #workers: WorkerCounters[] = [];
  readonly #blocks = new Map<string, { readonly service: ServiceRef; readonly block: number }>();
  /** Given back, oldest first. */
  readonly #free: number[] = [];
  #unused = NO_ROUTE_BLOCK + 1;

  /** A region for a worker. */
  addRegion(): WorkerCounters {
    const region = this.addAdminRegion();
    this.#workers.push(region);
    return region;
  }

  /** A region for the connections of an admin server. */
  addAdminRegion(): WorkerCounters {
    const region = new WorkerCounters();
    this.#regions.push(region);
    return region;
  }

  /** Over all regions, as nginx counts: with the connections that ask for the status. */
  sum(name: CounterName): number {
    return sumOf(this.#regions, name);
  }

  /** Over the workers alone, as people read it: what clients of the proxy do. */
  sumOfWorkers(name: CounterName): number {
    return sumOf(this.#workers, name);
  }

  failures(reason: FailureReason): number {
    return this.#regions.reduce((total, region) => total + region.failures(reason), 0);
  }

  policies(kind: PolicyKind, verdict: Verdict): number {
    return this.#regions.reduce((total, region) => total + region.policies(kind, verdict), 0);
  }

  subrequests(purpose: SubrequestPurpose, outcome: SubrequestOutcome): number {
    return this.#regions.reduce((total, region) => total + region.subrequests(purpose, outcome), 0);
  }

  subrequestMilliseconds(purpose: SubrequestPurpose): number {
    return this.#regions.reduce((total, region) => total + region.subrequestMilliseconds(purpose), 0);
  }

  /** The block of a Service, the same for as long as it is not released. */
  blockOf(service: ServiceRef): number {
    const key = serviceKey(service);
    const known = this.#blocks.get(key);
    if (known !== undefined) return known.block;
    const block = this.#take();
    if (block !== MAX_BLOCKS - 1) this.#blocks.set(key, { service, block });
    return block;
  }

  /** For a Service whose last route has gone: its series end. */
  release(service: ServiceRef): void {
    const key = serviceKey(service);
    const known = this.#blocks.get(key);
    if (known === undefined) return;
    this.#blocks.delete(key);
    this.#free.push(known.block);
  }

  /** Every labelled block that may hold counts. */
  *blocks(): Generator<{ readonly service: ServiceRef; readonly block: number }> {
    yield { service: NO_ROUTE, block: NO_ROUTE_BLOCK };
    yield* this.#blocks.values();
    if (this.#unused === MAX_BLOCKS - 1) yield { service: OVERFLOW, block: MAX_BLOCKS - 1 };
  }

  /** What all regions counted for a block. */
  totalsOf(block: number): BlockTotals {
    const totals = new BlockTotals();
    for (const region of this.#regions) region.addBlockTo(totals, block);
    return totals;
  }

  /** The same in short: 5xx answers, then the request histogram. */
  tally(block: number, into: Float64Array): void {
    for (const region of this.#regions) region.addTallyTo(into, block);
  }

  #take(): number {
    if (this.#unused < MAX_BLOCKS - 1 && this.#free.length < RESTING_BLOCKS) {
      this.#unused += 1;
      return this.#unused - 1;
    }
    const block = this.#free.shift();
    if (block === undefined) return MAX_BLOCKS - 1;
    for (const region of this.#regions) region.clearBlock(block);
    return block;
  }
}

function sumOf(regions: readonly WorkerCounters[], name: CounterName): number {
  return regions.reduce((total, region) => total + region.get(name), 0);
}
