import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Certificate, PrivateKey } from '../../src/model/certificate.ts';
import { plainEndpoint } from '../../src/model/cluster.ts';
import type { PublishedDelta } from '../../src/model/delta.ts';
import type { GatewayPort } from '../../src/model/gateway-port.ts';
import type { Policy } from '../../src/model/policy.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import { pack, unpack } from '../../src/workers/packed-delta.ts';
import { gatewayRoute } from '../support/gateway-routes.ts';
import fc from '../support/property.ts';
import { deltaOf, published, route } from '../support/routes.ts';

test('a packed delta is the same delta when it is unpacked, whatever its texts hold', () => {
  const text = fc.string({ unit: 'binary' });
  // JSON knows no objects without a prototype, and neither do routes.
  const record = <T>(fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) =>
    fc.record(fields, { noNullPrototype: true });
  const plainRoutes = {
    host: text,
    path: text,
    stripPrefix: fc.boolean(),
    rewriteRedirects: fc.boolean(),
    overrides: fc.record(
      { connectTimeoutMs: fc.nat(), maxBodySize: fc.nat() },
      { noNullPrototype: true, requiredKeys: [] },
    ),
    cluster: text,
  };
  const canary = record({ cluster: text, weight: fc.nat(), header: text, headerValue: text, cookie: text });
  const conditions = fc.record(
    { method: text, headers: fc.array(record({ name: text, value: text })), query: fc.constant([]) },
    { noNullPrototype: true, requiredKeys: [] },
  );
  const listener = {
    port: text.map(noSpace),
    hostname: text.map(noSpace),
    match: text,
    hostRank: fc.nat(),
    rank: text,
  };
  const backend = { cluster: text, weight: fc.nat() };
  const headers = fc.constant([{ kind: 'request-headers', edits: [] } satisfies Policy]);
  const gateway = {
    profile: fc.constant('gateway' as const),
    listener: fc.oneof(record(listener), record({ ...listener, conditions })),
    gateway: record({
      object: record({ kind: fc.constant('HTTPRoute' as const), namespace: text, name: text }),
      rule: text,
      requestTimeoutMs: fc.nat(),
    }),
    backends: fc.array(fc.oneof(record(backend), record({ ...backend, policies: headers }))),
    policies: headers,
  };
  const routes = fc.oneof(
    record(plainRoutes),
    record({ ...plainRoutes, canary }),
    record({ ...plainRoutes, ...gateway }),
  );
  const plainCluster = {
    id: text,
    name: text,
    service: record({ namespace: text, name: text }),
    balance: record({ policy: fc.constantFrom('service' as const, 'ewma' as const) }),
    maxRequests: fc.nat(),
    slowStartMs: fc.nat(),
  };
  const clientCertificate = record({
    id: text,
    chain: text.map(SharedText.of),
    key: text.map(key => new PrivateKey(key)),
  });
  const upstreamTls = { serverName: text, isVerified: fc.boolean() };
  const secureCluster = {
    ...plainCluster,
    protocol: fc.constant('https' as const),
    tls: fc.oneof(record(upstreamTls), record({ ...upstreamTls, clientCertificate })),
  };
  const clusters = record({
    cluster: fc.oneof(record(plainCluster), record(secureCluster)),
    counterBlock: fc.nat(),
  });
  const known = record({
    id: text,
    address: text,
    port: fc.nat(),
    weight: fc.nat(),
    state: fc.constantFrom('ready' as const, 'draining' as const),
  });
  const plain = record({ address: text, port: fc.nat() }).map(one => {
    const { pod: _pod, zone: _zone, ...published } = plainEndpoint(one);
    return published;
  });
  const sets = fc.record(
    {
      cluster: text,
      revision: fc.nat(),
      endpoints: fc.array(fc.oneof(known, plain)),
      slots: fc.array(fc.integer({ min: -1 })),
    },
    { noNullPrototype: true, requiredKeys: ['cluster', 'revision', 'endpoints'] },
  );
  const tls = record({
    certificates: record({
      upserts: fc.array(
        record({ id: text, chain: text.map(SharedText.of), key: text.map(pem => new PrivateKey(pem)) }),
      ),
      removals: fc.array(text),
    }),
    hosts: record({
      upserts: fc.array(
        fc.record(
          {
            host: text,
            certificate: text,
            clientCertificate: record({ policy: text, mode: fc.constant('required' as const), ca: text }),
            passthrough: text,
          },
          { noNullPrototype: true, requiredKeys: ['host'] },
        ),
      ),
      removals: fc.array(text),
    }),
  });
  const ports = record({
    certificates: record({
      upserts: fc.array(
        record({ id: text, chain: text.map(SharedText.of), key: text.map(pem => new PrivateKey(pem)) }),
      ),
      removals: fc.array(text),
    }),
    ports: record({
      upserts: fc.array(
        record({
          id: text,
          listen: record({ host: text, port: fc.nat() }),
          publicPort: fc.nat(),
          transport: fc.constantFrom('plain' as const, 'tls' as const),
          listeners: fc.array(
            record({
              name: text,
              hostname: text,
              serves: fc.constantFrom('http' as const, 'passthrough' as const, 'bytes' as const),
              certificates: fc.array(text),
              clientCertificate: record({ policy: text, mode: fc.constant('valid-only' as const), ca: text }),
              streams: fc.array(
                record({ host: text, backends: fc.array(record({ cluster: text, weight: fc.nat() })) }),
              ),
            }),
          ),
        }),
      ),
      removals: fc.array(text),
    }),
  });
  const plainDeltas = {
    version: fc.nat(),
    routes: record({ upserts: fc.array(routes), removals: fc.array(record({ host: text, path: text })) }),
    clusters: record({ upserts: fc.array(clusters), removals: fc.array(text) }),
    endpoints: fc.array(sets),
  };
  const deltas = fc.oneof(record(plainDeltas), record({ ...plainDeltas, tls }), record({ ...plainDeltas, ports }));
  const textsOf = (parts: readonly PublishedDelta[]): string[] =>
    parts
      .flatMap(part => [
        ...(part.tls?.certificates.upserts ?? []),
        ...(part.ports?.certificates.upserts ?? []),
        ...part.clusters.upserts.flatMap(({ cluster: { tls } }) => tls?.clientCertificate ?? []),
      ])
      .flatMap(({ chain, key }) => [`${chain}`, key.reveal()]);
  fc.assert(
    fc.property(deltas, delta => {
      const unpacked = pack(delta).map(unpack);
      assert.deepEqual(unpacked, [delta]);
      assert.deepEqual(textsOf(unpacked), textsOf([delta]), 'which an assertion does not see');
    }),
  );
});

