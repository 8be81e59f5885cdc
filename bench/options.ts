import { CONTENDERS } from './contenders/all.ts';
import type { Contender } from './contenders/contender.ts';
import { SCENARIOS } from './scenarios/all.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { BenchError } from './support/bench-error.ts';
import { readFlags, wholeNumber } from './support/flags.ts';

export const USAGE = `Usage: npm run bench [-- OPTION…]

  --only NAME,…          these scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')}
  --contenders NAME,…    these proxies: ${CONTENDERS.map(({ name }) => name).join(', ')}
  --rounds N             measurements of each, taken in turns; default 5
  --seconds N            of load in each; default 3
  --quick                all scenarios, kube-entry and tuned nginx, once and briefly
  --out FOLDER           write results.json, results.md and chart.svg there; a whole run writes to bench/results
  --help
`;

const FLAGS = {
  only: { type: 'string' },
  contenders: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  quick: { type: 'boolean' },
  out: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Seconds of load before the first round. */
export interface WarmUp {
  readonly compiledAhead: number;
  /** Of a program whose runtime compiles what it finds hot while it serves: HTTP/2 takes it six seconds with little CPU time to spare. */
  readonly compiledAsItRuns: number;
}

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: WarmUp;
  /** undefined: only print. */
  readonly out: string | undefined;
  readonly isHelp: boolean;
}

const FULL = { rounds: 5, seconds: 3, warmUp: { compiledAhead: 2, compiledAsItRuns: 10 } };
const QUICK = { rounds: 1, seconds: 1, warmUp: { compiledAhead: 1, compiledAsItRuns: 2 } };
const QUICK_CONTENDERS = ['wire', 'nginx-tuned'];

/** @throws BenchError for what cannot be run */
export function parseOptions(args: readonly string[]): Options {
  const values = readFlags(args, FLAGS, USAGE);
  const defaults = values.quick ? QUICK : FULL;
  const isWhole = Object.keys(values).every(flag => flag === 'out');
  return {
    scenarios: pick(SCENARIOS, values.only, 'scenario'),
    contenders: pick(
      CONTENDERS,
      values.contenders ?? (values.quick ? QUICK_CONTENDERS.join(',') : undefined),
      'contender',
    ),
    rounds: wholeNumber(values.rounds ?? `${defaults.rounds}`, 'rounds'),
    seconds: wholeNumber(values.seconds ?? `${defaults.seconds}`, 'seconds'),
    warmUp: defaults.warmUp,
    out: values.out ?? (isWhole ? `${import.meta.dirname}/results` : undefined),
    isHelp: values.help ?? false,
  };
}

function pick<T extends { readonly name: string }>(
  all: readonly T[],
  names: string | undefined,
  kind: string,
): readonly T[] {
  if (names === undefined) return all;
  const wanted = names.split(',');
  const unknown = wanted.find(name => !all.some(one => one.name === name));
  if (unknown !== undefined) throw new BenchError(`${unknown}: no such ${kind}\n\n${USAGE}`);
  return all.filter(({ name }) => wanted.includes(name));
}
