/** A benchmark with an API server, from its arguments to its report: it runs in a network of its own, in which pods have addresses. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasClusterNetwork, runInClusterNetwork } from '../../test/support/cluster-network.ts';
import { MissingAssetsError } from '../../test/support/test-assets.ts';
import { BenchError, NotSupportedError } from './bench-error.ts';

export interface ClusterBenchOptions {
  /** Where the report is written; undefined: it is only printed. */
  readonly out: string | undefined;
  readonly isHelp: boolean;
}

export interface ClusterBench<Options extends ClusterBenchOptions, Report> {
  /** That of its npm script and of its report's files. */
  readonly name: string;
  /** The file that is executed. */
  readonly file: string;
  readonly usage: string;
  /** @throws BenchError for what cannot be run */
  parseOptions(args: readonly string[]): Options;
  /** @param folder for everything that programs read and write; gone when this process is */
  run(options: Options, folder: string, progress: (line: string) => void): Promise<Report>;
  markdown(report: Report): string;
}

/** @returns the exit code */
export async function runClusterBench<Options extends ClusterBenchOptions, Report>(
  bench: ClusterBench<Options, Report>,
): Promise<number> {
  const args = process.argv.slice(2);
  try {
    const options = bench.parseOptions(args);
    if (options.isHelp) process.stdout.write(bench.usage);
    else if (await hasClusterNetwork()) publish(bench, await measure(bench, options), options.out);
    else return await runInClusterNetwork(bench.file, args);
    return 0;
  } catch (error) {
    const isForPeople = [BenchError, NotSupportedError, MissingAssetsError].some(kind => error instanceof kind);
    if (!isForPeople || !(error instanceof Error)) throw error;
    process.stderr.write(`bench:${bench.name}: ${error.message}\n`);
    return 1;
  }
}

function measure<Options extends ClusterBenchOptions, Report>(
  bench: ClusterBench<Options, Report>,
  options: Options,
): Promise<Report> {
  return bench.run(options, temporaryFolder(bench.name), line => process.stderr.write(`${line}\n`));
}

function publish<Options extends ClusterBenchOptions, Report>(
  { name, markdown }: ClusterBench<Options, Report>,
  report: Report,
  out: string | undefined,
): void {
  const text = markdown(report);
  process.stdout.write(`\n${text}`);
  if (out === undefined) return;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(out, `${name}.md`), text);
}

function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `kube-entry-${name}-`));
  // nginx's workers run as another user when their master is root.
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  return folder;
}
