import { parseArgs } from 'node:util';
import { CONTENDERS } from './contenders/all.ts';
import type { Contender } from './contenders/contender.ts';
import { SCENARIOS } from './scenarios/all.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { BenchError } from './support/bench-error.ts';

export const USAGE = `Usage: npm run bench [-- OPTION…]

  --only NAME,…          these scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')}
  --contenders NAME,…    these proxies: ${CONTENDERS.map(({ name }) => name).join(', ')}
  --rounds N             measurements of each, taken in turns; default 5
  --seconds N            of load in each; default 3
  --quick                all scenarios, kube-entry and tuned nginx, once and briefly: under two minutes
  --out FOLDER           write results.json, results.md and chart.svg there; a whole run writes to bench/results
  --help
`;

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** undefined: only print. */
  readonly out: string | undefined;
  readonly isHelp: boolean;
}

const FULL = { rounds: 5, seconds: 3, warmUpSeconds: 3 };
const QUICK = { rounds: 1, seconds: 1, warmUpSeconds: 2 };
const QUICK_CONTENDERS = ['wire', 'nginx-tuned'];

/** @throws BenchError for what cannot be run */
export function parseOptions(args: readonly string[]): Options {
  const { values } = readFlags(args);
  const defaults = values.quick ? QUICK : FULL;
  const isWhole = Object.keys(values).every(flag => flag === 'out');
  return {
    scenarios: pick(SCENARIOS, values.only, 'scenario'),
    contenders: pick(
      CONTENDERS,
      values.contenders ?? (values.quick ? QUICK_CONTENDERS.join(',') : undefined),
      'contender',
    ),
    rounds: count(values.rounds, defaults.rounds, 'rounds'),
    seconds: count(values.seconds, defaults.seconds, 'seconds'),
    warmUpSeconds: defaults.warmUpSeconds,
    out: values.out ?? (isWhole ? `${import.meta.dirname}/results` : undefined),
    isHelp: values.help ?? false,
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        contenders: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        quick: { type: 'boolean' },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new BenchError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
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

function count(text: string | undefined, fallback: number, flag: string): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new BenchError(`--${flag} ${text}: a number from 1`);
  return value;
}
