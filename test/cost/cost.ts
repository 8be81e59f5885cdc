/**
 * Holds what an input costs against what a plain one of the same size costs. A disturbed machine makes work look dearer
 * and never cheaper, so the least of several measurements counts, and a comparison is repeated until it holds: only an
 * input that is too dear each time fails.
 */
import assert from 'node:assert/strict';
import { getHeapStatistics } from 'node:v8';

export type Run = () => unknown;

/** How many times what the plain input costs is borne, in time and in bytes allocated. */
export interface Bounds {
  readonly time: number;
  readonly memory: number;
}

export const BOUNDS: Bounds = { time: 8, memory: 8 };

interface Cost {
  readonly milliseconds: number;
  readonly allocatedBytes: number;
}

/** After so many measurements of each the code is compiled and the least of them is near the truth. */
const LEAST_ROUNDS = 5;
const MOST_ROUNDS = 200;
/** So many times cheaper than it may be, the first measurement is enough. */
const CLEARLY = 2;
/** The allocation counter of V8 moves in steps of about so many bytes. */
const COUNTER_STEP = 256 * 1024;
/** Shorter measurements say more about the clock. */
const LEAST_MS = 0.5;

/** What plain inputs cost so far: one that many are held against is not measured for each of them. */
const yardsticks = new WeakMap<Run, { readonly times: number; cost: Cost }>();

/** @param plain of the same size as what `costly` works on */
export async function assertAffordable(name: string, costly: Run, plain: Run, bounds: Bounds = BOUNDS): Promise<void> {
  const yardstick = yardsticks.get(plain) ?? (await firstMeasured(plain));
  yardsticks.set(plain, yardstick);
  const { times } = yardstick;
  let dear = await measure(costly, times);
  for (let round = 1; ; round += 1) {
    const cheap = yardstick.cost;
    const isBorne = dear.milliseconds <= cheap.milliseconds * bounds.time;
    const fits = dear.allocatedBytes <= cheap.allocatedBytes * bounds.memory + COUNTER_STEP;
    const isClear = dear.milliseconds <= (cheap.milliseconds * bounds.time) / CLEARLY;
    if (isBorne && fits && (isClear || round >= LEAST_ROUNDS)) return;
    if (round === MOST_ROUNDS) assert.fail(`${name}: ${describe(dear, times)}; a plain one ${describe(cheap, times)}`);
    dear = least(dear, await measure(costly, times));
    yardstick.cost = least(cheap, await measure(plain, times));
  }
}

/** Repeated until it takes long enough to be measured, and then once more: it was compiled meanwhile. */
async function firstMeasured(run: Run): Promise<{ readonly times: number; cost: Cost }> {
  for (let times = 1; ; times *= 2) {
    const cost = await measure(run, times);
    if (cost.milliseconds >= LEAST_MS) return { times, cost: least(cost, await measure(run, times)) };
  }
}

/**
 * Runs it so many times, and takes the time of the least disturbed part: as few runs as are long enough to be measured. On a busy machine
 * the scheduler leaves a thread a few milliseconds at a time, and runs of a dear input together take longer than that.
 */
async function measure(run: Run, times: number): Promise<Cost> {
  const allocated = getHeapStatistics().total_allocated_bytes;
  let perRun = Number.POSITIVE_INFINITY;
  let runs = 0;
  let began = performance.now();
  for (let count = 1; count <= times; count += 1) {
    const pending = run();
    if (pending instanceof Promise) await pending;
    runs += 1;
    const now = performance.now();
    if (now - began < LEAST_MS && count < times) continue;
    // What is left at the end may be too short to be measured alone.
    if (now - began >= LEAST_MS || perRun === Number.POSITIVE_INFINITY) perRun = Math.min(perRun, (now - began) / runs);
    runs = 0;
    began = performance.now();
  }
  return { milliseconds: perRun * times, allocatedBytes: getHeapStatistics().total_allocated_bytes - allocated };
}

function least(a: Cost, b: Cost): Cost {
  return {
    milliseconds: Math.min(a.milliseconds, b.milliseconds),
    allocatedBytes: Math.min(a.allocatedBytes, b.allocatedBytes),
  };
}

function describe({ milliseconds, allocatedBytes }: Cost, times: number): string {
  return `${(milliseconds / times).toFixed(3)} ms and ${Math.round(allocatedBytes / times / 1024)} KiB`;
}
