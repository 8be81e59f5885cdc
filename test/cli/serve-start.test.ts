import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatListenAddress } from '../../src/formats/listen-address.ts';
import { eventually } from '../support/eventually.ts';
import { get, header } from '../support/exchange.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { scratchDirectory, spawnCli } from './cli-fixture.ts';
import { exposed, pushed, ServingProgram } from './serve-fixture.ts';

test('it answers 503 from the start, and serves once the first table is there', async context => {
  const upstream = await RawUpstream.start(context);
  const program = await ServingProgram.start(context, { workers: 2 });
  const early = await program.get('/volume/x');
  assert.equal(early.status, 503);
  assert.deepEqual(header(early, 'retry-after'), ['1']);
  assert.equal((await program.readiness()).status, 503);
  assert.equal((await get(program.admin, '/is-dynamic-lb-initialized')).status, 500);
  assert.equal((await get(program.status, '/healthz')).status, 200, 'alive all the same');
  assert.equal((await get(program.admin, '/configuration/backends')).body, '[]');

  const { status, body } = await program.post('/configuration/backends', [pushed('volume', [upstream], '/volume')]);
  assert.deepEqual({ status, body }, { status: 201, body: '' });
  // No waiting: the answer to the POST comes when every worker serves it.
  assert.equal((await program.get('/volume/x')).status, 200);
  assert.equal(upstream.only.target, '/x');
  assert.equal((await program.readiness()).status, 200);
  assert.equal((await get(program.admin, '/is-dynamic-lb-initialized')).body, 'OK\n');
  assert.equal((await program.get('/volumes')).status, 404);
});

test('manifests are served, and followed when they change', async context => {
  const upstream = await RawUpstream.start(context);
  const program = await ServingProgram.start(context, { workers: 2, manifests: [exposed('volume', upstream)] });
  assert.equal((await program.get('/volume/api')).status, 200);
  await program.writeManifests([exposed('volume', upstream, { path: '/moved' })]);
  const propagation = async (suffix: string): Promise<number | undefined> =>
    (await program.metrics()).find(({ name }) => name === `kube_entry_config_propagation_seconds_${suffix}`)?.value;
  // One worker may answer by the new table before the other has it: a change is counted when all do.
  await eventually('every worker to serve the change', async () => (await propagation('count')) === 2);
  assert.equal((await program.get('/moved/api')).status, 200);
  assert.equal((await program.get('/volume/api')).status, 404);
  const sum = (await propagation('sum')) ?? Number.NaN;
  assert.ok(sum >= 0 && sum < 60, `the two changes took ${sum} s`);
});

test('a second instance on the same port says so, and does not touch the first', async context => {
  const first = await ServingProgram.start(context, { workers: 2 });
  const address = formatListenAddress(first.address);
  const second = await spawnCli([
    'serve',
    '--source=push',
    '--workers=2',
    `--listen=${address}`,
    '--status-listen=127.0.0.1:0',
    `--admin-socket=${join(await scratchDirectory(context), 'a.sock')}`,
  ]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`^kube-entry: cannot listen on ${address}: .*--listen\\n$`));
  for (let count = 0; count < 8; count += 1) assert.equal((await first.get('/')).status, 503);
});

test('an admin socket of a running instance is not taken away from it', async context => {
  const first = await ServingProgram.start(context);
  const second = await ServingProgram.spawn(context, { directory: first.directory });
  assert.deepEqual(await second.ended(), { code: 1, signal: null });
  assert.match(second.complaints, /^kube-entry: another process listens on .*admin\.sock; .*--admin-socket\n$/);
  assert.equal((await get(first.admin, '/healthz')).status, 200);
});

test('the socket file of a dead process is replaced, and a clean end removes its own', async context => {
  const directory = await scratchDirectory(context);
  const dead = await ServingProgram.start(context, { directory });
  dead.kill('SIGKILL');
  await dead.ended();
  assert.ok((await lstat(dead.adminSocket)).isSocket(), 'it had no time to clean up');
  const next = await ServingProgram.start(context, { directory });
  assert.equal((await get(next.admin, '/healthz')).status, 200);
  assert.equal((await lstat(next.adminSocket)).mode & 0o777, 0o660);
  next.kill('SIGINT');
  await next.ended();
  await assert.rejects(lstat(next.adminSocket), { code: 'ENOENT' });
  assert.deepEqual({ stdout: next.stdout, complaints: next.complaints }, { stdout: '', complaints: '' });
});