/** As ports and hostnames are. */
function noSpace(text: string): string {
  return text.replaceAll(' ', '');
}

test('what the routes of a rule share is one object at the workers, too', () => {
  const policies: Policy[] = [{ kind: 'request-headers', edits: [] }];
  const own: Policy[] = [{ kind: 'response-headers', edits: [] }];
  const backends = [
    { cluster: 'a', weight: 1, policies: own },
    { cluster: 'b', weight: 2, policies: own },
  ];
  const { gateway } = gatewayRoute('rule', '/');
  const shared = { policies, backends, ...(gateway && { gateway }) };
  const upserts = [gatewayRoute('one', '/a', shared), gatewayRoute('two', '/b', shared), gatewayRoute('three', '/c')];
  const [part] = pack(published(deltaOf({ version: 1, upserts, removals: [] })));
  assert.ok(part !== undefined);
  const [one, two, three] = unpack(part).routes.upserts;
  assert.equal(one?.gateway, two?.gateway);
  assert.equal(one?.policies, two?.policies);
  assert.equal(one?.backends, two?.backends);
  assert.equal(one?.backends?.[0]?.policies, one?.backends?.[1]?.policies);
  assert.notEqual(one?.gateway, three?.gateway);
  assert.equal(three?.backends, undefined);
});

test('a packed route leaves out what no worker needs', () => {
  const delta = published(deltaOf({ version: 1, upserts: [route('/a', { createdAt: 'long ago' })], removals: [] }));
  const [part] = pack(delta);
  assert.ok(part !== undefined);
  const [unpacked] = unpack(part).routes.upserts;
  assert.deepEqual(Object.keys(unpacked ?? {}).sort(), [
    ...['cluster', 'host', 'overrides', 'path', 'rewriteRedirects', 'stripPrefix'],
  ]);
});

