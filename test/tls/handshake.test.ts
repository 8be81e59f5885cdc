import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { CounterName } from '../../src/observe/counters.ts';
import { clientHello, helloWith, inRecords } from '../support/client-hello.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import type { TlsDescription } from '../support/tls-names.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';
const OWN = selfSigned({ names: ['a.example'], commonName: 'a' });
const WILD = selfSigned({ names: ['*.example'], commonName: 'wildcard' });
const DEFAULT = selfSigned({ commonName: 'default' });
const TLS: TlsDescription = {
  certificate: DEFAULT,
  hosts: [
    { host: 'a.example', certificate: OWN },
    { host: '*.example', certificate: WILD },
  ],
};

async function start(
  t: Parameters<typeof startProxy>[0],
  more: Partial<Parameters<typeof startProxy>[2]> = {},
): Promise<ProxyUnderTest> {
  const upstream = await RawUpstream.start(t);
  return startProxy(t, 'wire', { routes: [{ path: '/volume', to: upstream }], tls: TLS, ...more });
}

/** The subject of the certificate that a client is shown. */
async function shownTo(proxy: ProxyUnderTest, options: ConnectionOptions): Promise<string> {
  const { tls } = await proxy.connectTls(options);
  const shown = tls.getPeerX509Certificate();
  tls.destroy();
  return shown?.subject ?? '';
}

function subjectOf({ cert }: SelfSigned): string {
  return new X509Certificate(cert).subject;
}

