import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushError, type PushedBackend, PushReader } from '../../src/sources/pushed.ts';

function parse(...records: unknown[]): PushedBackend[] {
  return new PushReader().read(JSON.stringify(records));
}

test('a record of ingress-nginx is taken, and kept as it came', () => {
  const record = {
    name: 'test-paastest-v2-webshell-80',
    service: {
      metadata: { creationTimestamp: null },
      spec: { ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }], clusterIP: '10.11.60.178' },
      status: { loadBalancer: {} },
    },
    port: 80,
    endpoints: [{ address: '10.12.4.133', port: '8080' }],
    noServer: false,
    'a-field-of-the-future': [1, 2],
  };
  const [{ policy, ...backend } = {}] = parse(record) as Partial<PushedBackend>[];
  assert.deepEqual(backend, {
    name: record.name,
    endpoints: [{ address: '10.12.4.133', port: 8080 }],
    ref: { namespace: 'pushed', name: record.name },
    service: undefined,
    record,
  });
  assert.deepEqual(policy, {
    loadBalance: '',
    affinity: '',
    cookie: { name: '', path: '', expires: '', maxage: '' },
    hash: { by: '', hasSubset: false, subsetSize: 3 },
    shaping: { weight: 0, weightTotal: 0, header: '', headerValue: '', headerPattern: '', cookie: '' },
    alternativeBackends: [],
    noServer: false,
  });
});

test('endpoints may be absent, null, or have numbers for ports', () => {
  assert.deepEqual(parse({ name: 'a' })[0]?.endpoints, []);
  assert.deepEqual(parse({ name: 'a', endpoints: null })[0]?.endpoints, []);
  assert.deepEqual(parse({ name: 'a', endpoints: [{ address: '::1', port: 80 }] })[0]?.endpoints, [
    { address: '::1', port: 80 },
  ]);
  assert.deepEqual(parse(), []);
});

test('annotations make a Service of a record, named after it where it has no name', () => {
  const annotations = { 'kube-entry.io/path': '/volume' };
  const [first, second, third] = parse(
    { name: 'Storage_Volume-80', port: 80, service: { metadata: { annotations } } },
    {
      name: 'b',
      service: {
        metadata: { name: 'web', namespace: 'shop', annotations },
        spec: { clusterIP: '10.96.0.7', ports: [{ port: 81 }] },
      },
    },
    { name: '___', service: { metadata: { annotations } } },
  );
  assert.deepEqual(first?.service?.metadata.name, 'storage-volume-80');
  assert.deepEqual(first?.service?.metadata.namespace, 'pushed');
  assert.deepEqual(first?.service?.spec.ports, [{ port: 80 }]);
  assert.deepEqual(second?.service?.metadata.name, 'web');
  assert.deepEqual(second?.service?.metadata.namespace, 'shop');
  assert.deepEqual(second?.service?.spec.ports, [{ port: 81 }]);
  assert.deepEqual(third?.service?.metadata.name, 'backend');
});

test('annotations of others make no Service', () => {
  assert.equal(parse({ name: 'a', service: { metadata: { annotations: { other: 'x' } } } })[0]?.service, undefined);
  assert.equal(parse({ name: 'a', service: null })[0]?.service, undefined);
});

