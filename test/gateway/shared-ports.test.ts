/** Listeners of Gateways on the program's own ports, where Services are served, too. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Delta } from '../../src/model/delta.ts';
import type { GatewayListener, GatewayPort } from '../../src/model/gateway-port.ts';
import type { Route } from '../../src/model/route.ts';
import type { ClientCertificatePolicy } from '../../src/model/tls-host.ts';
import { gatewayListener, gatewayPort, portChanges } from '../support/gateway-ports.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import type { RawClient, TlsClient } from '../support/raw-client.ts';
import { clusterOf, deltaOf, published, route } from '../support/routes.ts';
import { selfSigned } from '../support/self-signed.ts';
import { certificateOf } from '../support/tls-names.ts';
import { ANY, type Backend, says, to } from './tls-scene.ts';

const OWN = selfSigned({ names: ['svc.example'], commonName: 'of Services' });
const CA = selfSigned({ commonName: 'ca', isCa: true });
const CLIENT = selfSigned({ commonName: 'client', issuer: CA });
const NAMES = ['gate', 'shop', 'a', 'svc', 'deep', 'tools', 'b', 'own'] as const;

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly plain: GatewayPort;
  readonly tls: GatewayPort;
  readonly change: (ports: readonly GatewayPort[], removals?: readonly GatewayPort[]) => void;
}

/** A route of an annotated Service. */
function ofService(name: string, host: string, path = '/'): Route {
  return route(path, { host, service: { namespace: 'default', name }, cluster: name, stripPrefix: false });
}

/** A proxy with both ports, on which listeners with these hostnames are served. Each backend says its name. */
async function scene(
  t: TestContext,
  hostnames: readonly string[],
  routes: (port: GatewayPort) => readonly Route[],
  services: readonly Route[],
  fields: Partial<GatewayListener> = {},
): Promise<Scene> {
  const tlsHosts = [{ host: 'own.example', certificate: OWN, clientCa: CA }];
  const proxy = await startProxy(t, 'wire', { routes: [], tls: { certificate: OWN, hosts: tlsHosts } });
  const certificate = certificateOf(ANY);
  const listeners = hostnames.map(hostname => gatewayListener({ hostname, certificates: [certificate.id], ...fields }));
  const shared = { isShared: true as const, listeners };
  const plain = await gatewayPort({ ...shared, listen: proxy.address, publicPort: 80 });
  const tls = await gatewayPort({ ...shared, listen: proxy.tlsAddress, publicPort: 443, transport: 'tls' });
  const backends = await Promise.all(NAMES.map(name => says(t, name)));
  const upserts = [...services, ...routes(plain), ...routes(tls)];
  const delta: Delta = {
    ...deltaOf({ version: 1, upserts, removals: [] }),
    clusters: { upserts: backends.map(({ name }) => clusterOf(ofService(name, ''))), removals: [] },
    endpoints: backends.map(endpointsOf),
  };
  proxy.apply(published({ ...delta, ports: portChanges([plain, tls], [], [certificate]) }));
  const change: Scene['change'] = (ports, removals = []) =>
    proxy.apply(
      published({
        ...deltaOf({ version: 2, upserts: [], removals: [] }),
        ports: portChanges(
          ports,
          removals.map(({ id }) => id),
        ),
      }),
    );
  return { proxy, plain, tls, change };
}

function endpointsOf({ name, address: { host: address, port } }: Backend): Delta['endpoints'][number] {
  const endpoint = { id: name, address, port, pod: '', zone: '', weight: 1, state: 'ready' as const };
  return { cluster: name, revision: 1, endpoints: [endpoint] };
}

async function said(client: RawClient, host: string, path = '/'): Promise<string> {
  await client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const { status, body } = await client.response();
  return status === 200 ? body.toString() : String(status);
}

async function bothSay({ proxy }: Scene, host: string, path: string): Promise<string> {
  const inClear = await said(await proxy.connectInClear(), host, path);
  const secured = await said(await proxy.connectTls({ servername: host }), host, path);
  assert.equal(secured, inClear, 'on the TLS port');
  return inClear;
}

/** Whom the certificate that a client has got is for. */
function shown({ tls }: TlsClient): string {
  return tls.getPeerCertificate().subject.CN as string;
}

const SERVICES = [
  ofService('svc', 'svc.example', '/app'),
  ofService('b', 'b.shop.example'),
  ofService('deep', '*.deep.shop.example'),
  ofService('tools', '', '/tools'),
];
const HOSTNAMES = ['', '*.shop.example', 'a.shop.example'];

function ofListeners(port: GatewayPort): Route[] {
  return [to(port, '', 'gate'), to(port, '*.shop.example', 'shop'), to(port, 'a.shop.example', 'a')];
}

test('the closest name takes a host, be it that of a listener or of a Service', async t => {
  const all = await scene(t, HOSTNAMES, ofListeners, SERVICES);
  const rows: [host: string, path: string, who: string][] = [
    ['a.shop.example', '/', 'a'],
    ['a.shop.example', '/tools', 'a'],
    ['x.shop.example', '/', 'shop'],
    ['x.y.shop.example', '/', 'shop'],
    ['b.shop.example', '/', 'b'],
    ['x.deep.shop.example', '/', 'deep'],
    ['deep.shop.example', '/', 'shop'],
    ['svc.example', '/app', 'svc'],
    ['other.example', '/', 'gate'],
    // A Service without a host comes, by its path, before a listener without a hostname.
    ['other.example', '/tools/x', 'tools'],
    ['x.shop.example', '/tools', 'shop'],
  ];
  for (const [host, path, who] of rows) assert.equal(await bothSay(all, host, path), who, `${host}${path}`);
});

