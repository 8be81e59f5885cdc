import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { ClientMemory } from '../../../../src/dataplane/transport/client-memory.ts';
import { connectTransport } from '../../../../src/dataplane/transport/connect.ts';
import { ReadBuffers } from '../../../../src/dataplane/transport/read-buffers.ts';
import { ClientHandshake, type HandshakeError } from '../../../../src/dataplane/transport/tls/client-handshake.ts';
import type { Transport } from '../../../../src/dataplane/transport/transport.ts';
import type { UpstreamTls } from '../../../../src/model/cluster.ts';
import { atEnd } from '../../../support/cleanup.ts';
import { selfSigned } from '../../../support/self-signed.ts';

const CA = selfSigned({ commonName: 'ca', isCa: true });
const LEAF = selfSigned({ commonName: 'leaf', names: ['a.example'], issuer: CA });
const TRUSTED: UpstreamTls = { serverName: 'a.example', ca: CA.cert, isVerified: true };

async function listening<S extends Server>(t: TestContext, server: S): Promise<number> {
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  atEnd(t, () => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A server that sends back what it gets. */
async function echo(t: TestContext, options: TlsOptions = {}): Promise<number> {
  const server = createServer({ key: LEAF.key, cert: LEAF.cert, ...options }, socket => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  return listening(t, server);
}

interface Outcome {
  readonly protocol: string;
  readonly transport: Transport;
  received(): Buffer;
  readonly end: Promise<string | undefined>;
}

/** Connects, and gathers what comes. @throws HandshakeError */
function connect(t: TestContext, port: number, tls: UpstreamTls, protocols: readonly string[] = []): Promise<Outcome> {
  const memory = new ClientMemory(1 << 30, () => 1);
  const buffers = new ReadBuffers(memory);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const { promise: end, resolve: ended } = Promise.withResolvers<string | undefined>();
    const crashed = reject;
    const owner = {
      readBuffer: () => Buffer.allocUnsafeSlow(64 * 1024),
      read: (bytes: Buffer, size: number) => parts.push(Buffer.from(bytes.subarray(0, size))) > 0,
      ended: () => ended('ended'),
      closed: ended,
      drained: () => undefined,
      writeFailed: () => undefined,
      crashed,
    };
    const connected = (open: ConstructorParameters<typeof ClientHandshake>[1]): void => {
      void new ClientHandshake({ memory, buffers }, open, tls, protocols, {
        secured: (openSecured, protocol) => {
          const transport = openSecured(owner);
          atEnd(t, () => transport.destroy());
          transport.resume();
          resolve({ protocol, transport, received: () => Buffer.concat(parts), end });
        },
        handshakeFailed: reject,
        crashed,
      });
    };
    const lookup = (_: string, __: unknown, callback: (error: null, address: string, family: number) => void): void =>
      callback(null, '127.0.0.1', 4);
    connectTransport({ host: '127.0.0.1', port, lookup: lookup as never }, memory, {
      connected,
      connectFailed: reject,
      crashed,
    });
  });
}

test('a certificate of the CA for the name is trusted, and bytes go both ways', async t => {
  const port = await echo(t, { ALPNProtocols: ['h2', 'http/1.1'] });
  for (const [protocols, agreed] of [
    [[], ''],
    [['h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
  ] as const) {
    const { protocol, transport, received } = await connect(t, port, TRUSTED, protocols);
    assert.equal(protocol, agreed);
    const sent = Buffer.alloc(1_000_000, 'abcdefghijk');
    transport.writeText('head');
    transport.writeBytes(sent, () => undefined);
    transport.writeText('tail');
    while (received().length < sent.length + 8) await new Promise(setImmediate);
    assert.equal(received().equals(Buffer.concat([Buffer.from('head'), sent, Buffer.from('tail')])), true);
  }
});

test('an untrusted certificate, and one for another name, are refused with what is wrong', async t => {
  const port = await echo(t);
  const refused = async (tls: Partial<UpstreamTls>, code: string): Promise<void> => {
    await assert.rejects(connect(t, port, { ...TRUSTED, ...tls }), (error: HandshakeError) => {
      assert.equal(error.code, code, error.message);
      return true;
    });
  };
  await refused({ serverName: 'b.example' }, 'ERR_TLS_CERT_ALTNAME_INVALID');
  await refused({ serverName: '127.0.0.2' }, 'ERR_TLS_CERT_ALTNAME_INVALID');
  await refused({ ca: selfSigned({ commonName: 'other', isCa: true }).cert }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  const { transport } = await connect(t, port, { serverName: 'b.example', isVerified: false });
  assert.equal(transport.isOpen, true);
  await connect(t, port, { ...TRUSTED, serverName: '127.0.0.1' });
});

test('an expired certificate is refused', async t => {
  const expired = selfSigned({ commonName: 'old', names: ['a.example'], issuer: CA, notAfter: Date.now() - 60_000 });
  const port = await echo(t, { key: expired.key, cert: expired.cert });
  await assert.rejects(connect(t, port, TRUSTED), { code: 'CERT_HAS_EXPIRED' });
});

test('no protocol in common, no TLS at all, and a server that leaves: each is an error with a code', async t => {
  const http1 = await echo(t, { ALPNProtocols: ['http/1.1'] });
  await assert.rejects(connect(t, http1, TRUSTED, ['h2']), { code: /ALERT_NO_APPLICATION_PROTOCOL/ });
  const old = await echo(t, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
  await assert.rejects(connect(t, old, TRUSTED), { code: /PROTOCOL/ });
  const plain = await listening(
    t,
    createTcpServer(socket => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  await assert.rejects(connect(t, plain, TRUSTED), { code: /^ERR_SSL_/ });
  for (const leave of ['resetAndDestroy', 'end'] as const) {
    const port = await listening(
      t,
      createTcpServer(socket => void socket.on('error', () => undefined).once('data', () => socket[leave]())),
    );
    await assert.rejects(connect(t, port, TRUSTED), { code: 'ECONNRESET' });
  }
});

test('close_notify of the server is the end of what it sends', async t => {
  const server = createServer({ key: LEAF.key, cert: LEAF.cert }, socket => socket.end('bye'));
  const { received, end } = await connect(t, await listening(t, server), TRUSTED);
  assert.equal(await end, 'ended');
  assert.equal(received().toString(), 'bye');
});
