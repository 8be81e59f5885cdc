import { BenchError } from '../support/bench-error.ts';
import { positiveNumber, readFlags } from '../support/flags.ts';

export const USAGE = `Usage: npm run soak [-- OPTION…]

  --minutes N       of load; default 10
  --load N          per cent of what the same clients reach without a pause; default 80
  --access-log off  no access log; default: to a file
  --out FILE        write the result there as JSON
  --help
`;

const FLAGS = {
  minutes: { type: 'string' },
  load: { type: 'string' },
  'access-log': { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean' },
} as const;

export interface Options {
  readonly minutes: number;
  /** Share of the capacity, over 0 and up to 1. */
  readonly load: number;
  readonly hasAccessLog: boolean;
  readonly out: string | undefined;
  readonly isHelp: boolean;
}

/** @throws BenchError for what cannot be run */
export function parseOptions(args: readonly string[]): Options {
  const values = readFlags(args, FLAGS, USAGE);
  const log = values['access-log'] ?? 'file';
  if (log !== 'off' && log !== 'file') throw new BenchError(`--access-log ${log}: off or file\n\n${USAGE}`);
  return {
    minutes: positiveNumber(values.minutes ?? '10', 'minutes', 24 * 60),
    load: positiveNumber(values.load ?? '80', 'load', 100) / 100,
    hasAccessLog: log === 'file',
    out: values.out,
    isHelp: values.help ?? false,
  };
}
