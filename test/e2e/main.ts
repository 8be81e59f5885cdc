/**
 * Runs the end-to-end tests in a network namespace of their own: `npm run test:e2e`, or `npm run test:e2e -- PART…` for the
 * files whose path holds one of the parts. With `--verbose` it prints a line for each test, and what they have measured.
 */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/errors.ts';
import { hasClusterNetwork, runInClusterNetwork } from '../support/cluster-network.ts';
import { testAsInImage } from '../support/image-program.ts';
import { runFiles } from '../support/run-files.ts';
import { assetsFolder } from '../support/test-assets.ts';

/** Each has an API server of its own, and all wait for outages most of the time. */
const CONCURRENCY = 4;
/** Files that take longest. They start first, so that none of them is left over at the end. */
const FIRST = ['gateways', 'ingresses', 'deploy', 'faults-server', 'outage', 'faults-frozen', 'live-routes', 'pods'];

const { positionals: parts, values } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: 'boolean' } },
});

try {
  const assets = assetsFolder();
  if (await hasClusterNetwork()) await test(assets);
  else process.exitCode = await runInClusterNetwork(import.meta.filename, process.argv.slice(2));
} catch (error) {
  process.stderr.write(`test:e2e: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function test(assets: string): Promise<void> {
  for (const program of ['kube-apiserver', 'etcd']) {
    const [version = ''] = execFileSync(join(assets, program), ['--version'], { encoding: 'utf8' }).split('\n');
    process.stdout.write(`${program}: ${version}\n`);
  }
  const names = globSync('*.test.ts', { cwd: import.meta.dirname })
    .filter(file => parts.length === 0 || parts.some(part => file.includes(part)))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  testAsInImage();
  await runFiles(
    names.map(name => join(import.meta.dirname, name)),
    { concurrency: CONCURRENCY, isVerbose: values.verbose ?? false },
  );
}

function rank(name: string): number {
  const index = FIRST.indexOf(name.replace('.test.ts', ''));
  return index < 0 ? FIRST.length : index;
}