/** Waits until the counters have grown by this. */
async function counted(proxy: ProxyUnderTest, expected: Partial<Record<CounterName, number>>): Promise<void> {
  for (const [name, value] of Object.entries(expected)) {
    await eventually(`${name} to be ${value}`, () => proxy.counters.get(name as CounterName) === value);
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a request on ${version} is served, and the log says what the session was`, async t => {
    const proxy = await start(t);
    const client = await proxy.connectTls({ servername: 'A.example', minVersion: version, maxVersion: version });
    for (let count = 0; count < 3; count += 1) {
      await client.send(GET);
      assert.equal((await client.response()).status, 200);
    }
    const [line] = await proxy.logged(3);
    assert.equal(line?.tls?.version, version);
    assert.equal(line?.tls?.serverName, 'a.example');
    assert.match(line?.tls?.cipher ?? '', version === 'TLSv1.3' ? /^TLS_AES_/ : /^ECDHE-ECDSA-/);
    assert.equal(line?.tls?.isResumed, false);
    await counted(proxy, { [version === 'TLSv1.3' ? 'tlsHandshakes13' : 'tlsHandshakes12']: 1, tlsHandshaking: 0 });
    assert.equal(proxy.counters.get('handled'), 1);
  });
}

test('a host shows its own certificate, then that of the wildcard, then the default one', async t => {
  const proxy = await start(t);
  assert.equal(await shownTo(proxy, { servername: 'a.example' }), subjectOf(OWN));
  assert.equal(await shownTo(proxy, { servername: 'b.example' }), subjectOf(WILD));
  assert.equal(await shownTo(proxy, { servername: 'a.b.example' }), subjectOf(DEFAULT));
  assert.equal(await shownTo(proxy, {}), subjectOf(DEFAULT));
});

test('a renewed certificate is shown by the next handshake, and connections of before go on', async t => {
  const proxy = await start(t);
  const before = await proxy.connectTls({ servername: 'a.example' });
  const renewed = selfSigned({ names: ['a.example'], commonName: 'renewed' });
  const { tlsChangesOf } = await import('../support/tls-names.ts');
  proxy.state.tlsHosts.apply(tlsChangesOf([{ host: 'a.example', certificate: renewed }]));
  assert.equal(await shownTo(proxy, { servername: 'a.example' }), subjectOf(renewed));
  await before.send(GET);
  assert.equal((await before.response()).status, 200);
});

test('a name that no host has is refused by an alert where the setting says so', async t => {
  const proxy = await start(t, { settings: { tlsRejectUnknownSni: true } });
  await assert.rejects(proxy.connectTls({ servername: 'other.test' }), { code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
  await assert.rejects(proxy.connectTls({}), { code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
  await proxy.connectTls({ servername: 'b.example' });
  await counted(proxy, { tlsUnknownNames: 2 });
});

test('HTTP/1.1 is agreed on where the client offers it; a client that offers others alone is told so', async t => {
  const proxy = await start(t);
  const offer = await proxy.connectTls({ ALPNProtocols: ['unknown', 'http/1.1'] });
  assert.equal(offer.tls.alpnProtocol, 'http/1.1');
  const none = await proxy.connectTls();
  assert.equal(none.tls.alpnProtocol, false);
  await assert.rejects(proxy.connectTls({ ALPNProtocols: ['unknown'] }), {
    code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  });
  await counted(proxy, { tlsProtocols: 1 });
});

test('versions before TLS 1.2, and ciphers that give no secrecy later, are refused by an alert', async t => {
  const proxy = await start(t);
  await assert.rejects(proxy.connectTls({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }), {
    code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  });
  await counted(proxy, { tlsVersions: 1 });
  const weak = [
    'AES128-GCM-SHA256',
    'AES256-SHA',
    'ECDHE-ECDSA-AES128-SHA',
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-ECDSA-AES128-CCM',
  ];
  for (const ciphers of weak) {
    await assert.rejects(proxy.connectTls({ ciphers, maxVersion: 'TLSv1.2' }), { code: /HANDSHAKE_FAILURE/ }, ciphers);
  }
  await counted(proxy, { tlsCiphers: weak.length });
  const good = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305'];
  for (const ciphers of good) {
    const { tls } = await proxy.connectTls({ ciphers, maxVersion: 'TLSv1.2' });
    assert.equal(tls.getCipher().name, ciphers);
  }
});

test('an RSA certificate is served, too', async t => {
  const rsa = selfSigned({ keyType: 'rsa' });
  const proxy = await start(t, { tls: { certificate: rsa } });
  const { tls } = await proxy.connectTls({ maxVersion: 'TLSv1.2' });
  assert.match(tls.getCipher().name, /^ECDHE-RSA-/);
});

test('a hello is read however it is cut, in packets and in records', async t => {
  const proxy = await start(t);
  const hello = await clientHello({ servername: 'a.example' });
  const shapes = [
    [...hello].map(byte => Buffer.of(byte)),
    [inRecords(hello, 100)],
    [hello.subarray(0, 700), hello.subarray(700)],
  ];
  for (const pieces of shapes) {
    const client = await RawClient.connect(proxy.tlsAddress);
    await client.send(...pieces);
    // The server's first message: a record of a handshake.
    await eventually('the server to answer', () => client.receivedBytes > 100);
    assert.equal(client.unread.charCodeAt(0), 22);
    client.destroy();
  }
  await counted(proxy, { tlsClosed: shapes.length });
});

test('a handshake that is not complete after 10 s is ended; a plain request beside it is served', async t => {
  const clock = new FakeClock();
  const proxy = await start(t, { clock });
  const hello = await clientHello();
  const silent = [Buffer.alloc(0), hello.subarray(0, 3), hello.subarray(0, 100), hello];
  const clients: RawClient[] = [];
  for (const bytes of silent) {
    const client = await RawClient.connect(proxy.tlsAddress);
    await client.send(bytes);
    clients.push(client);
  }
  await eventually('all to be under way', () => proxy.counters.get('tlsHandshaking') === silent.length);
  await eventually('the last one to be answered', () => (clients.at(-1)?.receivedBytes ?? 0) > 0);
  await clock.pass(9_900);
  assert.equal((await proxy.get('/volume')).status, 200);
  assert.equal(proxy.counters.get('tlsHandshaking'), silent.length);
  await clock.pass(300);
  // A connection that never sent a byte is a probe of a load balancer.
  await counted(proxy, { tlsHandshaking: 0, tlsTimeouts: silent.length - 1, active: 0 });
  for (const client of clients) client.destroy();
});

test('handshakes beyond the limit are closed at once and counted; plain HTTP goes on', async t => {
  const proxy = await start(t, { settings: { tlsHandshakes: 3 } });
  const flood = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(proxy.tlsAddress)));
  await counted(proxy, { tlsHandshaking: 3, tlsOverLimit: 7 });
  await assert.rejects(proxy.connectTls());
  assert.equal((await proxy.get('/volume')).status, 200);
  for (const client of flood) client.destroy();
  await counted(proxy, { tlsHandshaking: 0 });
  const after = await proxy.connectTls();
  await after.send(GET);
  assert.equal((await after.response()).status, 200);
});

test('beyond the limit, a handshake that has waited for its client for a second makes place for another', async t => {
  const clock = new FakeClock();
  const proxy = await start(t, { clock, settings: { tlsHandshakes: 3 } });
  const silent = [];
  for (let count = 0; count < 3; count += 1) {
    silent.push(await RawClient.connect(proxy.tlsAddress));
    await counted(proxy, { tlsHandshaking: count + 1 });
  }
  await assert.rejects(proxy.connectTls(), 'none has waited for long');
  await counted(proxy, { tlsOverLimit: 1 });
  await clock.pass(1_000);
  const served = await proxy.connectTls();
  await served.send(GET);
  assert.equal((await served.response()).status, 200);
  await silent[0]?.closed();
  await counted(proxy, { tlsHandshaking: 2, tlsOverLimit: 2 });
  for (const client of silent) client.destroy();
});

test('a handshake that fails with the bytes behind a PROXY header is gone', async t => {
  const proxy = await start(t, { settings: { proxyProtocol: ['127.0.0.1'], tlsHandshakes: 1 } });
  for (let count = 1; count <= 3; count += 1) {
    const client = await RawClient.connect(proxy.tlsAddress);
    await client.send('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\x80\x2e\x01\x00\x02');
    await client.closed();
    await counted(proxy, { tlsNotTls: count, tlsHandshaking: 0, active: 0 });
  }
  await proxy.engine.drain();
});

test('bytes that are no TLS, or broken TLS, end their connection and nothing else', async t => {
  const proxy = await start(t);
  const beside = await proxy.connectTls();
  const hello = await clientHello();
  const broken: readonly (readonly [CounterName, Buffer])[] = [
    ['tlsNotTls', Buffer.from('\x80\x2e\x01\x00\x02')],
    ['tlsNotTls', Buffer.alloc(20_000)],
    ['tlsMalformed', Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xff])],
    ['tlsMalformed', inRecords(hello, 1)],
    ['tlsOtherFailures', Buffer.concat([hello, Buffer.from([23, 3, 3, 0, 4, 1, 2, 3, 4])])],
    ['tlsOtherFailures', Buffer.concat([hello, Buffer.from([22, 3, 3, 0x7f, 0xff])])],
    ['tlsCiphers', helloWith()],
    ['tlsClientAlerts', Buffer.concat([hello, Buffer.from([21, 3, 3, 0, 2, 2, 48])])],
  ];
  for (const [counter, bytes] of broken) {
    const before = proxy.counters.get(counter);
    const client = await RawClient.connect(proxy.tlsAddress);
    await client.send(bytes);
    await eventually(
      `${counter} for ${bytes.subarray(0, 12).toString('hex')}`,
      () => proxy.counters.get(counter) === before + 1,
    );
    await client.closed();
  }
  await beside.send(GET);
  assert.equal((await beside.response()).status, 200);
  assert.equal(proxy.counters.get('tlsHandshaking'), 0);
});

test('a client that resets or leaves in the middle of its handshake is counted', async t => {
  const proxy = await start(t);
  const hello = await clientHello();
  for (const leave of ['reset', 'end', 'destroy'] as const) {
    const client = await RawClient.connect(proxy.tlsAddress);
    await client.send(hello);
    await eventually('the server to answer', () => client.receivedBytes > 0);
    client[leave]();
  }
  await counted(proxy, { tlsClosed: 3, tlsHandshaking: 0, active: 0 });
});

test('a client of TLS 1.2 that asks for another handshake is refused, and its session goes on', async t => {
  const proxy = await start(t);
  const client = await proxy.connectTls({ maxVersion: 'TLSv1.2' });
  const refused = await new Promise<Error | null>(resolve => {
    client.tls.renegotiate({ rejectUnauthorized: false }, resolve);
    client.tls.once('error', resolve);
  });
  assert.match(String(refused), /no renegotiation/i);
  await eventually('the connection to end', () => proxy.counters.get('active') === 0);
});

test('garbage behind the handshake ends the connection', async t => {
  const proxy = await start(t);
  const client = await proxy.connectTls();
  await client.send(GET);
  await client.response();
  // Below TLS: what the kernel sends as it is.
  Reflect.get(client.tls, '_handle')._parent.writeBuffer(null, Buffer.from([23, 3, 3, 0, 5, 1, 2, 3, 4, 5]));
  await eventually('the connection to end', () => proxy.counters.get('active') === 0);
});
