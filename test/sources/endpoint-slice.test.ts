import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usableAddress } from '../../src/resources/endpoint-address.ts';
import { type EndpointSlice, readEndpointSlice } from '../../src/resources/endpoint-slice.ts';
import { sliceProblems } from '../../src/resources/endpoint-slice-shape.ts';
import { fieldName, isShapeProblem } from '../../src/resources/service-object.ts';
import { SharedStrings } from '../../src/resources/shared-strings.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import fc from '../support/property.ts';

function read(value: unknown, shared?: SharedStrings): EndpointSlice {
  const slice = readEndpointSlice(value, 'default', shared);
  assert.ok(!isShapeProblem(slice), JSON.stringify(slice));
  return slice;
}

/** The places and reasons of everything that is wrong. */
function problems(value: unknown): string[] {
  return [...sliceProblems(value, 'default')].map(({ path, reason }) => `${fieldName(path)} ${reason}`);
}

function withEndpoint(fields: Readonly<Record<string, unknown>>): object {
  return endpointSlice('shop', { endpoints: [{ addresses: ['10.0.0.1'], ...fields }] });
}

test('what is read of a slice is kept, and nothing else', () => {
  const manifest = endpointSlice('shop', {
    namespace: 'trade',
    labels: { app: 'shop' },
    endpoints: [
      endpoint('10.0.0.1', 'shop-1', {
        nodeName: 'node-1',
        zone: 'zone-a',
        hostname: 'shop-1',
        hints: { forZones: [{ name: 'zone-a' }], forNodes: [{ name: 'node-1' }] },
      }),
    ],
  });
  const managedFields = [{ manager: 'kube-controller-manager' }];
  const stored = { ...manifest, metadata: { ...manifest.metadata, resourceVersion: '42', managedFields } };
  assert.deepEqual(read(stored), {
    metadata: { name: 'shop-1', namespace: 'trade', resourceVersion: '42' },
    service: 'shop',
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: [
      {
        address: '10.0.0.1',
        state: 'ready',
        pod: 'shop-1',
        uid: 'uid-shop-1',
        nodeName: 'node-1',
        zone: 'zone-a',
        forNodes: ['node-1'],
        forZones: ['zone-a'],
      },
    ],
  });
});

test('what Go leaves out, or writes as null, has the value that the API defines', () => {
  const { metadata, ...rest } = endpointSlice('shop');
  const slice = read({ ...rest, metadata: { ...metadata, namespace: undefined }, ports: null, endpoints: null });
  assert.equal(slice.metadata.namespace, 'default');
  assert.deepEqual([slice.ports, slice.endpoints], [[], []]);
  const bare = read(endpointSlice('shop', { ports: [{ name: null }], endpoints: [{ addresses: ['10.0.0.1'] }] }));
  assert.deepEqual(bare.ports, [{ name: '', port: 0 }]);
  assert.deepEqual(bare.endpoints[0], {
    address: '10.0.0.1',
    state: 'ready',
    pod: '',
    uid: '',
    nodeName: '',
    zone: '',
    forNodes: [],
    forZones: [],
  });
  assert.equal(read({ ...rest, metadata: { name: 'by-hand' } }).service, '');
});

test('conditions make one state, and one that is absent is ready, serving, and not terminating', () => {
  const rows: [conditions: unknown, state: string][] = [
    [undefined, 'ready'],
    [null, 'ready'],
    [{}, 'ready'],
    [{ ready: null, serving: null, terminating: null }, 'ready'],
    [{ ready: true, serving: false }, 'ready'],
    // Of a Service with publishNotReadyAddresses.
    [{ ready: true, serving: false, terminating: true }, 'ready'],
    [{ ready: false }, 'unready'],
    [{ ready: false, serving: true }, 'unready'],
    [{ ready: false, terminating: true }, 'draining'],
    [{ ready: false, serving: true, terminating: true }, 'draining'],
    [{ ready: false, serving: false, terminating: true }, 'unready'],
  ];
  for (const [conditions, state] of rows) {
    assert.equal(read(withEndpoint({ conditions })).endpoints[0]?.state, state, JSON.stringify(conditions));
  }
});

