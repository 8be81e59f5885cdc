/** Clients of one Gateway that mean ill, and what clients of the others notice of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PrivateKey } from '../../src/model/certificate.ts';
import type { GatewayListener, GatewayPort } from '../../src/model/gateway-port.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import type { Settings } from '../../src/settings/schema.ts';
import { atEnd } from '../support/cleanup.ts';
import { helloWith, record } from '../support/client-hello.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { gatewayListener, gatewayPort, portChanges } from '../support/gateway-ports.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawClient, type TlsClient } from '../support/raw-client.ts';
import { deltaOf, published } from '../support/routes.ts';
import { selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';

const CERTIFICATE = certificateOf(selfSigned({ names: ['*.test'], commonName: 'gateway' }));
const ALERT = 21;

/** A proxy with ports of Gateways on TLS, whose clock stands still. */
async function start(
  t: TestContext,
  listeners: readonly (readonly GatewayListener[])[],
  settings: Partial<Settings> = {},
): Promise<{ proxy: ProxyUnderTest; ports: readonly GatewayPort[] }> {
  const ports: GatewayPort[] = [];
  for (const list of listeners) ports.push(await gatewayPort({ transport: 'tls', listeners: list }));
  const proxy = await startProxy(t, 'wire', { routes: [], settings, clock: new FakeClock() });
  const delta = deltaOf({ version: 1, upserts: [], removals: [] });
  proxy.apply(published({ ...delta, ports: portChanges(ports, [], [CERTIFICATE]) }));
  for (const { id } of ports) await proxy.listenPort(id);
  return { proxy, ports };
}

async function connect(t: TestContext, { listen }: GatewayPort): Promise<RawClient> {
  const client = await RawClient.connect(listen);
  atEnd(t, () => client.destroy());
  return client;
}

async function connectTls(t: TestContext, { listen }: GatewayPort, servername = 'a.test'): Promise<TlsClient> {
  const client = await RawClient.connectTls(listen, { servername });
  atEnd(t, () => client.destroy());
  return client;
}

const OF_ALL = [gatewayListener({ certificates: [CERTIFICATE.id] })];

test('handshakes that one Gateway is flooded with take no place from another, and a second flood gets a half', async t => {
  const { proxy, ports } = await start(t, [OF_ALL, OF_ALL], { tlsHandshakes: 6 });
  const [flooded, other] = ports as [GatewayPort, GatewayPort];
  const underWay = (): number => proxy.counters.get('tlsHandshaking');
  for (let count = 0; count < 12; count += 1) await connect(t, flooded);
  await eventually('all places to be taken', () => proxy.counters.get('tlsOverLimit') === 6);
  assert.equal(underWay(), 6);
  // The clock stands still: none has waited for long.
  for (let count = 0; count < 5; count += 1) await connectTls(t, other);
  await eventually('the handshakes to be over', () => proxy.counters.get('tlsHandshakes13') === 5);
  await Promise.all(Array.from({ length: 12 }, () => connect(t, other)));
  await eventually('the second flood to have come', () => proxy.counters.get('accepted') === 29);
  await assert.rejects(connectTls(t, other), 'it has its share');
  assert.ok(underWay() <= 6);
});

test('server names of all kinds of bytes end their own connection, or get the listener for all hosts', async t => {
  const { proxy, ports } = await start(t, [[gatewayListener({ hostname: 'a.test', certificates: [CERTIFICATE.id] })]]);
  const [port] = ports as [GatewayPort];
  const name = (bytes: Buffer): Buffer => {
    const list = Buffer.concat([Buffer.from([0, bytes.length >> 8, bytes.length & 255]), bytes]);
    const value = Buffer.concat([Buffer.from([list.length >> 8, list.length & 255]), list]);
    return Buffer.concat([Buffer.from([0, 0, value.length >> 8, value.length & 255]), value]);
  };
  const names = [
    '',
    '.',
    '..',
    '*.test',
    '*',
    '\0',
    'a.test\0',
    'a\r\nb',
    '../../etc',
    '\u00ff'.repeat(200),
    'a.'.repeat(400),
  ];
  for (const bytes of [...names, '__proto__', 'constructor'].map(text => Buffer.from(text, 'latin1'))) {
    const client = await connect(t, port);
    await client.send(record(helloWith(name(bytes))));
    assert.equal((await client.bytes(1)).charCodeAt(0), ALERT, JSON.stringify(bytes.toString('latin1')));
    await client.closed();
  }
  await connectTls(t, port);
  assert.deepEqual(proxy.notices, []);
});

test('among thousands of listeners each name finds its own', async t => {
  const pairs = [certificateOf(selfSigned({ names: ['x.test'], commonName: 'of one' }))];
  const listeners = Array.from({ length: 4_000 }, (_, index) =>
    gatewayListener({
      hostname: index % 2 === 0 ? `h${index}.test` : `*.h${index}.test`,
      certificates: [index === 3_999 ? (pairs[0]?.id ?? '') : CERTIFICATE.id],
    }),
  );
  const { proxy, ports } = await start(t, [listeners]);
  const [port] = ports as [GatewayPort];
  const delta = deltaOf({ version: 2, upserts: [], removals: [] });
  proxy.apply(published({ ...delta, ports: portChanges([port], [], pairs) }));
  const subjectOf = async (name: string): Promise<string | undefined> =>
    (await connectTls(t, port, name)).tls.getPeerX509Certificate()?.subject;
  // More of them than contexts of TLS are kept.
  for (let from = 0; from < 600; from += 40) {
    const names = Array.from({ length: 20 }, (_, index) => `h${from + 2 * index}.test`);
    for (const subject of await Promise.all(names.map(subjectOf))) assert.equal(subject, 'CN=gateway');
  }
  assert.equal(await subjectOf('a.b.h3999.test'), 'CN=of one');
  await assert.rejects(connectTls(t, port, 'h3999.test'));
});

test('a key that does not belong to its certificate ends handshakes of its listener alone, and is shown nowhere', async t => {
  const [one, two] = [selfSigned({ names: ['one.test'] }), selfSigned({ names: ['two.test'] })];
  const wrong = { id: 'wrong', chain: SharedText.of(one.cert), key: new PrivateKey(two.key) };
  const { proxy, ports } = await start(t, [
    [
      gatewayListener({ hostname: 'one.test', certificates: ['wrong'] }),
      gatewayListener({ hostname: 'absent.test', certificates: ['absent'] }),
      gatewayListener({ hostname: 'a.test', certificates: [CERTIFICATE.id] }),
    ],
  ]);
  const [port] = ports as [GatewayPort];
  const delta = deltaOf({ version: 2, upserts: [], removals: [] });
  proxy.apply(published({ ...delta, ports: portChanges([port], [], [wrong]) }));
  for (const name of ['one.test', 'absent.test']) await assert.rejects(connectTls(t, port, name), /internal error/);
  await connectTls(t, port);
  assert.equal(proxy.counters.get('tlsCertificates'), 2);
  const secret = two.key.split('\n')[1] ?? '';
  const shown = JSON.stringify([proxy.notices, proxy.logLines, proxy.state.gatewayPorts]) + String(wrong.key);
  assert.ok(secret.length > 40 && !shown.includes(secret));
});
