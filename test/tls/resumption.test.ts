import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { TicketKeys } from '../../src/control/ticket-keys.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';
import { startFleet } from '../workers/fleet-fixture.ts';

const CERTIFICATE = selfSigned({ names: ['a.example', 'b.example', 'c.example'] });
const CLIENT_CA = selfSigned({ commonName: 'client ca', isCa: true });
const CLIENT = selfSigned({ commonName: 'client', issuer: CLIENT_CA });
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const GET = 'GET /volume HTTP/1.1\r\nHost: a.example\r\n\r\n';

function start(t: TestContext): Promise<ProxyUnderTest> {
  return startProxy(t, 'wire', {
    routes: [],
    tls: {
      certificate: CERTIFICATE,
      hosts: [{ host: 'a.example' }, { host: 'b.example', clientCa: CLIENT_CA, mode: 'optional' }],
    },
  });
}

/** A session that a handshake has left: TLS 1.3 sends its ticket behind it. */
async function sessionOf(proxy: ProxyUnderTest, options: ConnectionOptions): Promise<Buffer> {
  const client = await proxy.connectTls(options);
  await client.send(GET);
  await client.response();
  await eventually('a session', () => client.session !== undefined);
  client.destroy();
  return client.session as Buffer;
}

async function isResumed(proxy: ProxyUnderTest, options: ConnectionOptions): Promise<boolean> {
  const client = await proxy.connectTls(options);
  // The answer shows that the server, too, is done with the handshake.
  await client.send(GET);
  await client.response();
  const isReused = client.tls.isSessionReused();
  client.destroy();
  return isReused;
}

for (const version of VERSIONS) {
  const only = { minVersion: version, maxVersion: version };

  test(`a session of ${version} is resumed, and counted; with other ticket keys the handshake is a full one`, async t => {
    const proxy = await start(t);
    const session = await sessionOf(proxy, { servername: 'a.example', ...only });
    assert.equal(await isResumed(proxy, { servername: 'a.example', session, ...only }), true);
    assert.equal(proxy.counters.get('tlsResumed'), 1);
    proxy.state.ticketKeys = randomBytes(48);
    assert.equal(await isResumed(proxy, { servername: 'a.example', session, ...only }), false);
  });

  test(`a session of ${version} is not resumed at a host of another client-certificate policy`, async t => {
    const proxy = await start(t);
    const plain = await sessionOf(proxy, { servername: 'a.example', ...only });
    assert.equal(await isResumed(proxy, { servername: 'b.example', session: plain, ...only }), false);
    const { key, cert } = CLIENT;
    const strict = await sessionOf(proxy, { servername: 'b.example', key, cert, ...only });
    assert.equal(await isResumed(proxy, { servername: 'a.example', session: strict, ...only }), false);
    assert.equal(await isResumed(proxy, { servername: 'b.example', session: strict, ...only }), true);
  });

  test(`a session of ${version} that one worker began is resumed by another`, async t => {
    const running = await startFleet(t, {
      settings: { workers: 2, tlsListen: { host: '127.0.0.1', port: 0 } },
      defaultCertificate: certificateOf(CERTIFICATE),
    });
    const { tlsListen } = running;
    assert.ok(tlsListen);
    const first = await RawClient.connectTls(tlsListen, only);
    await first.send(GET);
    await first.response();
    await eventually('a session', () => first.session !== undefined);
    first.destroy();
    // The kernel spreads connections: some of them come to the other worker.
    let full = 0;
    for (let count = 0; count < 16; count += 1) {
      const next = await RawClient.connectTls(tlsListen, { session: first.session, ...only });
      if (!next.tls.isSessionReused()) full += 1;
      await next.send(GET);
      await next.response();
      next.destroy();
    }
    const counts = running.board.regions.map(region => region.get('tlsResumed'));
    assert.equal(full, 0);
    assert.ok(
      counts.every(count => count > 0),
      `resumed by the workers: ${counts}`,
    );
  });
}

test('a session of TLS 1.3 that goes on gets a new ticket each time, which goes on again', async t => {
  const proxy = await start(t);
  let session = await sessionOf(proxy, { servername: 'a.example' });
  const seen = new Set([session.toString('hex')]);
  for (let count = 1; count <= 5; count += 1) {
    session = await sessionOf(proxy, { servername: 'a.example', session });
    assert.equal(proxy.counters.get('tlsResumed'), count);
    seen.add(session.toString('hex'));
  }
  assert.equal(seen.size, 6);
});

test('tickets that others have made, or that were changed, begin a full handshake', async t => {
  const proxy = await start(t);
  for (const version of VERSIONS) {
    const only = { minVersion: version, maxVersion: version, servername: 'a.example' };
    const session = await sessionOf(proxy, only);
    const name = session.indexOf(proxy.state.ticketKeys.subarray(0, 16));
    assert.ok(name > 0);
    for (const at of [name, name + 20, name + 40]) {
      const changed = Buffer.from(session);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      assert.equal(await isResumed(proxy, { ...only, session: changed }), false, `${version}, byte ${at - name}`);
    }
    assert.equal(await isResumed(proxy, { ...only, session }), true);
  }
});

test('the keys of tickets change every 12 hours', async () => {
  const clock = new FakeClock();
  const changes: Uint8Array[] = [];
  const tickets = new TicketKeys(clock, keys => changes.push(keys));
  const first = tickets.keys;
  await clock.pass(12 * 60 * 60 * 1000 - 1);
  assert.deepEqual(changes, []);
  await clock.pass(1);
  assert.equal(changes.length, 1);
  assert.notDeepEqual(changes[0], first);
  assert.equal(tickets.keys, changes[0]);
  tickets.close();
  await clock.pass(24 * 60 * 60 * 1000);
  assert.equal(changes.length, 1);
});
