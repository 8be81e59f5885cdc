/** Whatever stands in an object of the Gateway API, reading it neither throws nor costs much. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GATEWAY_KIND_NAMES, readGatewayObject } from '../../src/resources/gateway/gateway-kinds.ts';
import { isShapeProblem } from '../../src/resources/service-object.ts';
import fc from '../support/property.ts';
import { plain, problemOf, read } from './gateway-object-reading.ts';

const WHOLE: Readonly<Record<string, unknown>> = {
  controllerName: 'a.example/b',
  gatewayClassName: 'a',
  parentRef: { name: 'a' },
  parentRefs: [{ name: 'a', sectionName: 'b', port: 1 }],
  hostnames: ['a.example'],
  targetRefs: [{ group: '', kind: 'Service', name: 'a' }],
  from: [{ group: '', kind: 'A', namespace: 'b' }],
  to: [{ group: '', kind: 'A', name: 'b' }],
  validation: { hostname: 'a.example', subjectAltNames: [{ type: 'URI', uri: 'a://b' }] },
  listeners: [
    {
      ...{ name: 'a', port: 1, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'c' }], options: { a: 'b' } } },
      allowedRoutes: {
        namespaces: { from: 'Selector', selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      },
    },
  ],
  infrastructure: { labels: { a: 'b' }, parametersRef: { group: 'a', kind: 'B', name: 'c' } },
  tls: { frontend: { default: { validation: { caCertificateRefs: [] } }, perPort: [{ port: 1, tls: {} }] } },
  rules: [
    {
      matches: [{ path: { value: '/' }, headers: [{ name: 'a', value: 'b' }], method: 'GET' }],
      filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }] } }],
      backendRefs: [
        { name: 'a', port: 1, filters: [{ type: 'ExtensionRef', extensionRef: { group: 'a', kind: 'B', name: 'c' } }] },
      ],
      timeouts: { request: '1s' },
      retry: { codes: [500], attempts: 1, backoff: '1s' },
    },
  ],
};

/** The value with another one in the place that the turns lead to. */
function replaced(value: unknown, turns: readonly number[], other: unknown): unknown {
  const [turn, ...rest] = turns;
  if (turn === undefined || typeof value !== 'object' || value === null) return other;
  const keys = Object.keys(value);
  const key = keys[turn % Math.max(1, keys.length)] ?? 'added';
  const child = (value as Record<string, unknown>)[key];
  if (!Array.isArray(value)) return { ...value, [key]: replaced(child, rest, other) };
  return value.map((item, index) => (String(index) === key ? replaced(item, rest, other) : item));
}

const kinds = fc.constantFrom(...GATEWAY_KIND_NAMES);
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSparseArray: true,
});

test('property: no value makes a reader throw, and what is read can be read again', () => {
  const value = fc.oneof(
    anything,
    fc.record({ metadata: fc.constant({ name: 'a' }), spec: anything }),
    fc
      .record({ turns: fc.array(fc.nat(40), { maxLength: 9 }), other: anything })
      .map(({ turns, other }) =>
        replaced({ metadata: { name: 'a', annotations: { a: 'b' } }, spec: WHOLE, status: {} }, turns, other),
      ),
  );
  fc.assert(
    fc.property(kinds, value, (kind, object) => {
      const first = readGatewayObject(kind, object, 'default');
      if (isShapeProblem(first)) {
        assert.ok(first.reason.length < 200);
        return;
      }
      const again = readGatewayObject(kind, first, 'elsewhere');
      assert.ok(!isShapeProblem(again));
      const parts = ({ metadata, spec }: typeof again) => plain({ metadata, spec });
      assert.deepEqual(parts(again), parts(first));
    }),
    { numRuns: 2_000 },
  );
});

test('a huge object costs no more than its own size', () => {
  const match = { headers: Array.from({ length: 60 }, (_, index) => ({ name: `X-${index}`, value: 'v'.repeat(16) })) };
  const rules = Array.from({ length: 60 }, () => ({ matches: Array(200).fill(match) }));
  const spec = read('HTTPRoute', { rules }).spec;
  assert.equal(spec.rules.length, 60);
  assert.match(problemOf('HTTPRoute', { rules: Array(1e6).fill({}) }), /at most 64 items/);
  assert.match(
    problemOf('Gateway', {}, { name: 'a', annotations: { a: 'x'.repeat(1e6) } }),
    /at most 524288 characters/,
  );
});
