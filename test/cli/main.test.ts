/** The executable itself: what only a process of its own shows. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { MAIN, spawnCli, writeManifest } from './cli-fixture.ts';
import { SERVICES } from './services.ts';

test('main.ts is an executable for node', () => {
  assert.match(readFileSync(MAIN, 'utf8'), /^#!\/usr\/bin\/env -S node --disable-sigusr1\n/);
});

test('--version prints the version of the package', async () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  const { code, stdout, stderr } = await spawnCli(['--version']);
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 0, stdout: `kube-entry ${manifest.version} (node ${process.versions.node})\n`, stderr: '' },
  );
});

test('check reads standard input, and its exit code is the answer', async () => {
  const { code, stdout, stderr } = await spawnCli(['check', '-'], { input: SERVICES });
  assert.deepEqual({ code, stderr }, { code: 1, stderr: '' });
  assert.match(stdout, /^<stdin>:\d+: the Service is headless/m);
  assert.match(
    stdout,
    /^1 file, 4 Services, 3 exposed, 1 waiting for a path of another, 4 routes, 1 problem, 2 warnings$/m,
  );
});

test('wrong settings end serve with 2 before anything starts', async () => {
  const { code, stdout, stderr } = await spawnCli(['--listen', 'nowhere'], {
    environment: { KUBE_ENTRY_WORKERS: '-1' },
  });
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  assert.match(
    stderr,
    /^kube-entry: --listen: "nowhere" is not an address.*\nkube-entry: KUBE_ENTRY_WORKERS: .*\nkube-entry: see kube-entry serve --help\n$/,
  );
});

test('output that nobody reads to its end is no error', async context => {
  const service = (name: string) =>
    `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, annotations: {kube-entry.io/path: /${name}}}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n---\n`;
  // More than a pipe holds, so that the write meets the closed end.
  const yaml = Array.from({ length: 1_500 }, (_, index) => service(`s${index}`)).join('');
  const file = await writeManifest(context, yaml);
  const child = spawn(process.execPath, [MAIN, 'routes', '--manifests', file, '--output', 'json']);
  child.stdout.destroy();
  const [stderr, code] = await Promise.all([
    text(child.stderr),
    new Promise<number | null>(fulfil => child.once('close', fulfil)),
  ]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('output that cannot be written is told from output that was', { skip: !existsSync('/dev/full') }, async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [MAIN, 'help'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  assert.ok(child.stderr);
  const [stderr, code] = await Promise.all([
    text(child.stderr),
    new Promise<number | null>(fulfil => child.once('close', fulfil)),
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /^kube-entry: cannot write to standard output: .*ENOSPC.*\n$/);
});
