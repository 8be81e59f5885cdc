import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import type { RawClient } from '../support/raw-client.ts';
import { value } from '../support/raw-message.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { runHere } from './cli-fixture.ts';
import { pushed, type ServeOptions, ServingProgram } from './serve-fixture.ts';

const CLEAN = { code: 0, signal: null };
/** Too long for any test to see its end. */
const FOR_EVER = '10m';

const UPGRADE = 'GET /a/tunnel HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** A program that serves /a from an upstream: it switches for /tunnel, holds /held, answers anything else. */
async function serving(t: Parameters<typeof ServingProgram.start>[0], args: NonNullable<ServeOptions['args']>) {
  const atOnce = answering(answer('at once'));
  const upstream = await RawUpstream.start(t, async request => {
    if (request.target === '/tunnel') {
      request.connection.tunnel();
      await request.connection.send(SWITCHING);
    } else if (request.target !== '/held') {
      await atOnce(request);
    }
  });
  const program = await ServingProgram.start(t, { args });
  await program.post('/configuration/backends', [pushed('a', [upstream], '/a')]);
  return { upstream, program };
}

async function openTunnel(program: ServingProgram): Promise<RawClient> {
  const client = await program.connect();
  await client.send(UPGRADE);
  assert.equal((await client.head()).status, 101);
  return client;
}

async function hold(program: ServingProgram, upstream: RawUpstream): Promise<RawClient> {
  const count = upstream.requests.length;
  const client = await program.connect();
  await client.send('GET /a/held HTTP/1.1\r\nHost: test\r\n\r\n');
  await upstream.request(count);
  return client;
}

async function portCloses(program: ServingProgram): Promise<void> {
  await eventually('the port to be closed', async () => {
    const client = await program.connect().catch(() => undefined);
    client?.destroy();
    return client === undefined;
  });
}

for (const signal of ['SIGTERM', 'SIGQUIT'] as const) {
  test(`after ${signal} it is not ready at once, but serves on for as long as the delay lasts`, async context => {
    const { program } = await serving(context, ['--shutdown-delay', FOR_EVER]);
    const kept = await program.connect();
    program.kill(signal);
    await program.logged('draining');
    const readiness = await program.readiness();
    assert.equal(readiness.status, 503);
    assert.match(readiness.body, /draining/);
    const status = await runHere(['status', '--admin-socket', program.adminSocket]);
    assert.equal(status.code, 1);
    assert.match(status.stdout, /^kube-entry \S+ on \S+ is not ready: draining/);
    // On a new connection and on one from before, as if nothing were.
    const response = await program.get('/a/new');
    assert.equal(response.body, 'at once');
    await kept.send('GET /a/kept HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal(value((await kept.response()).headers, 'connection'), 'keep-alive');
    assert.equal(program.log.at(-1)?.msg, 'draining', 'the delay is not over');
  });
}

test('when the delay is over, it drains and ends', async context => {
  const { program } = await serving(context, ['--shutdown-delay=200ms', `--shutdown-timeout=${FOR_EVER}`]);
  const kept = await program.connect();
  await kept.send('GET /a HTTP/1.1\r\nHost: test\r\n\r\n');
  await kept.response();
  program.kill('SIGTERM');
  assert.equal(await kept.closed(), 'fin');
  assert.deepEqual(await program.ended(), CLEAN);
  assert.equal(program.log.at(-1)?.outcome, 'done');
  assert.equal(program.complaints, '');
});

test('draining finishes requests, closes idle connections, and lets tunnels go on to their end', async context => {
  const { program, upstream } = await serving(context, ['--shutdown-delay=0s', `--shutdown-timeout=${FOR_EVER}`]);
  const [silent, kept] = [await program.connect(), await program.connect()];
  await kept.send('GET /a HTTP/1.1\r\nHost: test\r\n\r\n');
  await kept.response();
  const held = await hold(program, upstream);
  const tunnel = await openTunnel(program);
  const { connection: heldConnection } = await upstream.request(1);
  const { connection: tunnelConnection } = await upstream.request(2);

  program.kill('SIGTERM');
  assert.equal(await silent.closed(), 'fin');
  assert.equal(await kept.closed(), 'fin');
  await portCloses(program);

  await heldConnection.send(answer('in time'));
  const { headers, body } = await held.response();
  assert.deepEqual([body, value(headers, 'connection')], ['in time', 'close']);
  assert.equal(await held.closed(), 'fin');

  await tunnel.send('still here');
  assert.equal(await tunnelConnection.tunnelBytes(10), 'still here');
  assert.equal((await program.readiness()).status, 503, 'probes are answered to the end');
  tunnel.end();
  tunnelConnection.finish();
  assert.deepEqual(await program.ended(), CLEAN);
  assert.equal(program.log.at(-1)?.outcome, 'done');
  assert.equal(program.stdout.split('\n').length - 1, 3, 'one line a request, the last ones included');
});

test('when the shutdown timeout is over, what is left is cut, logged, and the exit is clean', async context => {
  const { program, upstream } = await serving(context, ['--shutdown-delay=0s', '--shutdown-timeout=300ms']);
  const held = await hold(program, upstream);
  const tunnel = await openTunnel(program);
  program.kill('SIGTERM');
  assert.deepEqual(await program.ended(), CLEAN);
  await held.closed();
  await tunnel.closed();
  assert.equal(program.log.find(({ msg }) => msg === 'drained')?.outcome, 'time');
  const lines = program.stdout.split('\n').slice(0, -1).sort();
  assert.equal(lines.length, 2, program.stdout);
  assert.match(lines.join('\n'), /"GET \/a\/held HTTP\/1\.1" 499 /);
  assert.match(lines.join('\n'), /"GET \/a\/tunnel HTTP\/1\.1" 101 /);
});

test('a second signal ends it at once, during the delay and while draining', async context => {
  for (const delay of [FOR_EVER, '0s']) {
    const { program, upstream } = await serving(context, [
      `--shutdown-delay=${delay}`,
      `--shutdown-timeout=${FOR_EVER}`,
    ]);
    const held = await hold(program, upstream);
    program.kill('SIGTERM');
    await program.logged('draining');
    if (delay === '0s') await portCloses(program);
    assert.equal(program.end, undefined);
    program.kill('SIGTERM');
    assert.deepEqual(await program.ended(), CLEAN);
    await held.closed();
  }
});

test('SIGINT ends it at once, with requests and tunnels under way', async context => {
  const { program, upstream } = await serving(context, [
    `--shutdown-delay=${FOR_EVER}`,
    `--shutdown-timeout=${FOR_EVER}`,
  ]);
  const held = await hold(program, upstream);
  const tunnel = await openTunnel(program);
  program.kill('SIGINT');
  assert.deepEqual(await program.ended(), CLEAN);
  await held.closed();
  await tunnel.closed();
  assert.equal(held.receivedBytes, 0);
});
