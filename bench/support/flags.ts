/** Reads the command lines of the benchmarks. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { BenchError, reasonOf } from './bench-error.ts';

type FlagValues<Flags extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Flags }>
>['values'];

/** @param usage shown with what is wrong @throws BenchError for a flag that there is not, or that lacks its value */
export function readFlags<Flags extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Flags,
  usage: string,
): FlagValues<Flags> {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new BenchError(`${reasonOf(error)}\n\n${usage}`, { cause: error });
  }
}

/** @throws BenchError for anything but a whole number from 1 */
export function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new BenchError(`--${flag} ${text}: a whole number from 1`);
  return value;
}

/** @throws BenchError for anything but a number over 0, up to the most */
export function positiveNumber(text: string, flag: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most)) throw new BenchError(`--${flag} ${text}: a number over 0, up to ${most}`);
  return value;
}
