/** `npm run bench:scale`: ten thousand Services of a real API server, and nginx with as many locations. `-- --help` lists the options. */
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasClusterNetwork, runInClusterNetwork } from '../../test/support/cluster-network.ts';
import { MissingAssetsError } from '../../test/support/test-assets.ts';
import { BenchError, NotSupportedError } from '../support/bench-error.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { markdown } from './report/markdown.ts';
import { runScale } from './run-scale.ts';

/** etcd waits for the disk with every write, and a disk is not what is measured. */
const IN_MEMORY = '/dev/shm';

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
    process.stderr.write(`bench:scale: ${error.message}\n`);
    return 1;
  }
}

async function bench(options: Options): Promise<void> {
  const report = await runScale(options, { folder: temporaryFolder(), progress });
  const text = markdown(report);
  process.stdout.write(`\n${text}`);
  if (options.out === undefined) return;
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, 'scale.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(options.out, 'scale.md'), text);
}

/** For everything that programs read and write; gone when this process is. */
function temporaryFolder(): string {
  if (isWritable(IN_MEMORY)) process.env.TMPDIR = IN_MEMORY;
  const folder = mkdtempSync(join(tmpdir(), 'kube-entry-scale-'));
  // nginx's workers run as another user when their master is root.
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
