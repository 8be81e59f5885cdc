/** Ports of Gateways with TLS: the server's name chooses a listener, and with it certificate, client certificates and where bytes go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect as connectTlsRaw, createServer } from 'node:tls';
import type { Certificate } from '../../src/model/certificate.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { GatewayListener, GatewayPort } from '../../src/model/gateway-port.ts';
import type { Route } from '../../src/model/route.ts';
import type { Settings } from '../../src/settings/schema.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayListener, gatewayPort, portChanges } from '../support/gateway-ports.ts';
import { gatewayRoute } from '../support/gateway-routes.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { clusterOf, deltaOf, published } from '../support/routes.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';

interface Backend {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly cluster?: Partial<Cluster>;
}

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly port: GatewayPort;
  readonly connect: (options: ConnectionOptions) => ReturnType<typeof RawClient.connectTls>;
}

interface SceneParts {
  readonly listeners: readonly GatewayListener[];
  readonly certificates?: readonly Certificate[];
  readonly port?: Partial<GatewayPort>;
  readonly backends?: readonly Backend[];
  readonly routes?: (port: GatewayPort) => readonly Route[];
  readonly settings?: Partial<Settings>;
}

/** A proxy that listens on one port with TLS, beside its own. */
async function scene(t: TestContext, parts: SceneParts): Promise<Scene> {
  const { listeners, certificates = [], backends = [], routes = () => [], settings = {} } = parts;
  const port = await gatewayPort({ transport: 'tls', listeners, ...parts.port });
  const proxy = await startProxy(t, 'wire', { routes: [], settings });
  const delta = deltaOf({ version: 1, upserts: [...routes(port)], removals: [] });
  const named = backends.map(({ name, address: { host, port: at }, cluster }) => {
    const own = clusterOf({ cluster: name, service: { namespace: 'default', name } });
    const endpoint = {
      id: `${host}:${at}`,
      address: host,
      port: at,
      pod: '',
      zone: '',
      weight: 1,
      state: 'ready' as const,
    };
    return { cluster: { ...own, ...cluster }, endpoints: { cluster: name, revision: 1, endpoints: [endpoint] } };
  });
  proxy.apply(
    published({
      ...delta,
      clusters: { upserts: named.map(({ cluster }) => cluster), removals: [] },
      endpoints: named.map(({ endpoints }) => endpoints),
      ports: portChanges([port], [], certificates),
    }),
  );
  await proxy.listenPort(port.id);
  const connect: Scene['connect'] = async options => {
    const client = await RawClient.connectTls(port.listen, options);
    atEnd(t, () => client.destroy());
    return client;
  };
  return { proxy, port, connect };
}

/** A route of a listener, named after the Service that it leads to. */
function to(port: GatewayPort, hostname: string, name: string): Route {
  return gatewayRoute(name, '/', {
    listener: { port: port.id, hostname, match: `${hostname} ${name}` },
    service: { namespace: 'default', name },
    cluster: name,
  });
}

async function says(t: TestContext, name: string): Promise<Backend> {
  const { address } = await RawUpstream.start(t, async request => {
    await request.connection.send(answer(name));
  });
  return { name, address };
}

/** What the server of TLS has told the client of its end; undefined where the handshake went well. */
async function failureOf(port: GatewayPort, options: ConnectionOptions): Promise<string | undefined> {
  const socket = connectTlsRaw({ ...port.listen, rejectUnauthorized: false, ...options });
  try {
    await once(socket, 'secureConnect');
    socket.write('GET / HTTP/1.1\r\nHost: none\r\n\r\n');
    // TLS 1.3: the client is done before the server has judged its certificate.
    return await new Promise<string | undefined>(resolve => {
      socket.once('data', () => resolve(undefined));
      socket.once('error', error => resolve(String(Reflect.get(error, 'code'))));
      socket.once('close', () => resolve('closed'));
    });
  } catch (error) {
    return String(Reflect.get(error as object, 'code'));
  } finally {
    socket.destroy();
  }
}

