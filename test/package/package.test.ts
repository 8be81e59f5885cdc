/** What users install: the tarball of `npm pack`, without a registry. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { pushed, ServingProgram } from '../cli/serve-fixture.ts';
import { get } from '../support/exchange.ts';
import { RawUpstream } from '../support/raw-upstream.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
/** Neither part of a package nor of a checkout: what git and its users leave there. */
const LEFT_OUT = /^(?:\.git|dist|node_modules|.*\.(?:sock|tgz|log))$/;

let scratch = '';
/** Where the package is installed, with what came in the tarball. */
let installed = '';
let files: readonly string[] = [];
let manifest: { readonly version: string; readonly bin: Readonly<Record<string, string>> };

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ke-package-'));
  // Packed in a copy: a build in the checkout would replace the dist/ that other tests use.
  const copy = join(scratch, 'checkout');
  await mkdir(copy);
  for (const name of await readdir(ROOT)) {
    if (!LEFT_OUT.test(name)) await cp(join(ROOT, name), join(copy, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  await run('npm', ['pack', '--offline', '--pack-destination', scratch], { cwd: copy });
  const tarball = (await readdir(scratch)).find(name => name.endsWith('.tgz')) ?? '';
  // As npm lays it out: below a node_modules, where Node runs no TypeScript.
  installed = join(scratch, 'lib/node_modules/kube-entry');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', join(scratch, tarball), '-C', installed, '--strip-components=1']);
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  files = entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(installed.length + 1))
    .sort();
  manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  await symlink(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
  // Nothing may still lead there.
  await rm(copy, { recursive: true });
});

after(() => rm(scratch, { recursive: true, force: true }));

function mainFile(): string {
  return join(installed, manifest.bin['kube-entry'] ?? 'no executable');
}

test('the tarball holds the compiled program, the files of its dashboard and what people read, nothing else', async () => {
  const others = files.filter(
    file => !/^dist\/(?:[a-z0-9/-]+\.js|admin\/dashboard\/page\/[a-z-]+\.(?:html|css|svg))$/.test(file),
  );
  assert.deepEqual(others, ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  const sources = (await readdir(join(ROOT, 'src'), { recursive: true }))
    .filter(file => /\.(?:ts|js|html|css|svg)$/.test(file))
    .filter(file => !file.endsWith('.d.ts'))
    .map(file => `dist/${file.replace(/\.ts$/, '.js')}`);
  // main.ts is a link to main.js: both are compiled to one file.
  assert.deepEqual(
    files.filter(file => file.startsWith('dist/')),
    [...new Set(sources)].sort(),
  );
});

test('no file of it speaks of the machine that packed it', async () => {
  for (const file of files) {
    const text = await readFile(join(installed, file), 'utf8');
    for (const place of [ROOT, scratch, homedir()].filter(one => one !== '/')) {
      assert.ok(!text.includes(`${place}/`), `${file} names ${place}`);
    }
    assert.ok(!/\bfrom '[^']*\.ts'|sourceMappingURL/.test(text), `${file} leads to a source`);
  }
});

test('its executable is one, and says its version', async () => {
  const first = (await readFile(mainFile(), 'utf8')).split('\n')[0];
  assert.equal(first, '#!/usr/bin/env -S node --disable-sigusr1');
  const { stdout } = await run(process.execPath, [mainFile(), '--version']);
  assert.ok(stdout.includes(manifest.version), stdout);
});

test('it checks manifests', async () => {
  const good = join(scratch, 'good.yaml');
  const bad = join(scratch, 'bad.yaml');
  const service = (path: string): string =>
    `apiVersion: v1\nkind: Service\nmetadata: {name: a, annotations: {kube-entry.io/path: ${path}}}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n`;
  await writeFile(good, service('/a'));
  await writeFile(bad, service('a'));
  await run(process.execPath, [mainFile(), 'check', good]);
  await assert.rejects(run(process.execPath, [mainFile(), 'check', bad]), { code: 1 });
});

test('it serves, with workers', async context => {
  const upstream = await RawUpstream.start(context);
  const program = await ServingProgram.start(context, { main: mainFile(), workers: 2 });
  assert.equal(program.log.find(({ msg }) => msg === 'listening')?.workers, 2);
  await program.post('/configuration/backends', [pushed('a', [upstream], '/a')]);
  for (let count = 0; count < 8; count += 1) assert.equal((await program.get('/a/x')).status, 200);
  program.kill('SIGINT');
  assert.deepEqual(await program.ended(), { code: 0, signal: null });
});

test('it has the dashboard, the same as the checkout', async context => {
  const program = await ServingProgram.start(context, { main: mainFile() });
  const page = join(ROOT, 'src/admin/dashboard/page');
  for (const [target, file] of [
    ['/', 'index.html'],
    ['/dashboard/main.js', 'main.js'],
    ['/dashboard/style.css', 'style.css'],
  ] as const) {
    const response = await get(program.status, target);
    assert.deepEqual([response.status, response.body], [200, await readFile(join(page, file), 'utf8')], target);
  }
});

test('it asks the Kubernetes API', async () => {
  const kubeconfig = join(scratch, 'kubeconfig');
  const cluster = { name: 'c', cluster: { server: 'https://127.0.0.1:1' } };
  const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }];
  const users = [{ name: 'u', user: {} }];
  await writeFile(kubeconfig, JSON.stringify({ clusters: [cluster], contexts, users, 'current-context': 'x' }));
  const asking = run(process.execPath, [mainFile(), 'routes', '--kubeconfig', kubeconfig]);
  await assert.rejects(asking, { code: 1, stderr: /^kube-entry: cannot reach .*127\.0\.0\.1:1/ });
});