test('a long delta is several texts: routes come behind the clusters that they lead to, and clusters go last', () => {
  const routes = Array.from({ length: 2_500 }, (_, index) =>
    route(`/${index}`, { service: { namespace: 'default', name: `s${index}` } }),
  );
  const all = deltaOf({ version: 7, upserts: routes, removals: [{ host: '', path: '/gone' }] });
  const delta = published({ ...all, clusters: { ...all.clusters, removals: ['gone'] } });
  const parts = pack(delta).map(unpack);
  assert.equal(parts.length, 3);
  for (const part of parts.slice(0, -1)) {
    assert.deepEqual([part.routes, part.clusters.removals], [{ upserts: [], removals: [] }, []]);
  }
  assert.deepEqual(
    parts.flatMap(({ clusters }) => clusters.upserts),
    delta.clusters.upserts,
  );
  assert.equal(parts.flatMap(({ endpoints }) => endpoints).length, 2_500);
  const last = parts.at(-1);
  assert.deepEqual(
    [last?.version, last?.routes.upserts.length, last?.routes.removals, last?.clusters.removals],
    [7, 2_500, [{ host: '', path: '/gone' }], ['gone']],
  );
});

test('many certificates are several texts: hosts come behind all of them, and what goes, goes last', () => {
  const certificates: Certificate[] = Array.from({ length: 2_500 }, (_, index) => ({
    id: `c${index}`,
    chain: SharedText.of('a chain'),
    key: new PrivateKey('a key'),
  }));
  const hosts = certificates.map(({ id }) => ({ host: `${id}.example`, certificate: id }));
  const delta = {
    ...published(deltaOf({ version: 3, upserts: [], removals: [] })),
    tls: {
      certificates: { upserts: certificates, removals: ['old'] },
      hosts: { upserts: hosts, removals: ['old.example'] },
    },
  };
  const parts = pack(delta).map(unpack);
  assert.equal(parts.length, 3);
  for (const part of parts.slice(0, -1)) {
    assert.deepEqual([part.tls?.certificates.removals, part.tls?.hosts], [[], { upserts: [], removals: [] }]);
  }
  assert.deepEqual(
    parts.flatMap(({ tls }) => tls?.certificates.upserts.map(({ id }) => id)),
    certificates.map(({ id }) => id),
  );
  const last = parts.at(-1);
  assert.deepEqual(last?.tls?.hosts, delta.tls.hosts);
  assert.deepEqual(last?.tls?.certificates.removals, ['old']);
});

test('certificates of ports are several texts, too: ports come behind all of them, and what goes, goes last', () => {
  const certificates: Certificate[] = Array.from({ length: 2_500 }, (_, index) => ({
    id: `c${index}`,
    chain: SharedText.of('a chain'),
    key: new PrivateKey('a key'),
  }));
  const port: GatewayPort = {
    id: '192.0.2.1:443',
    listen: { host: '192.0.2.1', port: 443 },
    publicPort: 443,
    transport: 'tls',
    listeners: certificates.map(({ id }) => ({
      name: `default/gateway/${id}`,
      hostname: `${id}.example`,
      serves: 'http',
      certificates: [id],
    })),
  };
  const parts = pack({
    ...published(deltaOf({ version: 3, upserts: [], removals: [] })),
    ports: {
      certificates: { upserts: certificates, removals: ['old'] },
      ports: { upserts: [port], removals: ['192.0.2.1:80'] },
    },
  }).map(unpack);
  assert.equal(parts.length, 3);
  for (const part of parts.slice(0, -1)) {
    assert.deepEqual([part.ports?.certificates.removals, part.ports?.ports], [[], { upserts: [], removals: [] }]);
  }
  assert.equal(parts.flatMap(({ ports }) => ports?.certificates.upserts ?? []).length, 2_500);
  assert.deepEqual(parts.at(-1)?.ports?.ports, { upserts: [port], removals: ['192.0.2.1:80'] });
  assert.deepEqual(parts.at(-1)?.ports?.certificates.removals, ['old']);
});

test('routes that share a list of policies share it over there, too', () => {
  const policies = [{ kind: 'deny-from' as const, ranges: ['192.0.2.7'] }];
  const upserts = [route('/a', { policies }), route('/b', { policies }), route('/c')];
  const [part] = pack(published(deltaOf({ version: 1, upserts, removals: [] })));
  assert.ok(part !== undefined);
  assert.equal(part.text.split('192.0.2.7').length, 2, 'the list is written out once');
  const [a, b, c] = unpack(part).routes.upserts;
  assert.deepEqual(a?.policies, policies);
  assert.equal(a?.policies, b?.policies);
  assert.equal(c?.policies, undefined);
});
