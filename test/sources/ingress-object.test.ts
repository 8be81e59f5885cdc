import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  asksForTheSame,
  type IngressObject,
  readIngress,
  readIngressClass,
} from '../../src/resources/ingress-object.ts';
import { fieldName, isShapeProblem } from '../../src/resources/service-object.ts';
import fc from '../support/property.ts';

const BACKEND = { service: { name: 'shop', port: { number: 80 } } };

function object(spec: unknown, metadata: unknown = { name: 'shop' }): object {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec };
}

function withPath(path: unknown): object {
  return object({ rules: [{ host: 'a.example', http: { paths: [path] } }] });
}

function read(value: unknown): IngressObject {
  const ingress = readIngress(value, 'default');
  assert.ok(!isShapeProblem(ingress), JSON.stringify(ingress));
  return ingress;
}

function problemOf(value: unknown): string {
  const ingress = readIngress(value, 'default');
  assert.ok(isShapeProblem(ingress), 'it was read');
  return `${fieldName(ingress.path)}: ${ingress.reason}`;
}

test('what is read of an Ingress is kept, and nothing else', () => {
  const metadata = {
    name: 'shop.web',
    namespace: 'trade',
    uid: '5f6d',
    resourceVersion: '42',
    creationTimestamp: '2024-05-01T10:00:00Z',
    annotations: { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' },
  };
  const spec = {
    ingressClassName: 'nginx',
    defaultBackend: { service: { name: 'rest', port: { name: 'http' } } },
    tls: [{ hosts: ['a.example'], secretName: 'a-tls' }],
    rules: [
      {
        host: 'a.example',
        http: { paths: [{ path: '/', pathType: 'Prefix' as const, backend: BACKEND }] },
      },
    ],
  };
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1', hostname: undefined }] } };
  const stored = {
    metadata: { ...metadata, labels: { app: 'shop' }, managedFields: [{ manager: 'kubectl' }] },
    spec: { ...spec, unheardOf: 1 },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ports: [{ port: 80 }] }] } },
  };
  const kept = { metadata, spec, status };
  assert.deepEqual(read(stored), kept);
  assert.deepEqual(read(JSON.parse(JSON.stringify(kept))), kept, 'as the state file has it');
});

test('null is nothing, and an Ingress without a namespace is in the default one', () => {
  const metadata = { name: 'shop', namespace: null, annotations: null, creationTimestamp: null };
  const ingress = read({ ...object({ ingressClassName: null, tls: null, rules: null }, metadata), status: null });
  assert.equal(ingress.metadata.namespace, 'default');
  assert.deepEqual(ingress.metadata.annotations, {});
  assert.equal(ingress.metadata.creationTimestamp, undefined);
  assert.deepEqual(ingress.spec, { ingressClassName: undefined, defaultBackend: undefined, tls: [], rules: [] });
  assert.deepEqual(ingress.status.loadBalancer.ingress, []);
  assert.deepEqual(read(object(undefined)).spec, ingress.spec);
});

test('a rule may have neither host nor paths, a path neither text nor type, a backend no Service and a Service no port', () => {
  const resource = { apiGroup: 'example.com', kind: 'Bucket', name: 'files' };
  const paths = [{ backend: { resource } }, { backend: { service: { name: 'shop' } } }];
  const { rules } = read(object({ rules: [{}, { http: { paths } }] })).spec;
  assert.deepEqual(rules, [
    { host: undefined },
    {
      host: undefined,
      http: {
        paths: [
          { path: undefined, pathType: undefined, backend: {} },
          { path: undefined, pathType: undefined, backend: { service: { name: 'shop', port: {} } } },
        ],
      },
    },
  ]);
});

