/** Runs a fuzz target for a bounded time, and says how to see a failure again. */
import { AssertionError } from 'node:assert';
import type { TestContext } from 'node:test';
import { messageOf } from '../../src/errors.ts';
import { seed } from '../support/seed.ts';
import { Random } from './random.ts';

/** For each target, unless FUZZ_SECONDS or FUZZ_INPUTS is set. Enough to notice a broken target; CI takes longer. */
const DEFAULT_SECONDS = 2;
/** No input takes as long: one that does hangs. */
const HANG_MS = 30_000;
/** Between two looks at the clock. */
const BATCH = 64;

export interface Target<Input> {
  make(random: Random): Input;
  /** @throws on whatever must not happen. @param lane of those that run at the same time: an input has it for itself */
  check(input: Input, lane: number): void | Promise<void>;
  /** For a person who has to understand a failure: the bytes, and where they are cut. */
  show(input: Input): string;
  /** The same input with something left out, simpler ones first. Only of use where check() is synchronous. */
  simpler?(input: Input): Iterable<Input>;
}

interface Budget {
  readonly seed: number;
  readonly first: number;
  readonly inputs: number;
  readonly seconds: number;
}

/** FUZZ_SEED and FUZZ_INPUT make one input of an earlier campaign again. */
function budget(): Budget {
  const { FUZZ_INPUT, FUZZ_INPUTS, FUZZ_SECONDS } = process.env;
  if (FUZZ_INPUT !== undefined) return { seed, first: Number(FUZZ_INPUT), inputs: 1, seconds: Infinity };
  if (FUZZ_INPUTS !== undefined) return { seed, first: 0, inputs: Number(FUZZ_INPUTS), seconds: Infinity };
  return { seed, first: 0, inputs: Infinity, seconds: Number(FUZZ_SECONDS ?? DEFAULT_SECONDS) };
}

/** @param lanes inputs that are under way at the same time */
export async function campaign<Input>(t: TestContext, target: Target<Input>, lanes = 1): Promise<void> {
  const { seed, first, inputs, seconds } = budget();
  const deadline = performance.now() + seconds * 1000;
  let next = first;
  let failure: AssertionError | undefined;

  const run = async (lane: number): Promise<void> => {
    while (failure === undefined && next < first + inputs) {
      if (next % BATCH === 0 && performance.now() >= deadline) return;
      const index = next;
      next += 1;
      const input = target.make(new Random(seed, index));
      try {
        const pending = target.check(input, lane);
        if (pending !== undefined) await inTime(pending);
      } catch (error) {
        failure ??= report(target, input, error, { seed, index });
      }
    }
  };

  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  t.diagnostic(`${next - first} inputs, seed ${seed}`);
  if (failure !== undefined) throw failure;
}

async function inTime(pending: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`not over in ${HANG_MS} ms`)), HANG_MS);
  try {
    await Promise.race([pending, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function report<Input>(
  target: Target<Input>,
  input: Input,
  error: unknown,
  { seed, index }: { readonly seed: number; readonly index: number },
): AssertionError {
  const smallest = minimise(target, input);
  return new AssertionError({
    message: [
      messageOf(error),
      `input: ${target.show(input)}`,
      ...(smallest === undefined ? [] : [`smallest: ${target.show(smallest.input)}`, messageOf(smallest.error)]),
      `again: FUZZ_SEED=${seed} FUZZ_INPUT=${index} node --test ${process.argv[1] ?? ''}`,
      'Put what is found into test/fuzz/corpus.',
    ].join('\n'),
  });
}

/** Leaves things out of an input as long as it still fails. */
function minimise<Input>(target: Target<Input>, input: Input): { input: Input; error: unknown } | undefined {
  if (target.simpler === undefined) return undefined;
  let smallest: { input: Input; error: unknown } | undefined;
  let candidates = target.simpler(input)[Symbol.iterator]();
  for (let next = candidates.next(); next.done !== true; next = candidates.next()) {
    try {
      void target.check(next.value, 0);
    } catch (error) {
      smallest = { input: next.value, error };
      candidates = target.simpler(next.value)[Symbol.iterator]();
    }
  }
  return smallest;
}
