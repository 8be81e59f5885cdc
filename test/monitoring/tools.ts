/** Prometheus's own programs, where they are installed. */
import { execFile, spawnSync } from 'node:child_process';

const ADVICE = 'install Prometheus (Debian: apt-get install --no-install-recommends prometheus)';

/** For the options of a test: skips it where one of the programs is missing, and says what to install. */
export function needs(...programs: readonly ('promtool' | 'prometheus')[]): { readonly skip: string | false } {
  const missing = programs.filter(program => spawnSync(program, ['--version']).status !== 0);
  return { skip: missing.length === 0 ? false : `there is no ${missing.join(' and no ')} here: ${ADVICE}` };
}

export interface Verdict {
  readonly code: number;
  /** What it printed, complaints included. */
  readonly text: string;
}

export function promtool(args: readonly string[], input = ''): Promise<Verdict> {
  return new Promise(resolve => {
    const child = execFile('promtool', args, { timeout: 60_000 }, (error, output, complaints) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, text: output + complaints });
    });
    // One that does not read its input may be gone already.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
