import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChanceView } from '../../src/admin/endpoint-choice-view.ts';
import type { RequestFacts } from '../../src/control/asked-request.ts';
import { RouteTable } from '../../src/routing/table.ts';
import { refused, warned } from '../support/diagnostics.ts';
import { ask, exchange, get, header } from '../support/exchange.ts';
import { gatewayRoute, PORT } from '../support/gateway-routes.ts';
import { endpointReport, observedCluster } from '../support/observed-clusters.ts';
import { route, served } from '../support/routes.ts';
import { adminServer } from './admin-fixture.ts';

test('/healthz is 200 and empty, whatever the method', async context => {
  const { at, control } = await adminServer(context);
  control.isInitialised = false;
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PROPFIND']) {
    const response = await ask(at, method, '/healthz', method === 'POST' ? 'x' : undefined);
    assert.equal(response.status, 200, method);
    assert.deepEqual(header(response, 'content-length'), ['0'], method);
  }
});

test('/is-dynamic-lb-initialized is 200 once the first table serves, 500 before', async context => {
  const { at, control } = await adminServer(context);
  control.isInitialised = false;
  assert.equal((await get(at, '/is-dynamic-lb-initialized')).status, 500);
  control.isInitialised = true;
  const response = await get(at, '/is-dynamic-lb-initialized');
  assert.equal(response.status, 200);
  assert.equal(response.body, 'OK\n');
});

test('/metrics gives what the control plane says, with its type', async context => {
  const { at, control } = await adminServer(context);
  control.metricsBody = 'nginx_up 1\n';
  const response = await get(at, '/metrics');
  assert.equal(response.status, 200);
  assert.deepEqual(header(response, 'content-type'), ['text/plain; version=0.0.4; charset=utf-8']);
  assert.equal(response.body, 'nginx_up 1\n');
});

test('/routes shows the table, its sources, what was refused and who waits', async context => {
  const { at, control } = await adminServer(context);
  const service = { namespace: 'storage', name: 'volume' };
  const volume = route('/volume', {
    host: 'example.com',
    service,
    createdAt: '2026-01-02T03:04:05Z',
    overrides: { readTimeoutMs: 5000 },
  });
  control.table = RouteTable.of([volume], 42);
  const at8080 = [{ address: '10.0.0.1', port: 8080 }];
  control.clusters.set(volume.cluster, served(volume, { name: 'storage-volume-http', counterBlock: 7, at: at8080 }));
  control.isDraining = true;
  control.sourceReport = { kind: 'kube', synced: false, problem: 'connection refused' };
  control.refusalList = [refused(service, 'HEADLESS', 'has no ClusterIP', ['/volume'])];
  control.warningList = [warned(service, 'PortNotChosen', 'several ports', 'kube-entry.io/port')];
  control.conflictList = [{ host: '', path: '/x', winner: service, loser: { namespace: 'a', name: 'b' } }];

  const response = await get(at, '/routes');
  assert.equal(response.status, 200);
  assert.match(header(response, 'content-type').join(), /^application\/json\b/);
  assert.deepEqual(JSON.parse(response.body), {
    version: 42,
    initialised: true,
    draining: true,
    source: { kind: 'kube', synced: false, problem: 'connection refused' },
    connections: { active: 0, accepted: 0, handled: 0, requests: 0, reading: 0, writing: 0, waiting: 0 },
    routes: [
      {
        host: 'example.com',
        path: '/volume',
        stripPrefix: true,
        rewriteRedirects: false,
        overrides: { readTimeoutMs: 5000 },
        backend: { name: 'storage-volume-http', balance: 'service', endpoints: [{ address: '10.0.0.1', port: 8080 }] },
        service: { namespace: 'storage', name: 'volume' },
        createdAt: '2026-01-02T03:04:05Z',
      },
    ],
    refusals: [{ service, reason: 'HEADLESS', message: 'has no ClusterIP', paths: ['/volume'] }],
    warnings: [{ service, reason: 'PortNotChosen', message: 'several ports', annotation: 'kube-entry.io/port' }],
    conflicts: [{ host: '', path: '/x', winner: service, loser: { namespace: 'a', name: 'b' } }],
  });
});

