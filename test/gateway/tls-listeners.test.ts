/** Ports of Gateways with TLS: the server's name chooses a listener, and with it certificate, client certificates and where bytes go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { connect as connectTlsRaw } from 'node:tls';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayListener, portChanges } from '../support/gateway-ports.ts';
import { RawClient } from '../support/raw-client.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { deltaOf, published } from '../support/routes.ts';
import { selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';
import { ANY, failureOf, says, scene, to } from './tls-scene.ts';

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
