import { readFlags } from '../support/flags.ts';

export const USAGE = `Usage: npm run bench:scale [-- OPTION…]

It needs the programs that npm run test:assets builds, or KUBEBUILDER_ASSETS.

  --quick         1 000 Services instead of 10 000, and fewer changes: under a minute
  --out FOLDER    write scale.json and scale.md there; a whole run writes to bench/results
  --help
`;

const FLAGS = { quick: { type: 'boolean' }, out: { type: 'string' }, help: { type: 'boolean' } } as const;

/** How much of everything. */
export interface Scale {
  /** Services of the large cluster. */
  readonly services: number;
  /** Of the small one, which changes are compared with. */
  readonly fewServices: number;
  /** Starts of the program whose first sync is measured. */
  readonly starts: number;
  /** Changes that are timed one by one. */
  readonly changes: number;
  /** How long the steady changes last. */
  readonly steadySeconds: number;
  /** Reloads of nginx. */
  readonly reloads: number;
}

export interface Options extends Scale {
  /** undefined: only print. */
  readonly out: string | undefined;
  readonly isHelp: boolean;
}

const FULL: Scale = { services: 10_000, fewServices: 100, starts: 3, changes: 200, steadySeconds: 60, reloads: 5 };
const QUICK: Scale = { services: 1_000, fewServices: 100, starts: 1, changes: 20, steadySeconds: 5, reloads: 2 };

/** @throws BenchError for what cannot be run */
export function parseOptions(args: readonly string[]): Options {
  const { quick = false, out, help = false } = readFlags(args, FLAGS, USAGE);
  return {
    ...(quick ? QUICK : FULL),
    out: out ?? (quick ? undefined : `${import.meta.dirname}/../results`),
    isHelp: help,
  };
}
