/**
 * Runs the end-to-end tests in a network namespace of their own: `npm run test:e2e`, or `npm run test:e2e -- PART…` for the
 * files whose path holds one of the parts.
 */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { messageOf } from '../../src/errors.ts';
import { hasClusterNetwork, runInClusterNetwork } from '../support/cluster-network.ts';
import { assetsFolder } from '../support/test-assets.ts';

const CONCURRENCY = 4;

const parts = process.argv.slice(2);

try {
  const assets = assetsFolder();
  if (await hasClusterNetwork()) test(assets);
  else process.exitCode = await runInClusterNetwork(import.meta.filename, parts);
} catch (error) {
  process.stderr.write(`test:e2e: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

function test(assets: string): void {
  for (const program of ['kube-apiserver', 'etcd']) {
    const [version = ''] = execFileSync(join(assets, program), ['--version'], { encoding: 'utf8' }).split('\n');
    process.stdout.write(`${program}: ${version}\n`);
  }
  const files = globSync('*.test.ts', { cwd: import.meta.dirname })
    .filter(file => parts.length === 0 || parts.some(part => file.includes(part)))
    .sort()
    .map(file => join(import.meta.dirname, file));
  const events = run({ files, concurrency: CONCURRENCY });
  events.on('test:fail', () => {
    process.exitCode = 1;
  });
  events.compose(spec).pipe(process.stdout);
}
