/** `tls-passthrough`: a pod ends the TLS of its host itself, and the entry sees nothing but the name in the ClientHello. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { TlsHost } from '../../src/model/tls-host.ts';
import { atEnd } from '../support/cleanup.ts';
import { clientHello } from '../support/client-hello.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { selfSigned } from '../support/self-signed.ts';

const OWN = selfSigned({ commonName: 'entry' });
const OF_POD = selfSigned({ names: ['pod.test'], commonName: 'pod' });

/** A pod that ends TLS and says what it hears. */
async function startPod(t: TestContext): Promise<ListenAddress> {
  const server = createServer({ key: OF_POD.key, cert: OF_POD.cert, ALPNProtocols: ['acme'] }, socket => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => void server.close());
  return { host: '127.0.0.1', port: (server.address() as { port: number }).port };
}

async function start(t: TestContext, proxyProtocol: string[] = []): Promise<ProxyUnderTest> {
  const pod = await startPod(t);
  const hosts: readonly Pick<TlsHost, 'host' | 'passthrough'>[] = [
    { host: 'pod.test', passthrough: 'test/service-0:80' },
    { host: '*.wild.test', passthrough: 'test/service-0:80' },
    { host: 'gone.test', passthrough: 'test/gone:80' },
  ];
  return startProxy(t, 'wire', {
    routes: [{ path: '/x', to: [pod] }],
    settings: { proxyProtocol },
    tls: { certificate: OWN, hosts },
  });
}

async function echoed(client: { readonly tls: TLSSocket }, text: string): Promise<string> {
  client.tls.write(text);
  let heard = '';
  client.tls.on('data', bytes => {
    heard += bytes;
  });
  await eventually('the echo', () => heard.length >= text.length);
  return heard;
}

test('the pod’s own certificate, ALPN and bytes reach the client', async t => {
  const proxy = await start(t);
  const text = 'x'.repeat(300_000);
  for (const servername of ['pod.test', 'POD.test', 'a.wild.test']) {
    const client = await proxy.connectTls({ servername, ALPNProtocols: ['acme'] });
    assert.equal(client.tls.getPeerX509Certificate()?.subject, 'CN=pod');
    assert.equal(client.tls.alpnProtocol, 'acme');
    assert.equal(await echoed(client, text), text);
    client.destroy();
  }
  const lines = await proxy.logged(3);
  assert.deepEqual(
    lines.map(({ status, host, service, reason, tls }) => [status, host, service, reason, tls]),
    ['pod.test', 'pod.test', 'a.wild.test'].map(host => [101, host, 'test/service-0', '-', undefined]),
  );
  assert.ok(lines.every(({ bodyBytes, requestBytes }) => bodyBytes > text.length && requestBytes > text.length));
  await eventually('no connection to be left', () => proxy.counters.get('active') === 0);
  assert.equal(proxy.counters.get('handled'), proxy.counters.get('accepted'));
});

test('other names are the entry’s', async t => {
  const proxy = await start(t);
  for (const servername of ['other.test', 'b.a.wild.test', '']) {
    const client = await proxy.connectTls(servername === '' ? {} : { servername });
    assert.equal(client.tls.getPeerX509Certificate()?.subject, 'CN=entry');
    client.destroy();
  }
});

test('a ClientHello that is cut anywhere goes on whole', async t => {
  const proxy = await start(t);
  const hello = await clientHello({ servername: 'pod.test' });
  for (let at = 1; at < hello.length; at += 37) {
    const client = await RawClient.connect(proxy.tlsAddress);
    await client.send(hello.subarray(0, at), hello.subarray(at));
    // The pod answers it: with a ServerHello, or with an alert.
    assert.match(await client.bytes(1), /^[\x15\x16]$/);
    client.destroy();
  }
});

test('the address that the PROXY protocol gives is the client’s', async t => {
  const proxy = await start(t, ['127.0.0.1']);
  const client = await RawClient.connect(proxy.tlsAddress);
  atEnd(t, () => client.destroy());
  const hello = await clientHello({ servername: 'pod.test' });
  await client.send(Buffer.concat([Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n'), hello]));
  assert.match(await client.bytes(1), /^[\x15\x16]$/);
  client.destroy();
  const [line] = await proxy.logged(1);
  assert.equal(line?.remoteAddress, '192.0.2.7');
});

test('a host whose cluster is not there is closed', async t => {
  const proxy = await start(t);
  await assert.rejects(proxy.connectTls({ servername: 'gone.test' }));
  await eventually('no connection to be left', () => proxy.counters.get('active') === 0);
  assert.equal(proxy.counters.get('handled'), proxy.counters.get('accepted'));
});

test('a tunnel goes on while the entry drains', async t => {
  const proxy = await start(t);
  const client = await proxy.connectTls({ servername: 'pod.test' });
  assert.equal(await echoed(client, 'before'), 'before');
  const drained = proxy.engine.drain();
  assert.equal(await echoed(client, 'after'), 'after');
  client.destroy();
  await drained;
});
