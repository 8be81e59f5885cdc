/** `npm run bench:pods`: what it costs and brings to balance over pods, beside nginx and HAProxy. `-- --help` lists the options. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasClusterNetwork, runInClusterNetwork } from '../../test/support/cluster-network.ts';
import { MissingAssetsError } from '../../test/support/test-assets.ts';
import { BenchError, NotSupportedError } from '../support/bench-error.ts';
import { pinThisProcess, splitCpus } from '../support/cpus.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { markdown } from './report/markdown.ts';
import { runPods } from './run-pods.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options.isHelp) process.stdout.write(USAGE);
    else if (await hasClusterNetwork()) await bench(options);
    else return await runInClusterNetwork(import.meta.filename, process.argv.slice(2));
    return 0;
  } catch (error) {
    const isForPeople = [BenchError, NotSupportedError, MissingAssetsError].some(kind => error instanceof kind);
    if (!isForPeople || !(error instanceof Error)) throw error;
    process.stderr.write(`bench:pods: ${error.message}\n`);
    return 1;
  }
}

async function bench({ parts, extent, out }: Options): Promise<void> {
  const cpus = splitCpus();
  pinThisProcess(cpus.load);
  const report = await runPods(parts, extent, { folder: temporaryFolder(), cpus, progress });
  const text = markdown(report);
  process.stdout.write(`\n${text}`);
  if (out === undefined) return;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'pods.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(out, 'pods.md'), text);
}

/** For everything that programs read and write; gone when this process is. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kube-entry-pods-'));
  // nginx's workers run as another user when their master is root.
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  return folder;
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