test('ports of other protocols are left out', () => {
  const ports = [
    { name: 'http', port: 80 },
    { name: 'quic', port: 80, protocol: 'UDP' },
    { name: 'any', port: 81, protocol: null },
  ];
  assert.deepEqual(read(endpointSlice('shop', { ports })).ports, [
    { name: 'http', port: 80 },
    { name: 'any', port: 81 },
  ]);
});

test('an address is the literal IP address of an endpoint', () => {
  const good: [addressType: string, address: string, read: string][] = [
    ['IPv4', '10.0.0.1', '10.0.0.1'],
    ['IPv4', '127.100.0.1', '127.100.0.1'],
    ['IPv6', 'fd00::1', 'fd00::1'],
    ['IPv6', 'FD00:0:0::0001', 'fd00::1'],
    ['IPv6', '::1', '::1'],
  ];
  for (const [addressType, address, expected] of good) {
    const slice = read(endpointSlice('shop', { addressType, endpoints: [endpoint(address)] }));
    assert.equal(slice.endpoints[0]?.address, expected);
  }
  const bad: [addressType: string, address: unknown][] = [
    ['IPv4', ''],
    ['IPv4', 7],
    ['IPv4', null],
    ['IPv4', 'example.com'],
    ['IPv4', 'localhost'],
    ['IPv4', '10.0.0.1:80'],
    ['IPv4', '10.0.0.1/32'],
    ['IPv4', ' 10.0.0.1'],
    ['IPv4', '010.0.0.1'],
    ['IPv4', '0x0a000001'],
    ['IPv4', '167772161'],
    ['IPv4', '10.1'],
    ['IPv4', '0.0.0.0'],
    ['IPv4', '169.254.169.254'],
    ['IPv4', '224.0.0.1'],
    ['IPv4', '255.255.255.255'],
    ['IPv4', 'fd00::1'],
    ['IPv4', `1${'0'.repeat(1_000_000)}`],
    ['IPv6', '10.0.0.1'],
    ['IPv6', '::'],
    ['IPv6', 'fe80::1'],
    ['IPv6', 'febf::1'],
    ['IPv6', 'fd00::1%eth0'],
    ['IPv6', 'ff02::1'],
    ['IPv6', '::ffff:169.254.169.254'],
    ['IPv6', '::FFFF:a9fe:a9fe'],
    ['IPv6', '[fd00::1]'],
  ];
  for (const [addressType, address] of bad) {
    const [problem = '', ...others] = problems(
      endpointSlice('shop', { addressType, endpoints: [{ addresses: [address] }] }),
    );
    assert.match(problem, /^endpoints\[0\]\.addresses\[0\] must be /, String(address).slice(0, 50));
    assert.deepEqual(others, []);
  }
});

test('of several addresses the first counts', () => {
  const slice = read(endpointSlice('shop', { endpoints: [{ addresses: ['10.0.0.1', 'example.com'] }] }));
  assert.deepEqual(
    slice.endpoints.map(({ address }) => address),
    ['10.0.0.1'],
  );
});

test('a slice of names is read without its endpoints', () => {
  const slice = read(endpointSlice('shop', { addressType: 'FQDN', endpoints: [{ addresses: ['metadata.internal'] }] }));
  assert.equal(slice.addressType, 'FQDN');
  assert.deepEqual(slice.endpoints, []);
});

