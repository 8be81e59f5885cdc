import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BenchError, reasonOf } from '../support/bench-error.ts';

const execute = promisify(execFile);

/** Debian's mirrors and npm's registry may be slow. */
const PATIENCE_MS = 30 * 60_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

/** Runs a tool to its end. @returns its standard output, trimmed @throws BenchError when it fails */
export async function run(file: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(file, args, { timeout: PATIENCE_MS, maxBuffer: MAX_OUTPUT });
    return stdout.trim();
  } catch (error) {
    throw new BenchError(`${file} ${args.join(' ')}: ${reasonOf(error)}`, { cause: error });
  }
}
