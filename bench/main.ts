/** `npm run bench`: kube-entry and other proxies side by side on this machine. `-- --help` lists the options. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { medians } from './measure/sample.ts';
import { runScenario } from './measure/run-scenario.ts';
import { parseOptions, USAGE } from './options.ts';
import { BenchError } from './support/bench-error.ts';
import { splitCpus } from './support/cpus.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options.isHelp) {
      process.stdout.write(USAGE);
      return 0;
    }
    const cpus = splitCpus();
    spawnSync('taskset', ['--cpu-list', '--pid', cpus.load, String(process.pid)]);
    const folder = mkdtempSync(join(tmpdir(), 'kube-entry-bench-'));
    // nginx's worker runs as another user when its master is root.
    chmodSync(folder, 0o755);
    try {
      const progress = (line: string): void => void process.stderr.write(`${line}\n`);
      for (const scenario of options.scenarios) {
        const results = await runScenario(scenario, { ...options, cpus, folder, progress });
        console.log(scenario.title);
        console.table(
          Object.fromEntries(results.map(({ contender, samples, reason }) => [contender, reason ?? medians(samples)])),
        );
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    process.stderr.write(`bench: ${error.message}\n`);
    return 1;
  }
}
