import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice } from '../../src/resources/endpoint-slice.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import type { SliceEndpoint } from '../../src/resources/slice-endpoint.ts';
import { endpointsOf, type Location } from '../../src/translate/endpoints.ts';
import fc from '../support/property.ts';
import { service } from '../support/services.ts';
import { type ReferenceQuestion, referenceEndpoints } from './endpoints-reference.ts';

/** Few values, so that endpoints are in several slices, and pods at several addresses. */
const endpoints: fc.Arbitrary<SliceEndpoint> = fc.record({
  address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1', 'fd00::2'),
  state: fc.constantFrom('ready', 'ready', 'draining', 'unready'),
  pod: fc.constant('pod'),
  uid: fc.constantFrom('', 'a', 'b', 'c'),
  nodeName: fc.constantFrom('', 'node-1', 'node-2'),
  zone: fc.constantFrom('', 'zone-a'),
  forNodes: fc.subarray(['node-1', 'node-2']),
  forZones: fc.subarray(['zone-a', 'zone-b']),
});

const ports = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('', 'http', 'admin'), port: fc.constantFrom(0, 8080, 8081) }),
  { selector: ({ name }) => name },
);

const sliceSets: fc.Arbitrary<EndpointSlice[]> = fc
  .array(fc.record({ ports, endpoints: fc.array(endpoints, { maxLength: 5 }) }), { maxLength: 4 })
  .map(slices => slices.map((slice, index) => sliceOf(`slice-${index}`, slice)));

const questions: fc.Arbitrary<ReferenceQuestion> = fc.record({
  portName: fc.constantFrom('', 'http'),
  isSixPreferred: fc.boolean(),
  isLocal: fc.boolean(),
  nodeName: fc.constantFrom('node-1', 'node-2'),
  zone: fc.constantFrom('zone-a', 'zone-c'),
  zoneMinimum: fc.constantFrom(1, 2, 3),
});

function sliceOf(name: string, fields: Pick<EndpointSlice, 'ports' | 'endpoints'>): EndpointSlice {
  const metadata = { name, namespace: 'default', resourceVersion: '' };
  return { metadata, service: 'shop', addressType: 'IPv4', ...fields };
}

function shop({ isSixPreferred, isLocal }: { isSixPreferred: boolean; isLocal: boolean }): ServiceObject {
  const ipFamilies = isSixPreferred ? ['IPv6', 'IPv4'] : ['IPv4'];
  return service('shop', { spec: { ipFamilies, internalTrafficPolicy: isLocal ? 'Local' : 'Cluster' } });
}

function answer(slices: readonly EndpointSlice[], question: ReferenceQuestion): string[] {
  const found = endpointsOf(shop(question), { name: question.portName, port: 80 }, slices, question).endpoints ?? [];
  return found.map(({ address, port, state }) => `${address} ${port} ${state}`).sort();
}

test('the endpoints of any slices are those that the reference finds', () => {
  fc.assert(
    fc.property(sliceSets, questions, (slices, question) => {
      assert.deepEqual(answer(slices, question), referenceEndpoints(slices, question));
    }),
    { numRuns: 2_000 },
  );
});

test('the order of the slices changes nothing, and no endpoint is there twice', () => {
  fc.assert(
    fc.property(sliceSets, questions, (slices, question) => {
      const port = { name: question.portName, port: 80 };
      const found = endpointsOf(shop(question), port, slices, question).endpoints ?? [];
      assert.deepEqual(endpointsOf(shop(question), port, slices.toReversed(), question).endpoints ?? [], found);
      assert.equal(new Set(found.map(({ id }) => id)).size, found.length);
      assert.equal(new Set(found.map(endpoint => `${endpoint.address} ${endpoint.port}`)).size, found.length);
    }),
  );
});

const NOWHERE: Location = { nodeName: '', zone: '', zoneMinimum: 2 };

test('without hints, or without a zone, all endpoints are used', () => {
  const hinted = { address: '10.0.0.1', state: 'ready', pod: '', uid: '', nodeName: '', zone: 'zone-a' } as const;
  const near = { ...hinted, forNodes: ['node-1'], forZones: ['zone-a'] };
  const slices = [
    sliceOf('one', {
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [near, { ...near, address: '10.0.0.2' }, { ...near, address: '10.0.0.3', forZones: ['zone-b'] }],
    }),
  ];
  const found = endpointsOf(service('shop'), { name: 'http', port: 80 }, slices, NOWHERE).endpoints;
  assert.equal(found?.length, 3);
});

test('a pod that is replaced at the same address is another endpoint', () => {
  const pod = { address: '10.0.0.1', state: 'ready', nodeName: '', zone: '', forNodes: [], forZones: [] } as const;
  const idOf = (uid: string): string | undefined => {
    const ports = [{ name: 'http', port: 8080 }];
    const slices = [sliceOf('one', { ports, endpoints: [{ ...pod, pod: 'shop-0', uid }] })];
    return endpointsOf(service('shop'), { name: 'http', port: 80 }, slices, NOWHERE).endpoints?.[0]?.id;
  };
  assert.notEqual(idOf('first'), idOf('second'));
  assert.equal(idOf(''), '10.0.0.1:8080');
});

test('no text of a slice makes a message long', () => {
  const ports = Array.from({ length: 100 }, (_, index) => ({
    name: `p${'x'.repeat(60)}${index}`.slice(0, 63),
    port: 1,
  }));
  const { warnings } = endpointsOf(
    service('shop'),
    { name: 'http', port: 80 },
    [sliceOf('one', { ports, endpoints: [] })],
    NOWHERE,
  );
  assert.equal(warnings.length, 1);
  assert.ok((warnings[0]?.message.length ?? 0) < 1_000);
});
