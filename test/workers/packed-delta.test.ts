import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from '../../src/model/route.ts';
import { pack, unpack } from '../../src/workers/packed-delta.ts';
import fc from '../support/property.ts';
import { route } from '../support/routes.ts';

const endpoints = [
  { address: '10.0.0.1', port: 80 },
  { address: '10.0.0.2', port: 80 },
];

test('a packed delta is the same delta when it is unpacked, whatever its texts hold', () => {
  const text = fc.string({ unit: 'binary' });
  // JSON knows no objects without a prototype, and neither do routes.
  const record = <T>(fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) =>
    fc.record(fields, { noNullPrototype: true });
  const routes = record({
    host: text,
    path: text,
    stripPrefix: fc.boolean(),
    rewriteRedirects: fc.boolean(),
    overrides: fc.record(
      { connectTimeoutMs: fc.nat(), maxBodySize: fc.nat() },
      { noNullPrototype: true, requiredKeys: [] },
    ),
    backend: record({ name: text, endpoints: fc.array(record({ address: text, port: fc.nat() })) }),
    service: record({ namespace: text, name: text }),
    createdAt: text,
    counterBlock: fc.nat(),
  });
  const deltas = record({
    version: fc.nat(),
    upserts: fc.array(routes),
    removals: fc.array(record({ host: text, path: text })),
  });
  fc.assert(fc.property(deltas, delta => assert.deepEqual(unpack(pack(delta)), delta)));
});

test('routes that share their endpoints share them when they are unpacked, and only those do', () => {
  const shared = (path: string): Route => route(path, { backend: { name: 'shared', endpoints } });
  const other = route('/c', { backend: { name: 'other', endpoints: [...endpoints] } });
  const { upserts } = unpack(pack({ version: 1, upserts: [shared('/a'), shared('/b'), other], removals: [] }));
  const [a, b, c] = upserts.map(({ backend }) => backend.endpoints);
  assert.equal(a, b);
  assert.notEqual(b, c);
  assert.deepEqual(c, endpoints);
});
