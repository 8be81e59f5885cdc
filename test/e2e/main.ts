/**
 * Runs the end-to-end tests in a network namespace of their own: `npm run test:e2e`, or `npm run test:e2e -- PART…` for the
 * files whose path holds one of the parts.
 */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { messageOf } from '../../src/errors.ts';
import { hasClusterNetwork, runInClusterNetwork } from '../support/cluster-network.ts';
import { assetsFolder } from '../support/test-assets.ts';

const CONCURRENCY = 4;
/**
 * Files that nothing runs beside. A rolling update of Kubernetes does not wait until EndpointSlices name the new pods: where other tests
 * take the CPUs, its controller may be seconds late, and every pod that the entry knows of may be gone.
 */
const ALONE = ['pods.test.ts'];

const parts = process.argv.slice(2);

try {
  const assets = assetsFolder();
  if (await hasClusterNetwork()) await test(assets);
  else process.exitCode = await runInClusterNetwork(import.meta.filename, parts);
} catch (error) {
  process.stderr.write(`test:e2e: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function test(assets: string): Promise<void> {
  for (const program of ['kube-apiserver', 'etcd']) {
    const [version = ''] = execFileSync(join(assets, program), ['--version'], { encoding: 'utf8' }).split('\n');
    process.stdout.write(`${program}: ${version}\n`);
  }
  const files = globSync('*.test.ts', { cwd: import.meta.dirname })
    .filter(file => parts.length === 0 || parts.some(part => file.includes(part)))
    .sort();
  await runFiles(files.filter(file => !ALONE.includes(file)));
  await runFiles(files.filter(file => ALONE.includes(file)));
}

async function runFiles(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const events = run({ files: names.map(file => join(import.meta.dirname, file)), concurrency: CONCURRENCY });
  events.on('test:fail', () => {
    process.exitCode = 1;
  });
  await pipeline(events.compose(spec), process.stdout, { end: false });
}
