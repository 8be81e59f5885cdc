import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_OBJECTS } from '../../src/sources/manifest-contents.ts';
import { readManifestText } from '../../src/sources/manifest-file.ts';

const STREAM = `# the shop
apiVersion: v1
kind: Service
metadata:
  name: web
  annotations:
    kube-entry.io/path: /web
    kube-entry.io/port: >-
      http
spec:
  clusterIP: 10.96.0.7
  ports: [{name: http, port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: x}
  - apiVersion: v1
    kind: Service
    metadata:
      name: admin
      namespace: shop
      creationTimestamp: 2024-05-01T10:00:00Z
      annotations:
        kube-entry.io/path: /admin
    spec: {clusterIP: 10.96.0.8, ports: [{port: 80}]}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: function}
---
`;

test('the Services of a stream and of its Lists are read, other kinds are passed over', () => {
  const { services, problems } = readManifestText(STREAM, 'shop.yaml', 'default');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    services.map(({ object: { metadata }, file, line }) => [metadata.namespace, metadata.name, file, line]),
    [
      ['default', 'web', 'shop.yaml', 2],
      ['shop', 'admin', 'shop.yaml', 24],
    ],
  );
  assert.equal(services[0]?.object.metadata.creationTimestamp, undefined);
  assert.equal(services[1]?.object.metadata.creationTimestamp, '2024-05-01T10:00:00Z');
});

test('an annotation has its line, and what is not there has the line of its Service', () => {
  const [web, admin] = readManifestText(STREAM, 'shop.yaml', 'default').services;
  assert.equal(web?.lineOf('kube-entry.io/path'), 7);
  assert.equal(web?.lineOf('kube-entry.io/port'), 8);
  assert.equal(web?.lineOf('kube-entry.io/host'), 2);
  assert.equal(admin?.lineOf('kube-entry.io/path'), 31);
});

test('what cannot be used is reported with its line, and all of it', () => {
  const text = `apiVersion: v1
kind: Service
metadata:
  name: web
  annotations:
    kube-entry.io/strip-prefix: false
spec: {}
---
kind: Service
metadata: {name: a}
---
apiVersion: v1
Kind: Service
---
- a list
---
apiVersion: v1
kind: List
items: {}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: {name: b}
    spec:
      ports:
        - port: 80
        - port: http
  - text
---
a: b: c
`;
  const { services, problems } = readManifestText(text, 'f', 'default');
  assert.deepEqual(services, []);
  const expected: [line: number, reason: RegExp][] = [
    [6, /^metadata\.annotations\.kube-entry\.io\/strip-prefix must be a string: put quotes around false$/],
    [9, /^apiVersion is missing/],
    [12, /^kind is missing/],
    [15, /^is not a Kubernetes object/],
    [19, /^items must be a list$/],
    [30, /^spec\.ports\[1\]\.port must be a number/],
    [31, /^is not a Kubernetes object/],
    [33, /./],
  ];
  assert.deepEqual(
    problems.map(({ line }) => line),
    expected.map(([line]) => line),
  );
  for (const [index, [, reason]] of expected.entries()) assert.match(problems[index]?.reason ?? '', reason);
});

test('the items of a ServiceList need no kind of their own', () => {
  const text = `apiVersion: v1
kind: ServiceList
items:
  - metadata: {name: web}
    spec: {ports: [{port: 80}]}
  - metadata: {name: admin, namespace: shop}
    spec: {ports: [{port: 0}]}
`;
  const { services, problems } = readManifestText(text, 'list.yaml', 'default');
  assert.deepEqual(
    services.map(({ object: { metadata }, line }) => [metadata.namespace, metadata.name, line]),
    [['default', 'web', 4]],
  );
  assert.deepEqual(problems, [
    { file: 'list.yaml', line: 7, reason: 'spec.ports[0].port must be a number from 1 to 65535' },
  ]);
});

test('an empty List and an empty file hold nothing and are no problem', () => {
  for (const text of [
    '',
    '---\n',
    'apiVersion: v1\nkind: List\nitems:\n',
    'apiVersion: v1\nkind: List\n',
    '{"apiVersion":"v1","kind":"List","items":[]}',
  ]) {
    const nothing = { ...NO_OBJECTS, problems: [], warnings: [] };
    assert.deepEqual(readManifestText(text, 'f', 'default'), nothing);
  }
});

const SLICE = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.0.0.1]}]
`;

test('EndpointSlices are read, alone and in Lists, with their place', () => {
  const list = `apiVersion: discovery.k8s.io/v1
kind: EndpointSliceList
items:
  - metadata: {name: web-2, namespace: shop, labels: {kubernetes.io/service-name: web}}
    addressType: IPv6
    endpoints: [{addresses: ["fd00::1"]}]
`;
  const { slices, problems, warnings } = readManifestText(`${SLICE}---\n${list}`, 'shop.yaml', 'default');
  assert.deepEqual([problems, warnings], [[], []]);
  assert.deepEqual(
    slices.map(({ slice, file, line }) => [slice.metadata.namespace, slice.metadata.name, slice.service, file, line]),
    [
      ['default', 'web-1', 'web', 'shop.yaml', 1],
      ['shop', 'web-2', 'web', 'shop.yaml', 11],
    ],
  );
});

test('each mistake in an EndpointSlice is told with its line', () => {
  const bad = SLICE.replace('10.0.0.1', 'example.com').replace('port: 8080', 'port: web');
  const { slices, problems } = readManifestText(bad, 'shop.yaml', 'default');
  assert.deepEqual(slices, []);
  assert.deepEqual(
    problems.map(({ line, reason }) => [line, reason.slice(0, reason.indexOf(' '))]),
    [
      [5, 'ports[0].port'],
      [6, 'endpoints[0].addresses[0]'],
    ],
  );
});

test('an EndpointSlice without a Service, or of another version, is a warning', () => {
  const lonely = SLICE.replace('labels: {kubernetes.io/service-name: web}', 'labels: {app: web}');
  const old = SLICE.replace('/v1', '/v1beta1');
  const { slices, problems, warnings } = readManifestText(`${lonely}---\n${old}`, 'shop.yaml', 'default');
  assert.deepEqual([slices.length, problems], [1, []]);
  assert.deepEqual(
    warnings.map(({ line, reason }) => [line, reason]),
    [
      [3, 'EndpointSlice web-1 belongs to no Service: it has no label kubernetes.io/service-name'],
      [8, 'discovery.k8s.io/v1beta1 is not read: write apiVersion: discovery.k8s.io/v1'],
    ],
  );
});

test('a long file of JSON may hold several documents, and a fault says on which line its document begins', () => {
  const service = (name: string, more = '') =>
    JSON.stringify({
      ...{
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, annotations: { 'kube-entry.io/path': `/${name}`, more } },
      },
      spec: { clusterIP: '10.96.0.7', ports: [{ port: 80 }] },
    });
  const long = service('a', `---\n---${'x'.repeat(1024 * 1024)}`);
  const text = [long, '---', '', service('b'), '--- ', '---', '{', '--- {"apiVersion":"v1","kind":"List"}', ''].join(
    '\n',
  );

  const { services, problems } = readManifestText(text, 'long.yaml', 'default');

  const places = services.map(({ object, line }) => [object.metadata.name, line]);
  assert.deepEqual(places, [
    ['a', 1],
    ['b', 4],
  ]);
  assert.equal(problems.length, 1);
  assert.match(problems[0]?.reason ?? '', /is not JSON/);
  assert.equal(problems[0]?.line, 7);
});