test('/explain says which route takes a request, what the upstream gets and why others lost', async context => {
  const { at, control } = await adminServer(context);
  control.table = RouteTable.of([
    route('/a'),
    route('/a/b', { host: '*.example.com' }),
    route('/a/b', { host: 'x.org' }),
  ]);
  const explain = async (query: string) => JSON.parse((await get(at, `/explain?${query}`)).body);

  const query = new URLSearchParams({ host: 'Shop.Example.COM:80', path: '/a/./b/c%2Fd?y=1&z' });
  const found = await explain(query.toString());
  assert.equal(found.host, 'shop.example.com');
  assert.equal(found.path, '/a/b/c%2Fd');
  assert.equal(found.upstreamTarget, '/c%2Fd?y=1&z');
  assert.equal(found.route.host, '*.example.com');
  assert.deepEqual(
    found.losers.map((loser: { route: { host: string; path: string }; reason: string }) => [
      loser.route.host,
      loser.route.path,
      loser.reason,
    ]),
    [
      ['', '/a', 'a more specific host wins'],
      ['x.org', '/a/b', 'it is for another host'],
    ],
  );

  assert.equal((await explain('path=/a')).route.path, '/a', 'no host at all, as in HTTP/1.0');
  const nothing = await explain('path=/nothing');
  assert.deepEqual([nothing.route, nothing.upstreamTarget, nothing.losers], [undefined, undefined, []]);
});

test('/explain says where a request would go, by the client and the headers that are given', async context => {
  const { at, control } = await adminServer(context);
  control.table = RouteTable.of([route('/cart')]);
  const asked: RequestFacts[] = [];
  control.reports.choose = (_id, facts) => {
    asked.push(facts);
    const chances = [
      { endpoint: endpointReport('a', { inFlight: 2 }), share: 1, exclusion: undefined },
      { endpoint: endpointReport('b', { health: 'ejected' }), share: 0, exclusion: 'ejected' as const },
    ];
    return { outcome: 'picks', chances };
  };
  const query = new URLSearchParams({ path: '/cart?id=1', 'client-ip': '192.0.2.7' });
  query.append('header', 'Cookie: a=1');
  query.append('header', 'cookie:b=2');
  query.append('header', 'X-User: 7');
  const { endpoints } = JSON.parse((await get(at, `/explain?${query}`)).body);
  assert.deepEqual(
    endpoints.endpoints.map(({ pod, share, exclusion }: ChanceView) => [pod, share, exclusion]),
    [
      ['a', 1, null],
      ['b', 0, 'ejected'],
    ],
  );
  const headers = new Map([
    ['cookie', 'a=1; b=2'],
    ['x-user', '7'],
  ]);
  assert.deepEqual(asked, [{ method: 'GET', host: '', path: '/cart', query: '?id=1', clientIp: '192.0.2.7', headers }]);
  assert.equal((await get(at, '/explain?path=/cart&header=nothing')).status, 400);
});

test('/explain says which rule of a Gateway takes a request, by listener, method, headers and server name', async context => {
  const { at, control } = await adminServer(context);
  const listeners = ['', '*.example.com'].map(hostname => ({
    ...{ name: `infra/web/${hostname || 'all'}`, hostname, serves: 'http' as const, certificates: [] },
  }));
  const port = { id: PORT, listen: { host: '127.0.0.1', port: 443 }, publicPort: 443, transport: 'tls' as const };
  control.portList = [{ ...port, listeners }];
  const conditions = { method: 'POST', headers: [{ name: 'version', value: 'two' }] };
  control.table = RouteTable.of([
    gatewayRoute('all', '/cart', { listener: { hostname: '*.example.com', rank: 'b' } }),
    gatewayRoute('two', '/cart', { listener: { hostname: '*.example.com', rank: 'a', conditions } }),
  ]);
  const explain = async (fields: Record<string, string>) => {
    const query = new URLSearchParams({ host: 'a.example.com', path: '/cart/1', ...fields });
    return get(at, `/explain?${query}`);
  };
  const plain = JSON.parse((await explain({ gateway: 'infra/web' })).body);
  assert.deepEqual(plain.at, { port: PORT, listener: 'infra/web/*.example.com' });
  assert.equal(plain.route.gateway.object.name, 'all');
  assert.equal(plain.losers[0].reason, 'its method is another one');
  const asked = { port: '443', method: 'POST', header: 'Version: two' };
  const two = JSON.parse((await explain(asked)).body);
  assert.deepEqual(two.route.gateway.conditions, conditions);
  assert.equal(two.rule, 'no other hostname takes it, its longest prefix, with method POST, header version=two');
  const misdirected = JSON.parse((await explain({ ...asked, sni: 'other.org' })).body);
  assert.deepEqual([misdirected.route, misdirected.at.sessionListener], [undefined, 'infra/web/all']);

  const elsewhere = JSON.parse((await explain({})).body);
  assert.deepEqual([elsewhere.route, elsewhere.gateways], [undefined, ['infra/web']]);
  const unknown = await explain({ gateway: 'infra/none' });
  assert.equal(unknown.status, 400);
  assert.match(unknown.body, /^gateway infra\/none: no Gateway has it\./);
});

