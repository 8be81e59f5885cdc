import { BenchError } from '../support/bench-error.ts';
import { readFlags } from '../support/flags.ts';

export const PARTS = ['small-get', 'slow-pod', 'failing-pod', 'endpoint-changes', 'first-sync'] as const;

export type PartName = (typeof PARTS)[number];

export const USAGE = `Usage: npm run bench:pods [-- OPTION…]

It needs the programs that npm run test:assets builds, or KUBEBUILDER_ASSETS; wrk, nginx and haproxy.

  --only NAME,…   these parts: ${PARTS.join(', ')}
  --quick         less of everything: two minutes
  --out FOLDER    write pods.json and pods.md there; a whole run writes to bench/results
  --help
`;

/** How much of everything. */
export interface Extent {
  /** Of the small GET, each of so many seconds. */
  readonly rounds: number;
  readonly seconds: number;
  readonly slowRounds: number;
  readonly slowSeconds: number;
  /** From when the pod fails. */
  readonly failingSeconds: number;
  readonly changingSeconds: number;
  /** Of the cluster whose first sync is measured, so many times. */
  readonly services: number;
  readonly starts: number;
}

const FULL: Extent = {
  ...{ rounds: 5, seconds: 3, slowRounds: 3, slowSeconds: 10, failingSeconds: 10, changingSeconds: 60 },
  ...{ services: 10_000, starts: 3 },
};
const QUICK: Extent = {
  ...{ rounds: 1, seconds: 2, slowRounds: 1, slowSeconds: 4, failingSeconds: 3, changingSeconds: 10 },
  ...{ services: 500, starts: 1 },
};

export interface Options {
  readonly parts: readonly PartName[];
  readonly extent: Extent;
  /** undefined: only print. */
  readonly out: string | undefined;
  readonly isHelp: boolean;
}

const FLAGS = {
  only: { type: 'string' },
  quick: { type: 'boolean' },
  out: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** @throws BenchError for what cannot be run */
export function parseOptions(args: readonly string[]): Options {
  const { only, quick = false, out, help = false } = readFlags(args, FLAGS, USAGE);
  const wanted = only?.split(',') ?? PARTS;
  const unknown = wanted.find(name => !PARTS.some(part => part === name));
  if (unknown !== undefined) throw new BenchError(`${unknown}: no such part\n\n${USAGE}`);
  const isWhole = only === undefined && !quick;
  return {
    parts: PARTS.filter(part => wanted.includes(part)),
    extent: quick ? QUICK : FULL,
    out: out ?? (isWhole ? `${import.meta.dirname}/../results` : undefined),
    isHelp: help,
  };
}
