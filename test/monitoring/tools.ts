/** Runs Prometheus's own checker, promtool. */
import { execFile } from 'node:child_process';

export interface Verdict {
  readonly code: number;
  /** What it printed, complaints included. */
  readonly text: string;
}

export function promtool(args: readonly string[], input = ''): Promise<Verdict> {
  return new Promise(resolve => {
    const child = execFile('promtool', args, { timeout: 300_000 }, (error, output, complaints) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, text: output + complaints });
    });
    // One that does not read its input may be gone already.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
