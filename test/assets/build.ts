/**
 * `npm run test:assets`: builds the programs of Kubernetes and etcd that go.mod beside this file names, and prints the folder
 * they are in. What was built before is used again.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ASSETS_MODULE, builtAssets } from '../support/test-assets.ts';

const folder = builtAssets();
if (!existsSync(folder)) {
  if (spawnSync('go', ['version']).status !== 0) {
    process.stderr.write('test:assets: there is no Go here: install it from https://go.dev/dl\n');
    process.exit(1);
  }
  build(folder);
}
process.stdout.write(`${folder}\n`);

/** The folder appears with all programs, or not at all. */
function build(target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  const unfinished = mkdtempSync(`${target}-`);
  try {
    process.stderr.write('test:assets: building Kubernetes and etcd takes 10 to 30 minutes, once\n');
    go('build', '-trimpath', '-ldflags', `-s -w ${versionFlags()}`, '-o', `${unfinished}/`, 'tool');
    // Go names a program after the last part of its package's path.
    renameSync(join(unfinished, 'server'), join(unfinished, 'etcd'));
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Kubernetes' own build writes its version into the programs like this. kubectl compares it with the server's. */
function versionFlags(): string {
  const version = go('list', '-m', '-f', '{{.Version}}', 'k8s.io/kubernetes').trim();
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor };
  return Object.entries(values)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
}

function go(...args: readonly string[]): string {
  // The versions are those of go.mod, whatever the surroundings say.
  const env = { ...process.env, GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' };
  return execFileSync('go', args, { cwd: ASSETS_MODULE, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
