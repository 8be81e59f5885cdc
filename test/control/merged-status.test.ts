import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Merged, mergedStatus } from '../../src/control/status/merged-status.ts';
import type { ParentRef } from '../../src/resources/gateway/gateway-object.ts';
import type { Condition, ObjectStatus } from '../../src/translate/gateway/gateway-status.ts';

const CONTROLLER = 'kube-entry.io/gateway';
const OPTIONS = { controllerName: CONTROLLER, now: Date.parse('2026-05-01T10:00:00.500Z') };
const NOW = '2026-05-01T10:00:00Z';
const BEFORE = '2026-01-01T00:00:00Z';

function condition(type: string, status: Condition['status'] = 'True', reason: string = type): Condition {
  return { type, status, reason, message: '' };
}

function stored(type: string, status = 'True', observedGeneration = 1, reason = type): Record<string, unknown> {
  return { type, status, observedGeneration, reason, message: '', lastTransitionTime: BEFORE };
}

function ref(name: string, more: Partial<ParentRef> = {}): ParentRef {
  return { group: 'gateway.networking.k8s.io', kind: 'Gateway', name, ...more };
}

function route(generation: number, ...parents: readonly (readonly [ParentRef, readonly Condition[]])[]): ObjectStatus {
  return {
    object: { kind: 'HTTPRoute', namespace: 'shop', name: 'web' },
    generation,
    status: { kind: 'HTTPRoute', parents: parents.map(([parentRef, conditions]) => ({ parentRef, conditions })) },
  };
}

function gateway(
  generation: number,
  fields: Partial<Extract<ObjectStatus['status'], { kind: 'Gateway' }>> = {},
): ObjectStatus {
  return {
    object: { kind: 'Gateway', namespace: 'shop', name: 'gate' },
    generation,
    status: { kind: 'Gateway', addresses: [], conditions: [], listeners: [], attachedListenerSets: 0, ...fields },
  };
}

function statusOf(merged: Merged): Readonly<Record<string, unknown>> {
  assert.equal(merged.outcome, 'changed');
  return merged.outcome === 'changed' ? merged.status : {};
}

function merge(before: unknown, said: ObjectStatus): Merged {
  return mergedStatus(before, said.object.kind, said, OPTIONS);
}

test('entries of other controllers stay byte for byte, in their places', () => {
  const foreign = {
    parentRef: { name: 'theirs', odd: [1, { a: null }] },
    controllerName: 'example.com/other',
    conditions: 7,
  };
  const ours = { parentRef: ref('gate'), controllerName: CONTROLLER, conditions: [stored('Accepted')] };
  const before = { parents: [foreign, ours, { ...foreign, x: 1 }], extra: 'kept' };
  const status = statusOf(merge(before, route(2, [ref('gate'), [condition('Accepted')]])));
  assert.deepEqual(status, {
    ...before,
    parents: [foreign, { ...ours, conditions: [stored('Accepted', 'True', 2)] }, { ...foreign, x: 1 }],
  });
  assert.equal(JSON.stringify((status.parents as unknown[])[0]), JSON.stringify(foreign));
});

test('nothing is written where all is as it was', () => {
  const said = route(3, [ref('gate', { sectionName: 'http' }), [condition('Accepted'), condition('ResolvedRefs')]]);
  const status = statusOf(merge(undefined, said));
  assert.deepEqual(merge(JSON.parse(JSON.stringify(status)), said), { outcome: 'same' });
  assert.deepEqual(merge(undefined, route(1)), { outcome: 'same' });
  assert.deepEqual(merge({ parents: [] }, route(1)), { outcome: 'same' });
});

test('the time of a condition is that of the last change of its status', () => {
  const before = { conditions: [stored('Accepted', 'True', 1, 'Old'), stored('Programmed', 'False')] };
  const said = gateway(2, { conditions: [condition('Accepted', 'True', 'New'), condition('Programmed')] });
  assert.deepEqual(statusOf(merge(before, said)).conditions, [
    { ...stored('Accepted', 'True', 2, 'New'), lastTransitionTime: BEFORE },
    { ...stored('Programmed', 'True', 2), lastTransitionTime: NOW },
  ]);
});

test('what an API server fills in at creation is replaced', () => {
  const pending = {
    type: 'Accepted',
    status: 'Unknown',
    reason: 'Pending',
    message: 'Waiting',
    lastTransitionTime: '1970-01-01T00:00:00Z',
  };
  const status = statusOf(merge({ conditions: [pending] }, gateway(1, { conditions: [condition('Accepted')] })));
  assert.deepEqual(status.conditions, [{ ...stored('Accepted'), lastTransitionTime: NOW }]);
});

test('conditions of other types stay in Gateways, listeners and our parents, and what we no longer say goes', () => {
  const foreign = { ...stored('example.com/Checked', 'False', 99), lastTransitionTime: BEFORE };
  const listener = {
    name: 'http',
    supportedKinds: [],
    attachedRoutes: 0,
    conditions: [foreign, stored('OverlappingTLSConfig')],
    odd: 1,
  };
  const before = {
    addresses: [{ type: 'IPAddress', value: '192.0.2.9' }],
    conditions: [stored('InsecureFrontendValidationMode'), foreign, stored('Accepted')],
    listeners: [{ name: 'gone' }, listener],
  };
  const status = statusOf(
    merge(
      before,
      gateway(1, {
        addresses: [{ type: 'IPAddress', value: '192.0.2.1' }],
        conditions: [condition('Accepted')],
        listeners: [
          {
            name: 'http',
            supportedKinds: [{ group: 'g', kind: 'HTTPRoute' }],
            attachedRoutes: 2,
            conditions: [condition('Accepted')],
          },
        ],
        attachedListenerSets: 1,
      }),
    ),
  );
  assert.deepEqual(status, {
    addresses: [{ type: 'IPAddress', value: '192.0.2.1' }],
    conditions: [foreign, stored('Accepted')],
    listeners: [
      {
        ...listener,
        supportedKinds: [{ group: 'g', kind: 'HTTPRoute' }],
        attachedRoutes: 2,
        conditions: [foreign, { ...stored('Accepted'), lastTransitionTime: NOW }],
      },
    ],
    attachedListenerSets: 1,
  });
  const parent = {
    parentRef: ref('gate'),
    controllerName: CONTROLLER,
    conditions: [foreign, stored('PartiallyInvalid'), stored('Accepted')],
  };
  assert.deepEqual(statusOf(merge({ parents: [parent] }, route(1, [ref('gate'), [condition('Accepted')]]))).parents, [
    { ...parent, conditions: [foreign, stored('Accepted')] },
  ]);
});

