/** Bytes of TLS that a Gateway passes on to the backends of a TLSRoute: as they are, or after TLS has ended at the listener. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayListener } from '../support/gateway-ports.ts';
import type { RawClient } from '../support/raw-client.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';
import { ANY, type Backend, failureOf, says, scene, to } from './tls-scene.ts';

/** A server of TLS that says its name, and repeats what it hears. */
async function tlsServer(t: TestContext, commonName: string): Promise<Backend & { readonly pair: SelfSigned }> {
  const pair = selfSigned({ names: ['abc.example.com'], commonName });
  const server = createServer({ key: pair.key, cert: pair.cert }, socket => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => void server.close());
  return { name: commonName, address: { host: '127.0.0.1', port: (server.address() as { port: number }).port }, pair };
}

/** A server of TCP that repeats what it hears. */
async function tcpServer(t: TestContext, name: string): Promise<Backend> {
  const sockets = new Set<Socket>();
  const server = createTcpServer(socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(`${name}: `);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { name, address: { host: '127.0.0.1', port: (server.address() as { port: number }).port } };
}

async function heard(client: RawClient, text: string, expected: number): Promise<string> {
  const [, all] = await Promise.all([client.send(text), client.bytes(expected)]);
  return all;
}

test('bytes of TLS go to the backends of the closest host, by weight; other names are refused, and HTTPS has its own', async t => {
  const certificate = certificateOf(ANY);
  const servers = await Promise.all(['one', 'two', 'never', 'wild'].map(name => tlsServer(t, name)));
  const backend = (cluster: string, weight: number) => ({ cluster, weight });
  const { connect, port, proxy } = await scene(t, {
    listeners: [
      gatewayListener({
        hostname: '*.example.com',
        serves: 'passthrough',
        streams: [
          { host: 'abc.example.com', backends: [backend('one', 1), backend('two', 1), backend('never', 0)] },
          { host: '*.wild.example.com', backends: [backend('wild', 3)] },
          { host: 'none.example.com', backends: [backend('one', 0)] },
          { host: 'gone.example.com', backends: [backend('absent', 1)] },
        ],
      }),
      gatewayListener({ hostname: 'web.test', certificates: [certificate.id] }),
    ],
    certificates: [certificate],
    backends: [...servers, await says(t, 'web')],
    routes: at => [to(at, 'web.test', 'web')],
  });
  const counts = new Map<string, number>();
  for (let count = 0; count < 20; count += 1) {
    const client = await connect({ servername: 'abc.example.com' });
    const name = client.tls.getPeerX509Certificate()?.subject ?? '';
    counts.set(name, (counts.get(name) ?? 0) + 1);
    client.destroy();
  }
  assert.deepEqual([...counts.keys()].sort(), ['CN=one', 'CN=two']);
  assert.ok((counts.get('CN=one') ?? 0) >= 8);
  const wild = await connect({ servername: 'a.b.wild.example.com' });
  assert.equal(wild.tls.getPeerX509Certificate()?.subject, 'CN=wild');
  const text = 'x'.repeat(300_000);
  assert.equal(await heard(wild, text, text.length), text);
  for (const servername of ['none.example.com', 'other.example.com', 'wild.example.com', 'unknown.test', '']) {
    assert.equal(await failureOf(port, { servername }), 'ECONNRESET', servername);
  }
  assert.equal(await failureOf(port, { servername: 'gone.example.com' }), 'ECONNRESET');
  const web = await connect({ servername: 'web.test' });
  await web.send('GET / HTTP/1.1\r\nHost: web.test\r\n\r\n');
  assert.equal((await web.response()).body, 'web');
  await web.send('GET / HTTP/1.1\r\nHost: abc.example.com\r\n\r\n');
  assert.equal((await web.response()).status, 421);
  await eventually('nothing to be kept', () => proxy.counters.get('tlsHandshaking') === 0);
});

test('where TLS ends at the listener, a backend gets what is inside, in clear or sealed anew', async t => {
  const certificate = certificateOf(ANY);
  const [plain, sealed] = [await tcpServer(t, 'plain'), await tlsServer(t, 'sealed')];
  const tls = { serverName: 'abc.example.com', ca: sealed.pair.cert, isVerified: true };
  const { connect, proxy, port } = await scene(t, {
    listeners: [
      gatewayListener({
        serves: 'bytes',
        certificates: [certificate.id],
        streams: [
          { host: 'plain.test', backends: [{ cluster: 'plain', weight: 1 }] },
          { host: 'sealed.test', backends: [{ cluster: 'sealed', weight: 1 }] },
          { host: 'wrong.test', backends: [{ cluster: 'wrong', weight: 1 }] },
        ],
      }),
    ],
    certificates: [certificate],
    backends: [
      plain,
      { ...sealed, cluster: { protocol: 'https', tls } },
      { ...sealed, name: 'wrong', cluster: { protocol: 'https', tls: { ...tls, serverName: 'not.test' } } },
    ],
  });
  const text = 'x'.repeat(300_000);
  for (const ALPNProtocols of [undefined, ['h2', 'http/1.1']]) {
    const client = await connect({ servername: 'plain.test', ...(ALPNProtocols && { ALPNProtocols }) });
    assert.equal(client.tls.alpnProtocol, false, 'what is spoken is not known here');
    assert.equal(client.tls.getPeerX509Certificate()?.subject, 'CN=any');
    assert.equal(await heard(client, text, text.length + 7), `plain: ${text}`);
    client.destroy();
  }
  const client = await connect({ servername: 'sealed.test' });
  assert.equal(await heard(client, text, text.length), text);
  client.destroy();
  assert.notEqual(await failureOf(port, { servername: 'wrong.test' }), undefined);
  assert.equal(await failureOf(port, { servername: 'other.test' }), 'ECONNRESET');
  await eventually('all memory to be given back', () => proxy.keptBytes === 0);
});