const ANY = selfSigned({ names: ['*', '*.org', '*.wildcard.org'], commonName: 'any' });

test('a request is misdirected whose host is that of another listener than the server name', async t => {
  const certificate = certificateOf(ANY);
  const hostnames = ['', 'second-example.org', '*.wildcard.org', 'fourth-example.wildcard.org'];
  const { port } = await scene(t, {
    listeners: hostnames.map(hostname => gatewayListener({ hostname, certificates: [certificate.id] })),
    certificates: [certificate],
    backends: await Promise.all(['v1', 'v2', 'v3', 'v4'].map(name => says(t, name))),
    routes: at => [
      { ...to(at, '', 'v1'), host: 'example.org' },
      { ...to(at, 'second-example.org', 'v2'), host: 'second-example.org' },
      { ...to(at, '*.wildcard.org', 'v3'), host: '*.wildcard.org' },
      { ...to(at, 'fourth-example.wildcard.org', 'v4'), host: 'fourth-example.wildcard.org' },
    ],
  });
  const rows: [servername: string, host: string, expected: number | string][] = [
    ['example.org', 'example.org', 'v1'],
    ['example.org', 'second-example.org', 421],
    ['example.org', 'unknown-example.org', 404],
    ['second-example.org', 'second-example.org', 'v2'],
    ['second-example.org', 'example.org', 421],
    ['second-example.org', 'unknown-example.org', 421],
    ['third-example.wildcard.org', 'third-example.wildcard.org', 'v3'],
    ['third-example.wildcard.org', 'fifth-example.wildcard.org', 'v3'],
    ['third-example.wildcard.org', 'fourth-example.wildcard.org', 421],
    ['third-example.wildcard.org', 'second-example.org', 421],
    ['third-example.wildcard.org', 'unknown-example.org', 421],
    ['fourth-example.wildcard.org', 'fourth-example.wildcard.org', 'v4'],
    ['fourth-example.wildcard.org', 'fifth-example.wildcard.org', 421],
    ['unknown-example.org', 'example.org', 'v1'],
    ['unknown-example.org', 'unknown-example.org', 404],
  ];
  for (const [servername, host, expected] of rows) {
    const session = connectHttp2(`https://${port.id}`, { servername, rejectUnauthorized: false });
    atEnd(t, () => session.destroy());
    const stream = session.request({ ':authority': host, ':path': '/' });
    const [headers] = (await once(stream, 'response')) as [{ readonly ':status': number }];
    let body = '';
    stream.setEncoding('utf8').on('data', text => {
      body += text;
    });
    await once(stream, 'end');
    const status = headers[':status'];
    assert.equal(status === 200 ? body : status, expected, `${servername} / ${host}`);
    session.close();
  }
});

test('a listener has several certificates: the longest name for the server decides, then the first', async t => {
  const pairs = [
    selfSigned({ names: ['other.test'], commonName: 'first' }),
    selfSigned({ names: ['*.a.test'], commonName: 'wildcard' }),
    selfSigned({ names: ['x.a.test', 'y.test'], commonName: 'exact' }),
  ];
  const certificates = pairs.map(certificateOf);
  const { connect, proxy, port } = await scene(t, {
    listeners: [gatewayListener({ hostname: '*.test', certificates: certificates.map(({ id }) => id) })],
    certificates,
  });
  const rows = [
    ['x.a.test', 'exact'],
    ['z.a.test', 'wildcard'],
    ['X.A.TEST', 'exact'],
    ['y.test', 'exact'],
    ['z.y.a.test', 'first'],
    ['other.test', 'first'],
  ] as const;
  for (const [servername, commonName] of rows) {
    const client = await connect({ servername });
    assert.equal(client.tls.getPeerX509Certificate()?.subject, `CN=${commonName}`, servername);
  }
  const renewed = certificateOf(selfSigned({ names: ['x.a.test'], commonName: 'renewed' }));
  proxy.apply(
    published({
      ...deltaOf({ version: 2, upserts: [], removals: [] }),
      ports: portChanges(
        [{ ...port, listeners: [gatewayListener({ hostname: '*.test', certificates: [renewed.id] })] }],
        [],
        [renewed],
      ),
    }),
  );
  const client = await connect({ servername: 'x.a.test' });
  assert.equal(client.tls.getPeerX509Certificate()?.subject, 'CN=renewed');
});

