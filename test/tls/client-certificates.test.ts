/** What requests on TLS see of it, with real handshakes; each rule alone is in ../dataplane/wire/client-certificates.test.ts. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';

const OWN = selfSigned({ commonName: 'entry' });
const CA = selfSigned({ commonName: 'ca', isCa: true });
const OTHER_CA = selfSigned({ commonName: 'other ca', isCa: true });
const CLIENT = selfSigned({ commonName: 'client', issuer: CA });
const STRANGER = selfSigned({ commonName: 'stranger', issuer: OTHER_CA });
const EXPIRED = selfSigned({ commonName: 'late', issuer: CA, notAfter: Date.now() - 60_000 });

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly upstream: RawUpstream;
}

async function start(t: TestContext): Promise<Scene> {
  const upstream = await RawUpstream.start(t);
  const proxy = await startProxy(t, 'wire', {
    routes: [{ path: '/', to: upstream }],
    tls: {
      certificate: OWN,
      hosts: [
        { host: 'plain.test' },
        { host: 'must.test', clientCa: CA },
        { host: 'may.test', clientCa: CA, mode: 'optional' },
        { host: 'other.test', clientCa: OTHER_CA },
      ],
    },
  });
  return { proxy, upstream };
}

async function statusOf({ proxy }: Scene, host: string, pair?: SelfSigned, asked = host): Promise<number> {
  const options = pair === undefined ? {} : { key: pair.key, cert: pair.cert };
  const client = await proxy.connectTls({ servername: host, ...options });
  await client.send(`GET /x HTTP/1.1\r\nHost: ${asked}\r\nX-Client-Cert-Subject-DN: CN=root\r\n\r\n`);
  const { status } = await client.response();
  client.destroy();
  return status;
}

function told({ upstream }: Scene): (string | undefined)[] {
  const names = ['x-forwarded-proto', 'x-client-cert-verify', 'x-client-cert-subject-dn', 'x-client-cert-issuer-dn'];
  return names.map(name => upstream.requests.at(-1)?.header(name));
}

test('a host that asks for no certificate', async t => {
  const own = await start(t);
  assert.equal(await statusOf(own, 'plain.test'), 200);
  assert.deepEqual(told(own), ['https', undefined, undefined, undefined]);
});

test('a host that requires a certificate', async t => {
  const own = await start(t);
  for (const pair of [undefined, STRANGER, EXPIRED]) assert.equal(await statusOf(own, 'must.test', pair), 400);
  assert.deepEqual(own.upstream.connections, []);
  assert.deepEqual(
    (await own.proxy.logged(3)).map(({ reason }) => reason),
    ['client_certificate_missing', 'client_certificate_invalid', 'client_certificate_invalid'],
  );
  assert.equal(await statusOf(own, 'must.test', CLIENT), 200);
  assert.deepEqual(told(own), ['https', 'SUCCESS', 'CN=client', 'CN=ca']);
});

test('a host where a certificate is optional', async t => {
  const own = await start(t);
  assert.equal(await statusOf(own, 'may.test', STRANGER), 400);
  assert.equal(await statusOf(own, 'may.test'), 200);
  assert.deepEqual(told(own), ['https', 'NONE', undefined, undefined]);
  assert.equal(await statusOf(own, 'may.test', CLIENT), 200);
  assert.deepEqual(told(own), ['https', 'SUCCESS', 'CN=client', 'CN=ca']);
});

test('a connection is good for hosts of its own policy alone', async t => {
  const own = await start(t);
  for (const [host, asked] of [
    ['plain.test', 'must.test'],
    ['unknown.test', 'must.test'],
    ['may.test', 'must.test'],
    ['other.test', 'must.test'],
    ['must.test', 'plain.test'],
  ] as const) {
    assert.equal(await statusOf(own, host, CLIENT, asked), 421, `${asked} on a connection for ${host}`);
  }
  assert.deepEqual(own.upstream.requests, []);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a session that is resumed on ${version} keeps its client's certificate`, async t => {
    const own = await start(t);
    const { key, cert } = CLIENT;
    const options = { servername: 'must.test', key, cert, maxVersion: version, minVersion: version };
    const first = await own.proxy.connectTls(options);
    await first.send('GET /x HTTP/1.1\r\nHost: must.test\r\n\r\n');
    assert.equal((await first.response()).status, 200);
    // TLS 1.2 gives it within the handshake, before anything listens.
    const session = first.session ?? first.tls.getSession();
    first.destroy();
    assert.ok(session !== undefined);
    const second = await own.proxy.connectTls({ ...options, session });
    await second.send('GET /x HTTP/1.1\r\nHost: must.test\r\n\r\n');
    const { status } = await second.response();
    assert.equal(status, 200);
    assert.deepEqual(told(own), ['https', 'SUCCESS', 'CN=client', 'CN=ca']);
    // What a session proves, it proves to its own policy.
    const third = await own.proxy.connectTls({ ...options, servername: 'other.test', session });
    await third.send('GET /x HTTP/1.1\r\nHost: other.test\r\n\r\n');
    assert.equal((await third.response()).status, 400);
  });
}
