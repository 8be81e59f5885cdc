import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { HealthProbe } from '../../src/control/health/health-probe.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RawHttp2Upstream } from '../support/raw-http2-upstream.ts';
import { answer, answering, NOBODY, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startSilentListener } from '../support/silent-listener.ts';

const TIMEOUT_MS = 20_000;
/** Far more than what the kernel takes before it knows that the connection is closed. */
const MOST_WRITTEN = 64 * 2 ** 20;

interface Checked {
  readonly upstream: RawUpstream;
  readonly passed: boolean;
  readonly detail: string;
}

async function check(context: TestContext, handler: UpstreamHandler, clock = systemClock): Promise<Checked> {
  const upstream = await RawUpstream.start(context, handler);
  const probe = new HealthProbe(clock);
  context.after(() => probe.close());
  const { host: address, port } = upstream.address;
  return { upstream, ...(await probe.check({ address, port }, '/healthz?deep=1', TIMEOUT_MS)) };
}

test('a status from 200 to 399 passes, as it does for the kubelet; any other does not', async context => {
  for (const [status, passed] of [
    ['200 OK', true],
    ['204 No Content', true],
    ['399 Last', true],
    ['400 Bad Request', false],
    ['404 Not Found', false],
    ['503 Service Unavailable', false],
    ['199 Strange', false],
  ] as const) {
    const bytes = status.startsWith('199')
      ? `HTTP/1.1 ${status}\r\n\r\n${answer('', '', '500 No')}`
      : answer('', '', status);
    assert.equal((await check(context, answering(bytes))).passed, passed, status);
  }
});

test('a check is one GET on a connection of its own', async context => {
  const { upstream, detail } = await check(context, answering());
  assert.equal(detail, 'status 200');
  const [request] = upstream.requests;
  assert.equal(request?.target, '/healthz?deep=1');
  assert.equal(request?.method, 'GET');
  assert.equal(upstream.connections.length, 1);
  await upstream.connections[0]?.closed();
});

test('a redirect passes and is not followed', async context => {
  const target = await RawUpstream.start(context);
  const { host, port } = target.address;
  const location = `Location: http://${host}:${port}/\r\n`;
  const { passed } = await check(context, answering(answer('', location, '302 Found')));
  assert.equal(passed, true);
  assert.equal(target.connections.length, 0);
});

test('a refused connection fails with its code', async () => {
  const probe = new HealthProbe(systemClock);
  const result = await probe.check({ address: NOBODY.host, port: NOBODY.port }, '/', TIMEOUT_MS);
  assert.deepEqual(result, { passed: false, detail: 'ECONNREFUSED' });
});

test('one that accepts and never answers, or never accepts, fails when its time is over', async context => {
  const clock = new FakeClock();
  const probe = new HealthProbe(clock);
  const accepts = await RawUpstream.start(context, () => undefined);
  const silent = await startSilentListener(context);
  for (const { host: address, port } of [accepts.address, silent]) {
    const result = probe.check({ address, port }, '/', 5_000);
    if (address === accepts.address.host && port === accepts.address.port) await accepts.request(0);
    clock.advance(5_000);
    assert.deepEqual(await result, { passed: false, detail: 'no answer in 5s' });
  }
  await accepts.connections[0]?.closed();
  assert.equal(clock.pending, 0);
});

test('of an endless body nothing is read once the status has come', async context => {
  let written = 0;
  const { passed, upstream } = await check(context, async request => {
    await request.connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    while (request.connection.end === undefined && written < MOST_WRITTEN) {
      await request.connection.send(chunk);
      written += chunk.length;
    }
  });
  assert.equal(passed, true);
  await upstream.connections[0]?.closed();
  assert.ok(written < MOST_WRITTEN, `${written} bytes`);
});

for (const [what, bytes] of [
  ['a head of more than 8 KiB', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(9000)}\r\n\r\n`],
  ['a head that never ends', `HTTP/1.1 200 OK\r\n${'X-Field: 1\r\n'.repeat(10_000)}`],
  ['answers of 1xx without an end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(10_000)],
  ['100 Continue without an end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10_000)],
  ['bytes that are no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  [
    'an upgrade that was not asked for',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  ],
] as const) {
  test(`${what} fails, and the connection is closed`, async context => {
    const { passed, upstream } = await check(context, request => request.connection.send(bytes).catch(() => undefined));
    assert.equal(passed, false);
    await eventually('the connection to be closed', () => upstream.connections.every(({ end }) => end !== undefined));
  });
}

test('a few answers of 1xx before the one that counts are allowed', async context => {
  const { passed } = await check(context, answering(`HTTP/1.1 103 Early Hints\r\n\r\n`.repeat(3) + answer()));
  assert.equal(passed, true);
});

test('a connection that is closed without an answer fails', async context => {
  const { passed, detail } = await check(context, request => request.connection.destroy());
  assert.deepEqual({ passed, detail }, { passed: false, detail: 'ECONNRESET' });
});

test('an endpoint that speaks HTTP/2, or TLS, is asked in its own protocol, and its certificate is verified', async context => {
  const probe = new HealthProbe(systemClock);
  context.after(() => probe.close());
  const plain = await RawHttp2Upstream.start(context, request =>
    request.head(request.field(':path') === '/ok' ? 204 : 503, [], true),
  );
  const at = { address: plain.address.host, port: plain.address.port };
  assert.deepEqual(await probe.check(at, '/ok', TIMEOUT_MS, { protocol: 'h2c' }), {
    passed: true,
    detail: 'status 204',
  });
  assert.deepEqual(await probe.check(at, '/bad', TIMEOUT_MS, { protocol: 'grpc' }), {
    passed: false,
    detail: 'status 503',
  });
  const signed = selfSigned({ names: ['web.test.svc'] });
  const server = createSecureServer({ ...signed, allowHTTP1: true }, (_, response) => void response.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const secure = { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const tls = { serverName: 'web.test.svc', ca: signed.cert, isVerified: true };
  for (const protocol of ['https', 'h2', 'grpcs'] as const) {
    assert.deepEqual(await probe.check(secure, '/', TIMEOUT_MS, { protocol, tls }), {
      passed: true,
      detail: 'status 200',
    });
    const other = { ...tls, serverName: 'other.test.svc' };
    const result = await probe.check(secure, '/', TIMEOUT_MS, { protocol, tls: other });
    assert.deepEqual(result, { passed: false, detail: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  }
});
