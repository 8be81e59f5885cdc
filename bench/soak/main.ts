/** `npm run soak`: the program itself under load for minutes, with everything around it going wrong. `-- --help` lists the options. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchError } from '../support/bench-error.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { runSoak } from './run-soak.ts';
import { json, markdown } from './verdict/report.ts';
import { judge } from './verdict/verdict.ts';

process.exitCode = await main();

/** @returns the exit code: 0 when the proxy came through */
async function main(): Promise<number> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  try {
    const options = parseOptions(process.argv.slice(2));
    if (!options.isHelp) return await soak(options, interruption.signal);
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError || interruption.signal.aborted)) throw error;
    process.stderr.write(`soak: ${error instanceof BenchError ? error.message : 'interrupted'}\n`);
    return 1;
  }
}

async function soak(options: Options, interrupted: AbortSignal): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'kube-entry-soak-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const observations = await runSoak(options, { folder, interrupted, progress });
  const checks = judge(observations);
  process.stdout.write(markdown(observations, checks));
  if (options.out !== undefined) writeFileSync(options.out, json(observations, checks));
  return checks.every(({ isMet }) => isMet !== false) ? 0 : 1;
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
