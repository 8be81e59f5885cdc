import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldName, isShapeProblem, readService, shapeProblems } from '../../src/resources/service-object.ts';

function object(metadata: unknown, spec: unknown = { clusterIP: '10.96.0.7', ports: [{ port: 80 }] }): unknown {
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

test('what is read of a Service is kept, its spec whole', () => {
  const spec = {
    type: 'ClusterIP',
    clusterIP: '10.96.0.7',
    clusterIPs: ['10.96.0.7'],
    ports: [{ port: 80, nodePort: 3 }],
  };
  const metadata = {
    name: 'web',
    namespace: 'shop',
    uid: '5f6d',
    resourceVersion: '42',
    creationTimestamp: '2024-05-01T10:00:00Z',
    annotations: { 'kube-entry.io/path': '/web' },
    labels: { app: 'web' },
  };
  const { labels: _, ...kept } = metadata;
  assert.deepEqual(readService(object(metadata, spec), 'default'), { metadata: kept, spec });
});

test('a Service without a namespace is in the default one, and null is nothing', () => {
  const read = readService(
    object(
      { name: 'web', creationTimestamp: null, annotations: null },
      { type: null, clusterIP: null, ports: [{ port: 80, name: null, protocol: null }] },
    ),
    'here',
  );
  assert.ok(!isShapeProblem(read));
  assert.equal(read.metadata.namespace, 'here');
  assert.equal(read.metadata.creationTimestamp, undefined);
  assert.equal(read.metadata.annotations, undefined);
});

test('a timestamp may come as a Date', () => {
  const read = readService(object({ name: 'web', creationTimestamp: new Date('2024-05-01T10:00:00Z') }), 'default');
  assert.ok(!isShapeProblem(read));
  assert.equal(read.metadata.creationTimestamp, '2024-05-01T10:00:00Z');
});

test('a wrong shape is reported with its place', () => {
  const named = { name: 'web' };
  const rows: [value: unknown, path: (string | number)[]][] = [
    [undefined, []],
    ['text', []],
    [[], []],
    [{}, ['metadata']],
    [object(null), ['metadata']],
    [object({}), ['metadata', 'name']],
    [object({ name: 7 }), ['metadata', 'name']],
    [object({ name: 'Web' }), ['metadata', 'name']],
    [object({ name: 'web.shop' }), ['metadata', 'name']],
    [object({ name: '-web' }), ['metadata', 'name']],
    [object({ name: 'a'.repeat(64) }), ['metadata', 'name']],
    [object({ name: 'a/b' }), ['metadata', 'name']],
    [object({ name: 'web', namespace: 'a b' }), ['metadata', 'namespace']],
    [object({ name: 'web', annotations: [] }), ['metadata', 'annotations']],
    [
      object({ name: 'web', annotations: { 'kube-entry.io/strip-prefix': true } }),
      ['metadata', 'annotations', 'kube-entry.io/strip-prefix'],
    ],
    [object({ name: 'web', annotations: { other: null } }), ['metadata', 'annotations', 'other']],
    [object(named, null), ['spec']],
    [object(named, []), ['spec']],
    [object(named, { clusterIP: 7 }), ['spec', 'clusterIP']],
    [object(named, { type: {} }), ['spec', 'type']],
    [object(named, { externalName: [] }), ['spec', 'externalName']],
    [object(named, { ports: {} }), ['spec', 'ports']],
    [object(named, { ports: [{ port: 80 }, 'http'] }), ['spec', 'ports', 1]],
    [object(named, { ports: [{}] }), ['spec', 'ports', 0, 'port']],
    [object(named, { ports: [{ port: '80' }] }), ['spec', 'ports', 0, 'port']],
    [object(named, { ports: [{ port: 0 }] }), ['spec', 'ports', 0, 'port']],
    [object(named, { ports: [{ port: 65_536 }] }), ['spec', 'ports', 0, 'port']],
    [object(named, { ports: [{ port: 80.5 }] }), ['spec', 'ports', 0, 'port']],
    [object(named, { ports: [{ port: 80, name: 7 }] }), ['spec', 'ports', 0, 'name']],
    [object(named, { ports: [{ port: 80, protocol: 6 }] }), ['spec', 'ports', 0, 'protocol']],
  ];
  for (const [value, path] of rows) {
    const read = readService(value, 'default');
    assert.ok(isShapeProblem(read), JSON.stringify(value));
    assert.deepEqual(read.path, path);
    assert.notEqual(read.reason, '');
  }
});

test('every problem of one object can be listed', () => {
  const value = object(
    { namespace: 'A', annotations: { a: false, b: 0, c: 'fine' } },
    { clusterIP: 7, ports: [{ port: 0, name: 1 }, 'http'] },
  );
  assert.deepEqual(
    [...shapeProblems(value, 'default')].map(({ path, reason }) => `${fieldName(path)} ${reason.split(':')[0]}`),
    [
      'metadata.name is missing',
      'metadata.namespace must be a DNS label',
      'metadata.annotations.a must be a string',
      'metadata.annotations.b must be a string',
      'spec.clusterIP must be a string',
      'spec.ports[0].port must be a number from 1 to 65535',
      'spec.ports[0].name must be a string',
      'spec.ports[1] must be a port object',
    ],
  );
});

test('an annotation that YAML took for a number or a truth value asks for quotes', () => {
  const read = readService(object({ name: 'web', annotations: { 'kube-entry.io/port': 80 } }), 'default');
  assert.ok(isShapeProblem(read));
  assert.equal(read.reason, 'must be a string: put quotes around 80');
});