test('a wrong shape is reported with its place', () => {
  const { metadata, ...rest } = endpointSlice('shop');
  const rows: [value: unknown, path: string][] = [
    [undefined, ''],
    ['text', ''],
    [[], ''],
    [rest, 'metadata'],
    [{ ...rest, metadata: {} }, 'metadata.name'],
    [{ ...rest, metadata: { ...metadata, name: '../../etc' } }, 'metadata.name'],
    [{ ...rest, metadata: { ...metadata, name: 'a'.repeat(254) } }, 'metadata.name'],
    [{ ...rest, metadata: { ...metadata, namespace: 'a/b' } }, 'metadata.namespace'],
    [{ ...rest, metadata: { ...metadata, labels: [] } }, 'metadata.labels'],
    [endpointSlice('a/b', { name: 'slice' }), 'metadata.labels.kubernetes.io/service-name'],
    [{ metadata, addressType: 'IPv5' }, 'addressType'],
    [{ metadata }, 'addressType'],
    [{ ...rest, metadata, ports: {} }, 'ports'],
    [{ ...rest, metadata, ports: Array.from({ length: 101 }, () => ({})) }, 'ports'],
    [{ ...rest, metadata, ports: [7] }, 'ports[0]'],
    [endpointSlice('shop', { ports: [{ port: 0 }] }), 'ports[0].port'],
    [endpointSlice('shop', { ports: [{ port: '80' }] }), 'ports[0].port'],
    [endpointSlice('shop', { ports: [{ name: 'HTTP', port: 80 }] }), 'ports[0].name'],
    [endpointSlice('shop', { ports: [{ protocol: 7, port: 80 }] }), 'ports[0].protocol'],
    [endpointSlice('shop', { ports: [{ port: 80 }, { name: '', port: 81 }] }), 'ports[1].name'],
    [{ ...rest, metadata, endpoints: 'none' }, 'endpoints'],
    [endpointSlice('shop', { endpoints: Array.from({ length: 1_001 }, () => endpoint('10.0.0.1')) }), 'endpoints'],
    [{ ...rest, metadata, endpoints: [null] }, 'endpoints[0]'],
    [endpointSlice('shop', { endpoints: [{}] }), 'endpoints[0].addresses'],
    [endpointSlice('shop', { endpoints: [{ addresses: [] }] }), 'endpoints[0].addresses'],
    [endpointSlice('shop', { endpoints: [{ addresses: '10.0.0.1' }] }), 'endpoints[0].addresses'],
    [withEndpoint({ conditions: 7 }), 'endpoints[0].conditions'],
    [withEndpoint({ conditions: { ready: 'yes' } }), 'endpoints[0].conditions.ready'],
  ];
  for (const [value, path] of rows) {
    const [first = '', ...others] = problems(value);
    assert.ok(first.startsWith(path === '' ? ' must' : `${path} `), `${first} is not about ${path}`);
    assert.deepEqual(others, []);
    assert.ok(isShapeProblem(readEndpointSlice(value, 'default')));
  }
});

test('names that the API server does not check count as unknown when they cannot be names', () => {
  const long = 'a'.repeat(1_000_000);
  const targets: unknown[] = [
    7,
    [],
    { kind: 'Node', name: 'node-1', uid: 'x' },
    { kind: 'Pod', name: long, uid: long },
  ];
  for (const targetRef of targets) {
    const [read0] = read(withEndpoint({ targetRef, nodeName: `${long}\n`, zone: { name: 'a' } })).endpoints;
    assert.deepEqual([read0?.pod, read0?.uid, read0?.nodeName, read0?.zone], ['', '', '', '']);
  }
});

test('a hint that cannot be read is no hint', () => {
  const names = (...zones: unknown[]): unknown => ({ forZones: zones.map(name => ({ name })) });
  const bad: unknown[] = [
    null,
    7,
    {},
    { forZones: 7 },
    { forZones: [] },
    { forZones: ['a'] },
    names('a', ''),
    names(7),
  ];
  bad.push(names(...Array.from({ length: 9 }, (_, index) => `zone-${index}`)));
  for (const hints of bad) assert.deepEqual(read(withEndpoint({ hints })).endpoints[0]?.forZones, []);
  assert.deepEqual(read(withEndpoint({ hints: names('a', 'b') })).endpoints[0]?.forZones, ['a', 'b']);
});

test('strings that many endpoints have are kept once, and only as many as a cluster has', () => {
  const shared = new SharedStrings();
  const first = shared.list(['zone-a']);
  assert.equal(shared.list(['zone-a']), first);
  assert.notEqual(shared.list(['zone-a', 'zone-b']), first);
  for (let index = 0; index < 20_000; index += 1) shared.list([`zone-${index}`]);
  assert.notEqual(shared.list(['zone-a']), first, 'what was remembered first has been forgotten');
});

