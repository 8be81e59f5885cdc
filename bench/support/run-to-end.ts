import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BenchError, reasonOf } from './bench-error.ts';
import { pinned } from './program.ts';

const run = promisify(execFile);

/** Runs a program that ends by itself. @param env beside that of this process @returns its standard output @throws BenchError when it fails or takes too long */
export async function runToEnd(
  command: readonly [string, ...string[]],
  { cpus, seconds, env = {} }: { readonly cpus: string; readonly seconds: number; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  const [file, ...args] = pinned(command, cpus);
  try {
    return (await run(file, args, { timeout: seconds * 1000, killSignal: 'SIGKILL', env: { ...process.env, ...env } }))
      .stdout;
  } catch (error) {
    throw new BenchError(`${command[0]} failed: ${reasonOf(error)}`, { cause: error });
  }
}
