/** The program's files in the image, in a folder from which no package is found. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { install } from '../../deploy/bundle.ts';
import { exposed, pushed, ServingProgram } from '../cli/serve-fixture.ts';
import { ask, get } from '../support/exchange.ts';
import { basic, HASHES, PASSWORD } from '../support/passwords.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { TemporaryFolder } from '../support/real-process.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'src/admin/dashboard/page');

let main = '';
let files: readonly string[] = [];

before(() => {
  main = install(new TemporaryFolder().path);
  files = readdirSync(dirname(main), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name));
});

describe('the files of the image', () => {
  it('are the three that something starts, what these share, and the page of the dashboard', () => {
    const names = files.map(file => file.slice(dirname(main).length + 1));
    const pages = readdirSync(PAGE).filter(name => name !== 'tsconfig.json');
    const others = names.filter(name => !/^[a-z0-9-]+-[A-Z0-9]{8}\.js$/.test(name));
    assert.deepEqual(
      others.sort(),
      ['hash-thread.js', 'main.js', 'worker.js', ...pages.map(name => `page/${name}`)].sort(),
    );
  });

  it('do not speak of the machine that made them', () => {
    for (const file of files) {
      const text = readFileSync(file, 'utf8');
      for (const place of [ROOT, homedir()].filter(one => one !== '/')) assert.ok(!text.includes(`${place}/`), file);
      assert.ok(!text.includes('sourceMappingURL'), file);
    }
  });

  it('begin with an executable, which says its version', async () => {
    assert.equal(readFileSync(main, 'utf8').split('\n')[0], '#!/usr/bin/env -S node --disable-sigusr1');
    assert.match((await run(main, ['--version'])).stdout, /^kube-entry \d/);
  });

  it('refuse a Node that is too old before anything else is loaded', async () => {
    const versions = "{ value: { ...process.versions, node: '20.20.2' } }";
    const pretending = `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, 'versions', ${versions})`)}`;
    await assert.rejects(run(process.execPath, ['--import', pretending, main, 'serve']), {
      code: 1,
      stderr: /^kube-entry needs Node 24\.21 or later, this is 20\.20\.2 \([^\n]*\)\n$/,
    });
  });

  it('serve with workers, and show the dashboard of the checkout', async context => {
    const upstream = await RawUpstream.start(context);
    const program = await ServingProgram.start(context, { main, workers: 2 });
    await program.post('/configuration/backends', [pushed('a', [upstream], '/a')]);
    for (let count = 0; count < 8; count += 1) assert.equal((await program.get('/a/x')).status, 200);
    for (const [target, file] of [
      ['/', 'index.html'],
      ['/dashboard/main.js', 'main.js'],
    ] as const) {
      const response = await get(program.status, target);
      assert.deepEqual([response.status, response.body], [200, readFileSync(join(PAGE, file), 'utf8')], target);
    }
    program.kill('SIGINT');
    assert.deepEqual(await program.ended(), { code: 0, signal: null });
  });

  it('check passwords in a thread of their own', async context => {
    const upstream = await RawUpstream.start(context);
    const data = { auth: Buffer.from(`somebody:${HASHES.bcrypt}`).toString('base64') };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'users' }, data };
    const manifests = [exposed('a', upstream, { path: '/a', 'basic-auth': 'users' }), secret];
    const program = await ServingProgram.start(context, { main, manifests });
    for (const [password, expected] of [
      [PASSWORD, 200],
      ['wrong', 401],
    ] as const) {
      const credentials = basic('somebody', password).trimEnd();
      const { status } = await ask(program.address, 'GET', '/a', undefined, ['Connection: close', credentials]);
      assert.equal(status, expected);
    }
  });

  it('ask the Kubernetes API, whose client they load only then', async () => {
    const kubeconfig = join(new TemporaryFolder().path, 'kubeconfig');
    const clusters = [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }];
    const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }];
    const users = [{ name: 'u', user: {} }];
    writeFileSync(kubeconfig, JSON.stringify({ clusters, contexts, users, 'current-context': 'x' }));
    const asking = run(process.execPath, [main, 'routes', '--kubeconfig', kubeconfig]);
    await assert.rejects(asking, { code: 1, stderr: /^kube-entry: cannot reach .*127\.0\.0\.1:1/ });
  });

  it('ask Redis, whose client they load only then', async context => {
    const environment = { KUBE_ENTRY_RATE_LIMIT_REDIS: 'redis://127.0.0.1:1' };
    const program = await ServingProgram.start(context, { main, environment });
    await program.logged('rate-limit-redis does not answer: until it does, each replica keeps rate limits alone');
  });

  it('serve by the other engine', async context => {
    const upstream = await RawUpstream.start(context);
    const program = await ServingProgram.start(context, { main, args: ['--engine', 'node'] });
    await program.post('/configuration/backends', [pushed('a', [upstream], '/a')]);
    assert.equal((await program.get('/a/x')).status, 200);
  });
});