test('a listener gets no path of a host that a Service names', async t => {
  const all = await scene(t, HOSTNAMES, ofListeners, SERVICES);
  assert.equal(await bothSay(all, 'svc.example', '/'), '404');
  assert.equal(await bothSay(all, 'svc.example', '/tools'), 'tools');
});

test('a request without a host goes to the listener without a hostname', async t => {
  const { proxy } = await scene(t, HOSTNAMES, ofListeners, SERVICES);
  const client = await proxy.connectInClear();
  await client.send('GET / HTTP/1.0\r\n\r\n');
  assert.match((await client.response()).body.toString(), /gate/);
});

test('a listener for some hosts leaves all others as they are', async t => {
  const all = await scene(t, ['shop.example'], port => [to(port, 'shop.example', 'shop')], SERVICES);
  assert.equal(await bothSay(all, 'other.example', '/'), '404');
  assert.equal(await bothSay(all, 'other.example', '/tools'), 'tools');
  assert.equal(await bothSay(all, 'shop.example', '/tools'), 'shop');
});

test('listeners without TLS say nothing of the TLS port, nor those with TLS of the other one', async t => {
  const { proxy, plain, tls, change } = await scene(t, HOSTNAMES, ofListeners, SERVICES);
  change([plain], [tls]);
  assert.equal(await said(await proxy.connectTls({ servername: 'x.shop.example' }), 'x.shop.example'), '404');
  assert.equal(await said(await proxy.connectTls({}), 'x.shop.example', '/tools'), 'tools');
  assert.equal(await said(await proxy.connectInClear(), 'x.shop.example'), 'shop');
  change([tls], [plain]);
  assert.equal(await said(await proxy.connectTls({ servername: 'x.shop.example' }), 'x.shop.example'), 'shop');
  assert.equal(await said(await proxy.connectInClear(), 'x.shop.example'), '404');
});

test('a server name gets the certificate of whoever has the host', async t => {
  const { proxy } = await scene(t, ['*.shop.example'], () => [], SERVICES);
  const rows: [servername: string, commonName: string][] = [
    ['x.shop.example', 'any'],
    ['b.shop.example', 'of Services'],
    ['svc.example', 'of Services'],
    ['unknown.example', 'of Services'],
  ];
  for (const [servername, commonName] of rows) {
    assert.equal(shown(await proxy.connectTls({ servername })), commonName, servername);
  }
});

test('a connection whose server name has led elsewhere carries no request for a listener', async t => {
  const { proxy } = await scene(t, HOSTNAMES, ofListeners, SERVICES);
  for (const servername of ['svc.example', 'x.shop.example']) {
    const client = await proxy.connectTls({ servername });
    assert.equal(await said(client, 'a.shop.example'), '421', servername);
  }
});

test('rules for client certificates of a listener count for no Service, nor those of a Service for a listener', async t => {
  const clientCertificate: ClientCertificatePolicy = { policy: 'of the listener', mode: 'valid-only', ca: CA.cert };
  const services = [...SERVICES, ofService('own', 'own.example')];
  const { proxy } = await scene(t, ['*.shop.example'], port => [to(port, '*.shop.example', 'shop')], services, {
    clientCertificate,
  });
  const identity = { key: CLIENT.key, cert: CLIENT.cert };
  const ofListener = await proxy.connectTls({ servername: 'x.shop.example', ...identity });
  assert.equal(await said(ofListener, 'x.shop.example'), 'shop');
  assert.equal(await said(ofListener, 'svc.example', '/app'), '421');
  assert.equal(await said(ofListener, 'own.example'), '421');
  const ofService_ = await proxy.connectTls({ servername: 'own.example', ...identity });
  assert.equal(await said(ofService_, 'own.example'), 'own');
  assert.equal(await said(ofService_, 'x.shop.example'), '421');
});

test('listeners come and go while connections stay', async t => {
  const { proxy, plain, tls, change } = await scene(t, HOSTNAMES, ofListeners, SERVICES);
  const client = await proxy.connectInClear();
  assert.equal(await said(client, 'x.shop.example'), 'shop');
  change([{ ...plain, listeners: plain.listeners.filter(({ hostname }) => hostname === '') }]);
  assert.equal(await said(client, 'x.shop.example'), 'gate');
  change([], [plain, tls]);
  assert.equal(await said(client, 'x.shop.example'), '404');
  assert.equal(await said(client, 'x.shop.example', '/tools'), 'tools');
});

test('bytes for a host that a listener passes on go to its backend', async t => {
  const streams = [{ host: 'pass.example', backends: [{ cluster: 'gate', weight: 1 }] }];
  const { proxy } = await scene(t, ['pass.example'], () => [], SERVICES, { serves: 'bytes', streams });
  const client = await proxy.connectTls({ servername: 'pass.example' });
  assert.equal(shown(client), 'any');
  // The backend is one of HTTP, and hears what was said inside of TLS.
  assert.equal(await said(client, 'whatever.example'), 'gate');
  assert.equal(await said(await proxy.connectTls({ servername: 'svc.example' }), 'svc.example', '/app'), 'svc');
});