test('a wrong shape is reported with its place', () => {
  const rows: [value: unknown, said: string][] = [
    [undefined, ': must be an Ingress object'],
    [[], ': must be an Ingress object'],
    [{}, 'metadata: is missing'],
    [object({}, {}), 'metadata.name: is missing'],
    [
      object({}, { name: 'Shop' }),
      'metadata.name: must be a DNS name: lower case letters, digits, - and ., at most 253',
    ],
    [
      object({}, { name: 'a', namespace: 7 }),
      'metadata.namespace: must be a DNS label: lower case letters, digits and -, at most 63',
    ],
    [object({}, { name: 'a', annotations: [] }), 'metadata.annotations: must be a mapping of strings'],
    [
      object({}, { name: 'a', annotations: { x: true } }),
      'metadata.annotations.x: must be a string: put quotes around true',
    ],
    [object([]), 'spec: must be a mapping'],
    [object({ ingressClassName: 7 }), 'spec.ingressClassName: must be a string'],
    [object({ rules: {} }), 'spec.rules: must be a list'],
    [object({ rules: ['a.example'] }), 'spec.rules[0]: must be a mapping'],
    [object({ rules: [{ host: 7 }] }), 'spec.rules[0].host: must be a string'],
    [object({ rules: [{ http: [] }] }), 'spec.rules[0].http: must be a mapping'],
    [object({ tls: [{ hosts: 'a.example' }] }), 'spec.tls[0].hosts: must be a list'],
    [object({ tls: [{ secretName: {} }] }), 'spec.tls[0].secretName: must be a string'],
    [object({ defaultBackend: 'shop' }), 'spec.defaultBackend: must be a mapping with a service'],
    [withPath({ path: 7, backend: BACKEND }), 'spec.rules[0].http.paths[0].path: must be a string'],
    [
      withPath({ pathType: 'Regex', backend: BACKEND }),
      'spec.rules[0].http.paths[0].pathType: must be one of Exact, Prefix, ImplementationSpecific',
    ],
    [withPath({ path: '/' }), 'spec.rules[0].http.paths[0].backend: must be a mapping with a service'],
    [
      withPath({ backend: { service: { name: '../x' } } }),
      'spec.rules[0].http.paths[0].backend.service.name: must be a DNS label: lower case letters, digits and -, at most 63',
    ],
    [
      withPath({ backend: { service: { name: 'a', port: { number: 65_536 } } } }),
      'spec.rules[0].http.paths[0].backend.service.port.number: must be a number from 1 to 65535',
    ],
    [
      withPath({ backend: { service: { name: 'a', port: 80 } } }),
      'spec.rules[0].http.paths[0].backend.service.port: must be a mapping with number or name',
    ],
  ];
  for (const [value, said] of rows) assert.equal(problemOf(value), said);
});

test('what the status holds never keeps an Ingress from being read', () => {
  for (const status of [7, [], { loadBalancer: 'x' }, { loadBalancer: { ingress: [7, null, { ip: {} }] } }]) {
    const { ingress } = read({ ...object({}), status }).status.loadBalancer;
    assert.ok(ingress.every(({ ip, hostname }) => ip === undefined && hostname === undefined));
  }
});

test('any value is read, or has a problem', () => {
  const spec = fc.record(
    {
      rules: fc.array(fc.oneof(fc.jsonValue(), fc.record({ http: fc.record({ paths: fc.array(fc.jsonValue()) }) }))),
      tls: fc.jsonValue(),
      defaultBackend: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        spec.map(value => object(value)),
      ),
      value => {
        const ingress = readIngress(value, 'default');
        if (isShapeProblem(ingress)) assert.notEqual(ingress.reason, '');
        else assert.deepEqual(readIngress(ingress, 'default'), ingress);
      },
    ),
  );
});

test('two versions ask for the same while only the status differs', () => {
  const before = read(object({ rules: [{ host: 'a.example' }] }, { name: 'a', resourceVersion: '1' }));
  const published = { ...object({ rules: [{ host: 'a.example' }] }, { name: 'a', resourceVersion: '2' }) };
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } };
  assert.ok(asksForTheSame(before, read({ ...published, status })));
  assert.ok(!asksForTheSame(before, read(object({ rules: [{ host: 'b.example' }] }, { name: 'a' }))));
  assert.ok(!asksForTheSame(before, read(object(before.spec, { name: 'a', annotations: { x: '1' } }))));
  assert.ok(!asksForTheSame(before, read(object(before.spec, { name: 'a', uid: 'made-anew' }))));
});

test('an IngressClass is its name and its controller', () => {
  assert.deepEqual(readIngressClass({ metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } }), {
    metadata: { name: 'nginx', resourceVersion: undefined },
    spec: { controller: 'k8s.io/ingress-nginx' },
  });
  const bare = readIngressClass({ metadata: { name: 'nginx' } });
  assert.ok(!isShapeProblem(bare));
  assert.equal(bare.spec.controller, '');
  const rows: [value: unknown, place: string][] = [
    [7, ''],
    [{ metadata: {} }, 'metadata.name'],
    [{ metadata: { name: '-' } }, 'metadata.name'],
    [{ metadata: { name: 'a' }, spec: [] }, 'spec'],
    [{ metadata: { name: 'a' }, spec: { controller: 7 } }, 'spec.controller'],
  ];
  for (const [value, place] of rows) {
    const found = readIngressClass(value);
    assert.ok(isShapeProblem(found));
    assert.equal(fieldName(found.path), place);
  }
});
