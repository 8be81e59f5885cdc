/** Client certificates on ports of Gateways, and which sessions are resumed under which rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { GatewayPort } from '../../src/model/gateway-port.ts';
import type { ClientCertificatePolicy } from '../../src/model/tls-host.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayListener, portChanges } from '../support/gateway-ports.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { deltaOf, published } from '../support/routes.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';
import { ANY, failureOf, says, scene, to } from './tls-scene.ts';

const CA = selfSigned({ commonName: 'ca', isCa: true });
const OTHER_CA = selfSigned({ commonName: 'other ca', isCa: true });
const CLIENT = selfSigned({ commonName: 'client', issuer: CA });
const STRANGER = selfSigned({ commonName: 'stranger', issuer: OTHER_CA });
const EXPIRED = selfSigned({ commonName: 'late', issuer: CA, notAfter: Date.now() - 60_000 });

function shown({ key, cert }: SelfSigned): ConnectionOptions {
  return { key, cert };
}

/** All of its listeners ask for certificates. */
function asking(port: GatewayPort, clientCertificate: ClientCertificatePolicy): GatewayPort {
  return { ...port, listeners: port.listeners.map(listener => ({ ...listener, clientCertificate })) };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: where only valid client certificates count, the handshake fails without one`, async t => {
    const certificate = certificateOf(ANY);
    const { port, proxy } = await scene(t, {
      listeners: [
        gatewayListener({
          certificates: [certificate.id],
          clientCertificate: { policy: 'valid by ca', mode: 'valid-only', ca: CA.cert },
        }),
      ],
      certificates: [certificate],
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
    listeners: [
      gatewayListener({
        certificates: [certificate.id],
        clientCertificate: { policy: 'any', mode: 'unverified', ca: CA.cert },
      }),
    ],
    certificates: [certificate],
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
    change(asking(port, policy));
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
      ports: portChanges([asking(port, clientCertificate)]),
    }),
  );
  assert.equal(await status(), 421);
});