test('a status port that is taken ends the start, and nothing goes on listening', async context => {
  const other = createServer().listen({ host: '127.0.0.1', port: 0 });
  context.after(() => other.close());
  await once(other, 'listening');
  const address = other.address();
  assert.ok(typeof address === 'object' && address !== null);
  const program = await ServingProgram.spawn(context, { args: ['--status-listen', `127.0.0.1:${address.port}`] });
  assert.deepEqual(await program.ended(), { code: 1, signal: null });
  assert.match(program.complaints, new RegExp(`127\\.0\\.0\\.1:${address.port} .*--status-listen\\n$`));
  await assert.rejects(lstat(program.adminSocket), { code: 'ENOENT' });
});

test('an access log that cannot be written is known at the start', async context => {
  const directory = await scratchDirectory(context);
  const parent = join(directory, 'parent');
  await writeFile(parent, 'a file where a directory should be');
  const program = await ServingProgram.spawn(context, { args: ['--access-log-path', join(parent, 'access.log')] });
  assert.deepEqual(await program.ended(), { code: 1, signal: null });
  assert.match(program.complaints, /^kube-entry: cannot write the access log .*parent\/access\.log: /);
});

test('manifests that are not there end the start', async context => {
  const program = await ServingProgram.spawn(context, { args: ['--manifests', 'absent', '--source', 'kube'] });
  assert.deepEqual(await program.ended(), { code: 1, signal: null });
  assert.match(program.complaints, /^kube-entry: absent does not exist: /);
  assert.deepEqual(program.log, [], 'it never listened');
});

test('a kubeconfig that cannot be used ends the start before it listens', async context => {
  const directory = await scratchDirectory(context);
  const missing = join(directory, 'missing');
  const broken = join(directory, 'broken');
  const good = join(directory, 'good');
  await writeFile(broken, 'clusters: [');
  await writeFile(
    good,
    '{clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}], users: [{name: a, user: {}}], contexts: [{name: a, context: {cluster: a, user: a}}]}',
  );
  const table: [args: string[], complaint: RegExp, code?: number][] = [
    [['--kubeconfig', missing], /^kube-entry: cannot use the kubeconfig .*missing: it does not exist\n$/],
    [['--kubeconfig', broken], /^kube-entry: cannot use the kubeconfig .*broken: .+\n$/],
    [
      ['--kubeconfig', good, '--context', 'b'],
      /^kube-entry: --context: the kubeconfig .*good has no context "b"; it has a\n$/,
      2,
    ],
  ];
  await Promise.all(
    table.map(async ([args, complaint, code = 1]) => {
      const program = await ServingProgram.spawn(context, { args: ['--source', 'kube', ...args] });
      assert.deepEqual(await program.ended(), { code, signal: null });
      assert.match(program.complaints, complaint);
      assert.deepEqual(program.log, [], 'it never listened');
      await assert.rejects(lstat(program.adminSocket), { code: 'ENOENT' });
    }),
  );
});

test('credentials that are missing for the moment do not end the start', async context => {
  const directory = await scratchDirectory(context);
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(
    kubeconfig,
    '{clusters: [{name: a, cluster: {server: "https://127.0.0.1:1", certificate-authority: absent.crt}}], users: [{name: a, user: {}}], contexts: [{name: a, context: {cluster: a, user: a}}], current-context: a}',
  );
  const program = await ServingProgram.start(context, { args: ['--source', 'kube', '--kubeconfig', kubeconfig] });
  assert.equal((await get(program.status, '/healthz')).status, 200);
  assert.equal((await program.readiness()).status, 503);
});

test('every problem of flags, environment and config file is listed at once', async context => {
  const config = join(await scratchDirectory(context), 'config.yaml');
  await writeFile(config, 'proxyReadTimeout: soon\nnoSuchKey: 1\n');
  const argv = ['serve', '--listen', 'nowhere', '--wokers=2', '--workers', '0', '--config', config];
  const { code, stdout, stderr } = await spawnCli(argv, { environment: { KUBE_ENTRY_SEND_TIMEOUT: '-1s' } });
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  const lines = stderr.split('\n').slice(0, -1);
  assert.ok(lines.every(line => line.startsWith('kube-entry: ')));
  for (const problem of ['--wokers', '--listen', '--workers', 'SEND_TIMEOUT', 'proxyReadTimeout', 'noSuchKey']) {
    assert.equal(lines.filter(line => line.includes(`${problem}:`)).length, 1, `${problem} in ${stderr}`);
  }
  assert.equal(lines.pop(), 'kube-entry: see kube-entry serve --help');
  assert.equal(lines.length, 6, stderr);
});

test('an error page that cannot be read ends the start', async context => {
  const program = await ServingProgram.spawn(context, { args: ['--error-page', 'absent.html'] });
  assert.deepEqual(await program.ended(), { code: 2, signal: null });
  assert.match(program.complaints, /errorPage: absent\.html cannot be read/);
});