test('what cannot be used is refused with the place and the reason', () => {
  const annotated = (service: object) => ({
    name: 'a',
    service: { metadata: { annotations: { 'kube-entry.io/path': '/a' } }, ...service },
  });
  const good = { name: 'good' };
  const rows: [records: unknown, message: RegExp][] = [
    [{}, /^the body must be an array/],
    [null, /^the body must be an array/],
    [[7], /^\[0\]: must be a backend object/],
    [[good, null], /^\[1\]: must be a backend object/],
    [[{}], /^\[0\]\.name: must be a string/],
    [[{ name: '' }], /^\[0\]\.name: must be a string/],
    [[{ name: 7 }], /^\[0\]\.name: must be a string/],
    [[good, { name: 'a' }, { name: 'a' }], /^\[2\]\.name: "a" appears twice/],
    [[{ name: 'a', endpoints: {} }], /^\[0\]\.endpoints: must be a list/],
    [[{ name: 'a', endpoints: ['10.0.0.1:80'] }], /^\[0\]\.endpoints\[0\]: must be an endpoint object/],
    [[{ name: 'a', endpoints: [{ port: '80' }] }], /^\[0\]\.endpoints\[0\]\.address: must be an IP address/],
    [[{ name: 'a', endpoints: [{ address: 'a b', port: '80' }] }], /^\[0\]\.endpoints\[0\]\.address: /],
    [[{ name: 'a', endpoints: [{ address: '10.0.0.300', port: '80' }] }], /^\[0\]\.endpoints\[0\]\.address: /],
    [
      [{ name: 'a', endpoints: [{ address: '::1', port: '80' }, { address: '::1' }] }],
      /^\[0\]\.endpoints\[1\]\.port: /,
    ],
    [[{ name: 'a', endpoints: [{ address: '::1', port: '0' }] }], /^\[0\]\.endpoints\[0\]\.port: /],
    [[{ name: 'a', endpoints: [{ address: '::1', port: '65536' }] }], /^\[0\]\.endpoints\[0\]\.port: /],
    [[{ name: 'a', endpoints: [{ address: '::1', port: 'http' }] }], /^\[0\]\.endpoints\[0\]\.port: /],
    [[{ name: 'a', endpoints: [{ address: '::1', port: '+80' }] }], /^\[0\]\.endpoints\[0\]\.port: /],
    [[{ name: 'a', service: 'x' }], /^\[0\]\.service: must be an object/],
    [[{ name: 'a', service: { metadata: [] } }], /^\[0\]\.service\.metadata: must be an object/],
    [
      [{ name: 'a', service: { metadata: { annotations: 'x' } } }],
      /^\[0\]\.service\.metadata\.annotations: must be an object/,
    ],
    [[annotated({ spec: 'x' })], /^\[0\]\.service\.spec: must be an object/],
    [
      [annotated({ metadata: { name: 'A B', annotations: { 'kube-entry.io/path': '/a' } } })],
      /^\[0\]\.service\.metadata\.name: /,
    ],
    [
      [annotated({ metadata: { annotations: { 'kube-entry.io/path': 7 } } })],
      /^\[0\]\.service\.metadata\.annotations\.kube-entry\.io\/path: must be a string/,
    ],
    [[{ name: 'a', 'load-balance': 7 }], /^\[0\]\.load-balance: must be a string/],
    [[{ name: 'a', sessionAffinityConfig: 'x' }], /^\[0\]\.sessionAffinityConfig: must be an object/],
    [
      [{ name: 'a', sessionAffinityConfig: { cookieSessionAffinity: { name: {} } } }],
      /^\[0\]\.sessionAffinityConfig\.cookieSessionAffinity\.name: must be a string/,
    ],
    [
      [{ name: 'a', upstreamHashByConfig: { 'upstream-hash-by-subset': 'yes' } }],
      /^\[0\]\.upstreamHashByConfig\.upstream-hash-by-subset: must be true or false/,
    ],
    [
      [{ name: 'a', trafficShapingPolicy: { weight: 101 } }],
      /^\[0\]\.trafficShapingPolicy\.weight: must be a whole number from 0 to 100/,
    ],
    [[{ name: 'a', trafficShapingPolicy: { weight: 0.5 } }], /^\[0\]\.trafficShapingPolicy\.weight: /],
    [[{ name: 'a', alternativeBackends: 'b' }], /^\[0\]\.alternativeBackends: must be a list of names/],
    [[{ name: 'a', alternativeBackends: ['b', 7] }], /^\[0\]\.alternativeBackends\[1\]: must be a string/],
    [[{ name: 'a', noServer: 1 }], /^\[0\]\.noServer: must be true or false/],
    [[annotated({ spec: { ports: [{ port: 'http' }] } })], /^\[0\]\.service\.spec\.ports\[0\]\.port: must be a number/],
  ];
  for (const [records, message] of rows) {
    assert.throws(
      () => new PushReader().read(JSON.stringify(records)),
      (error: unknown) => error instanceof PushError && error.code === 'BAD_PUSH' && message.test(error.message),
      `${JSON.stringify(records)} ${message}`,
    );
  }
});

test('a body that is not JSON is refused with the parser’s reason', () => {
  for (const body of ['', '[', '{"name":', 'nonsense', '[1,]']) {
    assert.throws(() => new PushReader().read(body), /^PushError: the body is not JSON: ./, body);
  }
});

test('a record that is as it was in the last push is the same object again, whatever else comes or goes', () => {
  const reader = new PushReader();
  const read = (...records: unknown[]) => reader.read(JSON.stringify(records));
  const [a, b] = ['a', 'b'].map(name => ({ name, endpoints: [{ address: '10.0.0.1', port: '80' }] }));
  const [first, second] = read(a, b);
  assert.throws(() => read(a, 7), PushError);
  const [moved, fresh, changed] = read(b, { name: 'c' }, { ...a, endpoints: [] });
  assert.equal(moved, second);
  assert.notEqual(changed, first);
  assert.deepEqual([fresh?.name, changed?.endpoints], ['c', []]);
  assert.notEqual(read(a)[0], first, 'only the last push is remembered');
});
