/** Settings that change in a running program, with several workers. What each one does is shown in test/conformance. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { scratchDirectory } from '../cli/cli-fixture.ts';
import { type ServeOptions, ServingProgram } from '../cli/serve-fixture.ts';
import type { RawClient } from '../support/raw-client.ts';
import { value } from '../support/raw-message.ts';
import { INSPECTED, Inspector } from './inspector.ts';

const WORKERS = 3;
/** Enough that each worker has some. */
const CONNECTIONS = 30;

function start(t: TestContext, options: ServeOptions = {}): Promise<ServingProgram> {
  return ServingProgram.start(t, { workers: WORKERS, manifests: [], ...options });
}

/** What each connection's next answer says of its end. */
async function connectionLines(clients: readonly RawClient[]): Promise<ReadonlySet<string | undefined>> {
  const answers = clients.map(async client => {
    await client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    return value((await client.response()).headers, 'connection');
  });
  return new Set(await Promise.all(answers));
}

function connections(program: ServingProgram): Promise<readonly RawClient[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => program.connect()));
}

describe('live settings of a running program', { concurrency: 2, timeout: 600_000 }, () => {
  it('by the time a POST is answered, the next request on every connection goes by them', async t => {
    const program = await start(t);
    for (let round = 0; round < 3; round += 1) {
      const clients = await connections(program);
      assert.equal((await program.post('/configuration/general', { keepaliveRequests: 10 })).status, 201);
      assert.deepEqual(await connectionLines(clients), new Set(['keep-alive']));
      assert.equal((await program.post('/configuration/general', { keepaliveRequests: 1 })).status, 201);
      assert.deepEqual(await connectionLines(clients), new Set(['close']));
    }
  });

  it('by the time a SIGHUP is reported, too', async t => {
    const directory = await scratchDirectory(t);
    const config = join(directory, 'config.yaml');
    await writeFile(config, 'keepaliveRequests: 10\n');
    const program = await start(t, { directory, args: ['--config', config] });
    const clients = await connections(program);
    assert.deepEqual(await connectionLines(clients), new Set(['keep-alive']));
    await writeFile(config, 'keepaliveRequests: 1\n');
    program.kill('SIGHUP');
    await program.logged('settings and error page read again');
    assert.deepEqual(await connectionLines(clients), new Set(['close']));
  });

  it('a worker that hangs does not hold up the answer, and goes by them when it moves again', async t => {
    const program = await start(t, { nodeArgs: INSPECTED });
    const inspector = await Inspector.attach(t, program);
    const [first = ''] = await inspector.workers(WORKERS);
    const clients = await connections(program);
    await connectionLines(clients);
    const goOn = await inspector.hang(first, program.directory);
    assert.equal((await program.post('/configuration/general', { keepaliveRequests: 1 })).status, 201);
    await program.logged('a worker does not answer: its connections wait, the others go on');
    goOn();
    // By then the settings have been sent to it: it gets one change at a time.
    await program.logged('the worker answers again');
    assert.deepEqual(await connectionLines(clients), new Set(['close']));
  });

  it('the log level and the times of a shutdown change, too', async t => {
    const directory = await scratchDirectory(t);
    const config = join(directory, 'config.yaml');
    await writeFile(config, 'shutdownDelay: 10m\n');
    const program = await start(t, { directory, args: ['--config', config] });
    await program.post('/configuration/general', { logLevel: 'error' });
    program.kill('SIGHUP');
    await writeFile(config, 'shutdownDelay: soon\n');
    program.kill('SIGHUP');
    await program.logged('the settings in force stay: what was read again cannot be used');
    assert.ok(!program.log.some(({ msg }) => msg === 'settings and error page read again'));
    await program.post('/configuration/general', { logLevel: 'info', shutdownDelay: '0s', shutdownTimeout: '1s' });
    program.kill('SIGTERM');
    const { shutdownDelayMs, shutdownTimeoutMs } = await program.logged('draining');
    assert.deepEqual([shutdownDelayMs, shutdownTimeoutMs], [0, 1000]);
    assert.deepEqual(await program.ended(), { code: 0, signal: null });
  });
});
