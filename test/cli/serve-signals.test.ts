import assert from 'node:assert/strict';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { get } from '../support/exchange.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { scratchDirectory } from './cli-fixture.ts';
import { pushed, ServingProgram } from './serve-fixture.ts';

const READ_AGAIN = 'settings and error page read again';
const NOT_USED = 'the settings in force stay: what was read again cannot be used';

test('SIGHUP reads the config file and the error page again; what cannot be used changes nothing', async context => {
  const upstream = await RawUpstream.start(context, () => {});
  const directory = await scratchDirectory(context);
  const config = join(directory, 'config.yaml');
  const page = join(directory, 'error.html');
  await writeFile(config, 'proxyReadTimeout: 50ms\nsendTimeout: 11s\nclientBodyTimeout: 12s\n');
  await writeFile(page, 'first page');
  const program = await ServingProgram.start(context, {
    workers: 2,
    directory,
    args: ['--config', config, '--error-page', page, '--send-timeout', '13s'],
  });
  await program.post('/configuration/backends', [pushed('slow', [upstream], '/slow')]);
  const settings = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await get(program.admin, '/configuration/general')).body);
  assert.equal((await program.get('/slow')).body, 'first page');

  await writeFile(config, 'proxyReadTimeout: 60ms\nsendTimeout: 14s\nworkers: 7\nengine: node\n');
  await writeFile(page, 'second page');
  program.kill('SIGHUP');
  const { changes } = await program.logged(READ_AGAIN);
  assert.deepEqual(changes, {
    proxyReadTimeout: { from: '50ms', to: '60ms' },
    clientBodyTimeout: { from: '12s', to: '60s' },
  });
  const fixed = await program.logged('this setting changes only with a restart');
  assert.deepEqual([fixed.setting, fixed.inForce, fixed.wanted], ['engine', 'wire', 'node']);
  assert.equal((await program.get('/slow')).body, 'second page');
  const { proxyReadTimeout, sendTimeout, clientBodyTimeout, workers } = await settings();
  assert.deepEqual(
    { proxyReadTimeout, sendTimeout, clientBodyTimeout, workers },
    { proxyReadTimeout: '60ms', sendTimeout: '13s', clientBodyTimeout: '60s', workers: 2 },
    'a flag wins over the file, what is gone from the file has its default, what is fixed stays',
  );
  const inForce = await settings();

  await writeFile(config, 'proxyReadTimeout: soon\nsentTimeout: 1s\n');
  await writeFile(page, 'third page');
  program.kill('SIGHUP');
  const { problems } = await program.logged(NOT_USED);
  assert.ok(Array.isArray(problems));
  assert.equal(problems.length, 2);
  assert.match(problems[0], /config\.yaml: sentTimeout: .*sendTimeout\?/);
  assert.match(problems[1], /config\.yaml: proxyReadTimeout: /);
  assert.deepEqual(await settings(), inForce);
  assert.equal((await program.get('/slow')).body, 'second page');

  await writeFile(config, 'proxyReadTimeout: 70ms\n');
  await rm(page);
  program.kill('SIGHUP');
  await program.logged(NOT_USED, 2);
  assert.deepEqual(await settings(), inForce, 'half of it is nothing');
  assert.equal((await program.get('/slow')).body, 'second page');

  await writeFile(page, 'fourth page');
  program.kill('SIGHUP');
  await program.logged(READ_AGAIN, 2);
  assert.equal((await program.get('/slow')).body, 'fourth page');
  assert.equal((await settings()).proxyReadTimeout, '70ms');
});

test('SIGHUP takes the error page from the file that the start named', async context => {
  const directory = await scratchDirectory(context);
  const [config, first, second] = ['config.yaml', 'first.html', 'second.html'].map(name => join(directory, name));
  assert.ok(config && first && second);
  await writeFile(first, 'first page');
  await writeFile(second, 'second page');
  await writeFile(config, `errorPage: ${first}\n`);
  const program = await ServingProgram.start(context, { workers: 2, directory, args: ['--config', config] });
  await writeFile(config, `errorPage: ${second}\n`);
  program.kill('SIGHUP');
  await program.logged(READ_AGAIN);
  const warning = program.log.find(({ setting }) => setting === 'errorPage');
  assert.equal(warning?.msg, 'this setting changes only with a restart');
  assert.equal((await program.get('/')).body, 'first page');
});

test('SIGUSR1 opens the access log again: next lines go to a new file', async context => {
  const directory = await scratchDirectory(context);
  const path = join(directory, 'access.log');
  const program = await ServingProgram.start(context, { workers: 2, directory, args: ['--access-log-path', path] });
  await program.get('/before');
  await eventually('the first line', async () => (await readFile(path, 'utf8')).includes('/before'));
  await rename(path, `${path}.1`);
  await program.get('/between');
  await eventually('a line in the moved file', async () => (await readFile(`${path}.1`, 'utf8')).includes('/between'));
  program.kill('SIGUSR1');
  await eventually('a new file', () =>
    readFile(path, 'utf8').then(
      () => true,
      () => false,
    ),
  );
  // Each worker opens it for itself.
  await eventually('every worker to write to it', async () => {
    await program.get('/after');
    const [old, fresh] = await Promise.all([readFile(`${path}.1`, 'utf8'), readFile(path, 'utf8')]);
    return fresh.includes('/after') && !old.includes('/after');
  });
  assert.equal(program.stdout, '');
  assert.equal(program.end, undefined);
});

test('signals are listened to from the moment it says that it listens', async context => {
  const directory = await scratchDirectory(context);
  const kubeconfig = join(directory, 'kubeconfig');
  const cluster = { name: 'c', cluster: { server: 'https://127.0.0.1:1' } };
  const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }];
  const users = [{ name: 'u', user: {} }];
  await writeFile(kubeconfig, JSON.stringify({ clusters: [cluster], contexts, users, 'current-context': 'x' }));
  // The Kubernetes client takes a while to load: the source starts well after the listeners.
  const program = await ServingProgram.start(context, {
    workers: 2,
    directory,
    args: ['--source', 'kube', '--kubeconfig', kubeconfig],
  });
  program.kill('SIGHUP');
  program.kill('SIGUSR1');
  await program.logged(READ_AGAIN);
  assert.equal((await program.get('/')).status, 503);
  program.kill('SIGINT');
  assert.deepEqual(await program.ended(), { code: 0, signal: null });
});