test('a status of a newer version of the object is not overwritten, and a foreign condition says nothing of versions', () => {
  const said = gateway(2, { conditions: [condition('Accepted')] });
  assert.deepEqual(merge({ conditions: [stored('Accepted', 'True', 3)] }, said), { outcome: 'behind' });
  assert.equal(merge({ conditions: [stored('example.com/Other', 'True', 3)] }, said).outcome, 'changed');
});

test('an entry is found by its parent, however much of the reference is left out, and appears once', () => {
  const entry = (parentRef: object) => ({ parentRef, controllerName: CONTROLLER, conditions: [stored('Accepted')] });
  const before = {
    parents: [entry({ name: 'gate', namespace: 'shop' }), entry({ name: 'gate' }), entry({ name: 'gate', port: 80 })],
  };
  const said = route(
    1,
    [ref('gate'), [condition('Accepted')]],
    [ref('gate', { sectionName: 'a' }), [condition('Accepted')]],
  );
  assert.deepEqual(statusOf(merge(before, said)).parents, [
    before.parents[0],
    {
      ...entry(ref('gate', { sectionName: 'a' })),
      conditions: [{ ...stored('Accepted'), lastTransitionTime: NOW }],
    },
  ]);
});

test('entries of ours go where nothing of the status is ours any more, and where a parent is gone', () => {
  const foreign = { parentRef: { name: 'theirs' }, controllerName: 'example.com/other', conditions: [] };
  const ours = { parentRef: ref('gate'), controllerName: CONTROLLER, conditions: [stored('Accepted')] };
  const before = { parents: [ours, foreign] };
  const withdrawn = mergedStatus(before, 'HTTPRoute', undefined, OPTIONS);
  assert.deepEqual(statusOf(withdrawn).parents, [foreign]);
  assert.deepEqual(statusOf(merge(before, route(1))).parents, [foreign]);
  assert.deepEqual(mergedStatus({ parents: [foreign] }, 'HTTPRoute', undefined, OPTIONS), { outcome: 'same' });
  // Whose the conditions of a Gateway are is said by its class alone.
  assert.deepEqual(mergedStatus({ conditions: [stored('Accepted')] }, 'Gateway', undefined, OPTIONS), {
    outcome: 'same',
  });
});

test('a list that others have filled is left alone, and of ancestors as many are named as there is room for', () => {
  const foreign = Array.from({ length: 32 }, (_, index) => ({
    parentRef: { name: `g${index}` },
    controllerName: 'a.example/b',
  }));
  assert.deepEqual(merge({ parents: foreign }, route(1, [ref('gate'), [condition('Accepted')]])), { outcome: 'full' });
  const said: ObjectStatus = {
    object: { kind: 'BackendTLSPolicy', namespace: 'shop', name: 'tls' },
    generation: 1,
    status: {
      kind: 'BackendTLSPolicy',
      ancestors: ['a', 'b', 'c'].map(name => ({ ancestorRef: ref(name), conditions: [condition('Accepted')] })),
    },
  };
  const others = Array.from({ length: 14 }, (_, index) => ({
    ancestorRef: { name: `g${index}` },
    controllerName: 'a.example/b',
  }));
  const ancestors = statusOf(merge({ ancestors: others }, said)).ancestors as { ancestorRef: { name: string } }[];
  assert.deepEqual(ancestors.slice(0, 14), others);
  assert.deepEqual(
    ancestors.slice(14).map(({ ancestorRef }) => ancestorRef.name),
    ['a', 'b'],
  );
});

test('a GatewayClass names features as objects', () => {
  const said: ObjectStatus = {
    object: { kind: 'GatewayClass', namespace: '', name: 'entry' },
    generation: 1,
    status: { kind: 'GatewayClass', conditions: [condition('Accepted')], supportedFeatures: ['Gateway', 'HTTPRoute'] },
  };
  assert.deepEqual(statusOf(merge({}, said)).supportedFeatures, [{ name: 'Gateway' }, { name: 'HTTPRoute' }]);
});

test('whatever stands in a stored status, merging does not throw', () => {
  for (const odd of [
    null,
    7,
    'x',
    [],
    {},
    [null],
    [7],
    [[]],
    [{}],
    [{ type: 7 }],
    [{ controllerName: CONTROLLER, conditions: 7 }],
  ]) {
    const before = { parents: odd, ancestors: odd, conditions: odd, listeners: odd, addresses: odd };
    merge(before, route(1, [ref('gate'), [condition('Accepted')]]));
    merge(before, gateway(1, { conditions: [condition('Accepted')] }));
    mergedStatus(before, 'HTTPRoute', undefined, OPTIONS);
    merge(odd, route(1, [ref('gate'), []]));
  }
});