/** Endpoints of which some differ in one thing alone. */
const SIMILAR = fc.array(
  fc.constantFrom<object>(
    ...[1, 2, 3].map(number => endpoint(`10.0.0.${number}`, `shop-${number}`)),
    endpoint('10.0.0.1', 'shop-1', { nodeName: 'node-1' }),
    endpoint('10.0.0.1', 'shop-1', { zone: 'zone-a' }),
    endpoint('10.0.0.1', 'shop-1', { zone: 'not a zone' }),
    endpoint('10.0.0.1', 'shop-1', { conditions: null }),
    endpoint('10.0.0.1', 'shop-1', { conditions: { ready: false, serving: true, terminating: true } }),
    endpoint('10.0.0.1', 'shop-1', { conditions: { ready: true, serving: 1 } }),
    endpoint('10.0.0.1', 'shop-1', { addresses: ['10.0.0.1', 7] }),
    endpoint('10.0.0.1', 'shop-1', { addresses: [] }),
    endpoint('10.0.0.1', 'shop-1', { hints: { forZones: [{ name: 'zone-a' }] } }),
    endpoint('10.0.0.1', 'shop-1', { hints: { forZones: [{ name: 'zone-b' }], forNodes: [{ name: 'node-1' }] } }),
    endpoint('10.0.0.1', 'shop-1', { hints: { forZones: [{}] } }),
    endpoint('10.0.0.1', 'shop-1', { hints: 'zone-a' }),
    endpoint('10.0.0.1', 'shop-1', { targetRef: { kind: 'Node', name: 'shop-1', uid: 'uid-shop-1' } }),
    endpoint('10.0.0.1', 'shop-1', { targetRef: { kind: 'Pod', name: 'Shop 1', uid: '' } }),
    endpoint('10.0.0.1'),
    [],
  ),
  { maxLength: 6 },
);

test('endpoints that have not changed are the same objects, also where others have gone and come', () => {
  const of = (...numbers: readonly number[]): object =>
    endpointSlice('shop', {
      endpoints: numbers.map(number => endpoint(`10.0.0.${number}`, `shop-${number}`, { zone: 'zone-a' })),
    });
  const shared = new SharedStrings();
  const before = read(of(1, 2, 3, 4, 5), shared);
  for (const numbers of [
    [1, 2, 3, 4, 5],
    [9, 2, 3, 4, 5],
    [1, 2, 4, 5],
    [1, 2, 3, 8, 4, 5],
    [7, 8, 3, 9, 5, 6],
  ]) {
    const slice = readEndpointSlice(of(...numbers), 'default', shared, before);
    assert.ok(!isShapeProblem(slice));
    const kept = slice.endpoints.filter(one => before.endpoints.includes(one)).map(({ address }) => address);
    assert.deepEqual(
      kept,
      numbers.filter(number => number < 6).map(number => `10.0.0.${number}`),
    );
  }
});

test('a slice is read in the same way, whatever it was before', () => {
  const types = fc.constantFrom('IPv4', 'IPv6', 'FQDN');
  fc.assert(
    fc.property(SIMILAR, SIMILAR, types, types, (earlier, later, typeBefore, typeAfter) => {
      const was = readEndpointSlice(endpointSlice('shop', { endpoints: earlier, addressType: typeBefore }), 'default');
      const value = endpointSlice('shop', { endpoints: later, addressType: typeAfter });
      const before = isShapeProblem(was) ? undefined : was;
      assert.deepEqual(readEndpointSlice(value, 'default', undefined, before), readEndpointSlice(value, 'default'));
    }),
    { numRuns: 3_000 },
  );
});

/** Slices with anything in any of their places. */
const MANGLED = fc
  .tuple(
    fc.constantFrom('metadata', 'addressType', 'ports', 'endpoints', 'ports.0', 'endpoints.0', 'endpoints.0.addresses'),
    fc.oneof(fc.anything(), fc.jsonValue(), fc.constantFrom('endpoints.0.conditions', [[]], [null], { name: {} })),
  )
  .map(([place, value]) => {
    const slice: unknown = endpointSlice('shop', { endpoints: [endpoint('10.0.0.1', 'shop-1')] });
    const steps = place.split('.');
    const last = steps.pop() ?? '';
    const parent = steps.reduce<unknown>((inner, step) => Reflect.get(Object(inner), step), slice);
    Reflect.set(Object(parent), last, value);
    return slice;
  });

test('whatever comes is read or refused, and what is read leads to addresses of endpoints alone', () => {
  fc.assert(
    fc.property(fc.oneof(MANGLED, fc.anything()), value => {
      const slice = readEndpointSlice(value, 'default');
      if (isShapeProblem(slice)) return;
      for (const { address } of slice.endpoints) assert.equal(usableAddress(address), address);
    }),
    { numRuns: 2_000 },
  );
});