test('a server name without a listener is not recognised, and neither is none, unless a listener takes all hosts', async t => {
  const certificate = certificateOf(ANY);
  const strict = await scene(t, {
    listeners: [gatewayListener({ hostname: 'a.test', certificates: [certificate.id] })],
    certificates: [certificate],
  });
  for (const servername of ['b.test', 'a.test.other', '']) {
    assert.equal(await failureOf(strict.port, { servername }), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME', servername);
  }
  await eventually('them to be counted', () => strict.proxy.counters.get('tlsUnknownNames') === 3);
  assert.equal(await failureOf(strict.port, { servername: 'a.test' }), undefined);
  const open = await scene(t, {
    listeners: [gatewayListener({ certificates: [certificate.id] })],
    certificates: [certificate],
  });
  for (const servername of ['b.test', '']) assert.equal(await failureOf(open.port, { servername }), undefined);
});

const CA = selfSigned({ commonName: 'ca', isCa: true });
const OTHER_CA = selfSigned({ commonName: 'other ca', isCa: true });
const CLIENT = selfSigned({ commonName: 'client', issuer: CA });
const STRANGER = selfSigned({ commonName: 'stranger', issuer: OTHER_CA });
const EXPIRED = selfSigned({ commonName: 'late', issuer: CA, notAfter: Date.now() - 60_000 });

function shown({ key, cert }: SelfSigned): ConnectionOptions {
  return { key, cert };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: where only valid client certificates count, the handshake fails without one`, async t => {
    const certificate = certificateOf(ANY);
    const { port, proxy } = await scene(t, {
      listeners: [gatewayListener({ certificates: [certificate.id] })],
      certificates: [certificate],
      port: { clientCertificate: { policy: 'valid by ca', mode: 'valid-only', ca: CA.cert } },
    });
    const only = { minVersion: version, maxVersion: version, servername: 'a.test' };
    assert.equal(await failureOf(port, { ...only, ...shown(CLIENT) }), undefined);
    const expected = version === 'TLSv1.2' ? /HANDSHAKE_FAILURE/ : /CERTIFICATE_REQUIRED/;
    assert.match((await failureOf(port, only)) ?? '', expected);
    for (const pair of [STRANGER, EXPIRED]) {
      assert.notEqual(await failureOf(port, { ...only, ...shown(pair) }), undefined, pair.commonName);
    }
    await eventually('them to be counted', () => proxy.counters.get('tlsClientCertificates') === 3);
  });
}

test('where client certificates are not verified, all are taken, and the upstream is told what is wrong with them', async t => {
  const certificate = certificateOf(ANY);
  const upstream = await RawUpstream.start(t);
  const { connect } = await scene(t, {
    listeners: [gatewayListener({ certificates: [certificate.id] })],
    certificates: [certificate],
    port: { clientCertificate: { policy: 'any', mode: 'unverified', ca: CA.cert } },
    backends: [{ name: 'v1', address: upstream.address }],
    routes: at => [to(at, '', 'v1')],
  });
  const rows: [pair: SelfSigned | undefined, said: RegExp][] = [
    [CLIENT, /^SUCCESS$/],
    [STRANGER, /^FAILED:unable to (get local issuer|verify the first) certificate$/],
    [EXPIRED, /^FAILED:certificate has expired$/],
    [undefined, /^NONE$/],
  ];
  for (const [pair, said] of rows) {
    const client = await connect({ servername: 'a.test', ...(pair && shown(pair)) });
    await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.match(upstream.requests.at(-1)?.header('x-client-cert-verify') ?? '', said);
  }
});

test('a session is resumed at its own listener, under its own rules for client certificates, and nowhere else', async t => {
  const certificate = certificateOf(ANY);
  const listeners = ['a.test', '*.b.test'].map(hostname =>
    gatewayListener({ hostname, certificates: [certificate.id] }),
  );
  const { connect, proxy, port } = await scene(t, { listeners, certificates: [certificate] });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const only = { minVersion: version, maxVersion: version };
    const resumes = async (servername: string, session?: Buffer): Promise<boolean> => {
      const client = await connect({ servername, ...only, ...(session && { session }) });
      await client.send(`GET / HTTP/1.1\r\nHost: ${servername}\r\n\r\n`);
      await client.response();
      ticket = client.session ?? ticket;
      return client.tls.isSessionReused();
    };
    let ticket: Buffer | undefined;
    assert.equal(await resumes('a.test'), false);
    await eventually('a ticket', () => ticket !== undefined);
    const ofA = ticket as Buffer | undefined;
    assert.equal(await resumes('x.b.test', ofA), false, 'another listener');
    assert.equal(await resumes('a.test', ofA), true);
    const policy = { policy: `optional ${version}`, mode: 'unverified' as const, ca: CA.cert };
    const change = (changed: GatewayPort): void =>
      proxy.apply(published({ ...deltaOf({ version: 2, upserts: [], removals: [] }), ports: portChanges([changed]) }));
    change({ ...port, clientCertificate: policy });
    assert.equal(await resumes('a.test', ofA), false, 'another policy');
    change(port);
  }
});

test('a session that was made under other rules for client certificates is misdirected', async t => {
  const certificate = certificateOf(ANY);
  const { connect, proxy, port } = await scene(t, {
    listeners: [gatewayListener({ certificates: [certificate.id] })],
    certificates: [certificate],
    backends: [await says(t, 'v1')],
    routes: at => [to(at, '', 'v1')],
  });
  const client = await connect({ servername: 'a.test' });
  const status = async (): Promise<number> => {
    await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    return (await client.response()).status;
  };
  assert.equal(await status(), 200);
  const clientCertificate = { policy: 'valid by ca', mode: 'valid-only' as const, ca: CA.cert };
  proxy.apply(
    published({
      ...deltaOf({ version: 2, upserts: [], removals: [] }),
      ports: portChanges([{ ...port, clientCertificate }]),
    }),
  );
  assert.equal(await status(), 421);
});

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

test('a header of the PROXY protocol comes before the handshake, and its address reaches the upstream', async t => {
  const certificate = certificateOf(ANY);
  const upstream = await RawUpstream.start(t);
  const { port } = await scene(t, {
    listeners: [gatewayListener({ certificates: [certificate.id] })],
    certificates: [certificate],
    backends: [{ name: 'v1', address: upstream.address }],
    routes: at => [to(at, '', 'v1')],
    settings: { proxyProtocol: ['127.0.0.0/8'] },
  });
  const carrier = connectTcp(port.listen);
  carrier.write('PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n');
  const tls = connectTlsRaw({ socket: carrier, servername: 'a.test', rejectUnauthorized: false });
  atEnd(t, () => void tls.destroy());
  await once(tls, 'secureConnect');
  tls.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  await once(tls, 'data');
  assert.equal(upstream.only.header('x-forwarded-for'), '192.0.2.7');
});

test('plain HTTP on a port with TLS is told so', async t => {
  const certificate = certificateOf(ANY);
  const { port } = await scene(t, {
    listeners: [gatewayListener({ certificates: [certificate.id] })],
    certificates: [certificate],
  });
  const client = await RawClient.connect(port.listen);
  atEnd(t, () => client.destroy());
  await client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  const response = await client.response();
  assert.equal(response.status, 400);
});