test('/endpoints shows what is known of the endpoints of each backend, or of one', async context => {
  const { at, control } = await adminServer(context);
  const ejection = { reason: 'failed_trial', times: 3, until: Date.UTC(2026, 0, 1) } as const;
  control.observed = [observedCluster([endpointReport('cart-1', { health: 'ejected', firstByteMs: 3, ejection })])];
  const [cluster] = JSON.parse((await get(at, '/endpoints')).body);
  assert.deepEqual(cluster, {
    name: 'shop-cart-80',
    service: { namespace: 'shop', name: 'cart' },
    balance: 'least-request',
    affinityCookie: '',
    maxRequests: 0,
    usesAll: false,
    endpoints: [
      {
        address: '10.0.0.1',
        port: 80,
        pod: 'cart-1',
        zone: '',
        weight: 1,
        inFlight: 0,
        state: 'ejected',
        firstByteMs: 3,
        ejection: { reason: 'failed_trial', times: 3, until: '2026-01-01T00:00:00.000Z' },
        check: null,
      },
    ],
    more: 0,
  });
  assert.deepEqual(JSON.parse((await get(at, '/endpoints?backend=other')).body), []);
  assert.equal((await ask(at, 'POST', '/endpoints', '{}')).status, 405);
});

test('/explain names the refused Services that ask for what nobody takes, or for as much as the winner', async context => {
  const { at, control } = await adminServer(context);
  control.table = RouteTable.of([route('/'), route('/a/b')]);
  const wanting = (name: string, ...paths: string[]) =>
    refused({ namespace: 'default', name }, 'BadAnnotation', `${name} is wrong`, paths);
  control.refusalList = [
    wanting('short', '/a'),
    wanting('same', '/x', '/a/b'),
    wanting('long', '/a/b/c%2F'),
    wanting('other', '/a/bc'),
    wanting('pathless'),
  ];
  const names = async (path: string): Promise<string[]> => {
    const { refusals } = JSON.parse((await get(at, `/explain?path=${encodeURIComponent(path)}`)).body);
    return refusals.map((refusal: { service: { name: string } }) => refusal.service.name);
  };
  assert.deepEqual(await names('/a/b/c%2f/d'), ['same', 'long']);
  assert.deepEqual(await names('/a/x'), ['short']);
  assert.deepEqual(await names('/b'), []);
});

test('/explain follows merge-slashes', async context => {
  const { at, control } = await adminServer(context);
  control.table = RouteTable.of([route('/a')]);
  assert.equal(JSON.parse((await get(at, '/explain?path=//a')).body).route.path, '/a');
  control.mergeSlashes = false;
  assert.equal(JSON.parse((await get(at, '/explain?path=//a')).body).route, undefined);
});

test('/explain refuses with a reason what no route could be asked for', async context => {
  const { at } = await adminServer(context);
  for (const [query, reason] of [
    ['', /say which path/],
    ['host=a', /say which path/],
    ['path=/..', /path "\/\.\."/],
    ['path=volume', /path "volume"/],
    ['path=/a%25zz', /path "\/a%zz"/],
    ['path=', /path ""/],
    ['path=/a&host=a,b', /host "a,b"/],
    ['path=/a&path=/b', /path: give it once/],
    ['path=/a&host=a&host=b', /host: give it once/],
    ['path=http://u@h/x', /path "http/],
  ] as const) {
    const response = await get(at, `/explain?${query}`);
    assert.equal(response.status, 400, query);
    assert.match(header(response, 'content-type').join(), /^text\/plain\b/);
    assert.match(response.body, reason);
  }
});

test('what is only read answers HEAD without a body and other methods with 405', async context => {
  const { at } = await adminServer(context);
  for (const path of ['/nginx_status', '/metrics', '/routes', '/is-dynamic-lb-initialized', '/explain?path=/']) {
    const head = await exchange(at, `HEAD ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n$/s);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const response = await ask(at, method, path, method === 'POST' ? 'x' : undefined);
      assert.equal(response.status, 405, `${method} ${path}`);
      assert.deepEqual(header(response, 'allow'), ['GET, HEAD']);
    }
  }
});

test('anything else is 404, with a body or without', async context => {
  const { at } = await adminServer(context);
  for (const target of ['/', '/nginx_status/', '/nginx_statusx', '/healthz/x', '/readyz', '/routes/x', '/%00', '*']) {
    assert.equal((await get(at, target)).status, 404, target);
  }
  assert.equal((await ask(at, 'POST', '/nowhere', '{}', ['Content-Type: ;'])).status, 404);
  assert.equal((await ask(at, 'QUERY', '/nowhere')).status, 404);
});

test('every reply closes its connection', async context => {
  const { at } = await adminServer(context);
  for (const target of ['/nginx_status', '/healthz', '/configuration/backends', '/configuration/x', '/x', '/%zz']) {
    const response = await get(at, target);
    assert.deepEqual(header(response, 'connection'), ['close'], target);
    const old = await exchange(at, `GET ${target} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`);
    assert.match(old, /\r\nconnection: close\r\n/i, target);
  }
});
