/** What TLS asks of requests is asked of those in HTTP/2, too: each stream by itself. */
import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { atEnd } from '../support/cleanup.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';

const OWN = selfSigned({ commonName: 'entry' });
const CA = selfSigned({ commonName: 'ca', isCa: true });
const CLIENT = selfSigned({ commonName: 'client', issuer: CA });

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly upstream: RawUpstream;
}

async function start(t: TestContext): Promise<Scene> {
  const upstream = await RawUpstream.start(t);
  const proxy = await startProxy(t, 'wire', {
    routes: [{ path: '/', to: upstream }],
    settings: { httpsPort: 28443 },
    tls: { certificate: OWN, hosts: [{ host: 'plain.test' }, { host: 'must.test', clientCa: CA }] },
  });
  return { proxy, upstream };
}

function session(t: TestContext, { proxy }: Scene, servername?: string, pair?: SelfSigned): ClientHttp2Session {
  const { host, port } = servername === undefined ? proxy.address : proxy.tlsAddress;
  const keys = pair && { key: pair.key, cert: pair.cert };
  const scheme = servername === undefined ? 'http' : 'https';
  const client = connect(`${scheme}://${host}:${port}`, { servername, rejectUnauthorized: false, ...keys });
  client.on('error', () => undefined);
  atEnd(t, () => client.destroy());
  return client;
}

function ask(
  client: ClientHttp2Session,
  authority: string,
  headers: OutgoingHttpHeaders = {},
): Promise<IncomingHttpHeaders> {
  const stream = client.request({ ':authority': authority, ':path': '/x?y', ...headers });
  stream.resume();
  return new Promise((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('error', reject);
  });
}

test('each stream of one connection is judged by its own host', async t => {
  const own = await start(t);
  const client = session(t, own, 'must.test', CLIENT);
  assert.equal((await ask(client, 'must.test'))[':status'], 200);
  assert.equal((await ask(client, 'plain.test'))[':status'], 421);
  assert.equal((await ask(client, 'MUST.test:443'))[':status'], 200);
  const other = session(t, own, 'plain.test', CLIENT);
  assert.equal((await ask(other, 'must.test'))[':status'], 421);
  assert.equal((await ask(other, 'plain.test'))[':status'], 200);
  assert.equal(own.upstream.requests.length, 3);
});

test('without the certificate that its host requires, a request is 400 and reaches no upstream', async t => {
  const own = await start(t);
  assert.equal((await ask(session(t, own, 'must.test'), 'must.test'))[':status'], 400);
  assert.deepEqual(own.upstream.connections, []);
  const [line] = await own.proxy.logged(1);
  assert.deepEqual(
    [line?.reason, line?.protocol, line?.tls?.serverName],
    ['client_certificate_missing', 'HTTP/2.0', 'must.test'],
  );
});

test('upstreams are told of scheme and certificate, whatever the client says', async t => {
  const own = await start(t);
  const claims = { 'x-client-cert-subject-dn': 'CN=root', 'x-client-cert-any': '1', 'x-forwarded-proto': 'http' };
  assert.equal((await ask(session(t, own, 'must.test', CLIENT), 'must.test', claims))[':status'], 200);
  const { only } = own.upstream;
  assert.equal(only.header('x-forwarded-proto'), 'https');
  assert.equal(only.header('x-client-cert-verify'), 'SUCCESS');
  assert.equal(only.header('x-client-cert-subject-dn'), 'CN=client');
  assert.equal(only.header('x-client-cert-any'), undefined);
});

test('Services have no Strict-Transport-Security but their own', async t => {
  const own = await start(t);
  const client = session(t, own, 'plain.test');
  assert.equal((await ask(client, 'plain.test'))['strict-transport-security'], undefined);
  const mine = 'Strict-Transport-Security: max-age=60\r\n';
  own.upstream.handler = answering(`HTTP/1.1 200 OK\r\n${mine}Content-Length: 2\r\n\r\nok`);
  assert.equal((await ask(client, 'plain.test'))['strict-transport-security'], 'max-age=60');
});

test('on the plain port, HTTP/2 by prior knowledge is redirected as HTTP/1.1 is', async t => {
  const own = await start(t);
  const client = session(t, own);
  const redirected = await ask(client, 'plain.test:80');
  assert.deepEqual([redirected[':status'], redirected.location], [308, 'https://plain.test:28443/x?y']);
  const claims = { 'x-client-cert-verify': 'SUCCESS' };
  assert.equal((await ask(client, 'other.test', claims))[':status'], 200);
  assert.equal(own.upstream.only.header('x-client-cert-verify'), undefined);
});
