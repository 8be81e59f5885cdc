/** One of two workers hangs, in the real program: it is said, the other goes on, it is replaced, and the program can be ended. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { scratchDirectory } from '../cli/cli-fixture.ts';
import { exposed, pushed, type ServeOptions, ServingProgram } from '../cli/serve-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { get } from '../support/exchange.ts';
import type { RawClient } from '../support/raw-client.ts';
import { RawUpstream } from '../support/raw-upstream.ts';

const PRELOAD = join(import.meta.dirname, '../support/preload/hang-worker.ts');
/** It takes 25 s until the last of it has come about; only a failing test waits so long. */
const PATIENCE_MS = 120_000;
/** Enough that each worker has some. */
const CONNECTIONS = 16;

async function start(t: TestContext, options: ServeOptions = {}) {
  const directory = await scratchDirectory(t);
  const file = join(directory, 'hang');
  const program = await ServingProgram.start(t, {
    workers: 2,
    ...options,
    directory,
    nodeArgs: ['--import', PRELOAD],
    environment: { HANG_WORKER: 'worker 2', HANG_AT: file },
    args: ['--shutdown-delay', '0s', '--shutdown-timeout', '1s'],
  });
  const hang = (how: 'javascript' | 'system'): void => {
    if (how === 'system') execFileSync('mkfifo', [`${file}.pipe`]);
    writeFileSync(`${file}.new`, how);
    renameSync(`${file}.new`, file);
  };
  return { program, hang };
}

/** A connection to the worker that does not hang: the first of many that answers, when worker 2 has gone silent. */
async function connectionToTheOther(program: ServingProgram): Promise<RawClient> {
  await eventually('the silence of worker 2', async () => (await lag(program, 2)) > 0, PATIENCE_MS);
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => program.connect()));
  return Promise.race(
    clients.map(async client => {
      await statusOf(client, '/');
      return client;
    }),
  );
}

async function statusOf(client: RawClient, target: string): Promise<number> {
  await client.send(`GET ${target} HTTP/1.1\r\nHost: test\r\n\r\n`);
  return (await client.response()).status;
}

async function lag(program: ServingProgram, worker: number): Promise<number> {
  const samples = await program.metrics();
  const sample = samples.find(
    ({ name, labels }) => name === 'kube_entry_worker_lag_seconds' && labels.worker === `${worker}`,
  );
  return sample?.value ?? Number.NaN;
}

describe('a worker that hangs', { concurrency: true, timeout: 600_000 }, () => {
  it('holds up neither the other worker nor the control plane, is said, and is replaced', async t => {
    const upstream = await RawUpstream.start(t);
    const service = (path: string): object => exposed('volume', upstream, { path });
    const { program, hang } = await start(t, { manifests: [service('/v0')] });
    hang('javascript');
    const client = await connectionToTheOther(program);
    for (const path of ['/v1', '/v2', '/v3']) {
      await program.writeManifests([service(path)]);
      await eventually(`${path} to be served`, async () => (await statusOf(client, path)) === 200);
      assert.ok(!program.log.some(({ msg }) => msg === 'replacing a worker'), 'it hangs all the while');
    }

    const late = await program.logged('a worker does not answer: its connections wait, the others go on');
    assert.equal(late.worker, 2);
    const alive = await get(program.status, '/healthz');
    assert.equal(alive.status, 200, 'it is about to be replaced: no reason to restart the pod');
    assert.match(alive.body, /^worker 2 has not answered for \d+ s\n$/);
    const ready = await program.readiness();
    assert.equal(ready.status, 200);
    assert.match(`${ready.body}`, /^ready\nworker 2 has not answered for \d+ s\n$/);
    assert.ok((await lag(program, 2)) >= 5);
    assert.ok((await lag(program, 1)) < 5);
    // With the flags of --source push it would be a change of routes; here it is answered all the same.
    const answered = await program.post('/configuration/backends', [pushed('other', [upstream], '/other')]);
    assert.equal(answered.status, 201);
    assert.equal(await statusOf(client, '/other'), 200);

    await program.logged('replacing a worker');
    await eventually(
      'the replacement',
      async () => {
        const samples = await program.metrics();
        return samples.find(({ name }) => name === 'kube_entry_worker_restarts_total')?.value === 1;
      },
      PATIENCE_MS,
    );
    await eventually(
      'silence on /healthz',
      async () => (await get(program.status, '/healthz')).body === '',
      PATIENCE_MS,
    );
    for (let count = 0; count < CONNECTIONS; count += 1) {
      assert.equal((await program.get('/v3')).status, 200);
      assert.equal((await program.get('/v0')).status, 404);
    }
  });

  it('and that nothing can end has the program end in order, so that it is started again', async t => {
    const { program, hang } = await start(t);
    await program.post('/configuration/backends', []);
    assert.equal((await program.readiness()).status, 200);
    hang('system');
    await program.logged('a worker that hangs cannot be ended: the program ends, to be started again');
    assert.deepEqual(await program.ended(), { code: 70, signal: null });
    assert.ok(program.log.some(({ msg }) => msg === 'drained'));
  });

  for (const how of ['javascript', 'system'] as const) {
    it(`in ${how} does not outlive the shutdown timeout`, async t => {
      const { program, hang } = await start(t);
      hang(how);
      await eventually('the silence of worker 2', async () => (await lag(program, 2)) > 0, PATIENCE_MS);
      program.kill('SIGTERM');
      assert.deepEqual(await program.ended(), { code: 0, signal: null });
    });
  }
});
