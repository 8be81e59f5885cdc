import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayFigures } from '../../src/control/gateway-figures.ts';
import type { Condition, GatewayStatus } from '../../src/translate/gateway/gateway-status.ts';

function condition(text: string): Condition {
  const [type = '', status = 'True', reason = type] = text.split(' ');
  return { type, status: status as Condition['status'], reason, message: '' };
}

const conditions = (...texts: readonly string[]): Condition[] => texts.map(condition);
const listener = (name: string, ...texts: readonly string[]) => ({
  ...{ name, supportedKinds: [], attachedRoutes: 0 },
  conditions: conditions(...texts),
});
const route = (...parents: readonly Condition[][]): GatewayStatus => ({
  kind: 'HTTPRoute',
  parents: parents.map(found => ({
    parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' },
    conditions: found,
  })),
});

test('Gateways, listeners, routes and ports are counted by what has become of them', () => {
  const gateway = (found: readonly Condition[], listeners: readonly ReturnType<typeof listener>[]): GatewayStatus => ({
    ...{ kind: 'Gateway', addresses: [], attachedListenerSets: 0 },
    conditions: found,
    listeners,
  });
  const statuses: GatewayStatus[] = [
    { kind: 'GatewayClass', conditions: conditions('Accepted'), supportedFeatures: [] },
    gateway(conditions('Accepted', 'Programmed'), [
      listener('http', 'Accepted', 'Programmed'),
      listener('https', 'Accepted', 'ResolvedRefs False InvalidCertificateRef', 'Programmed False Invalid'),
    ]),
    gateway(conditions('Accepted', 'Programmed False Pending'), [
      listener('http', 'Accepted', 'Programmed False Pending'),
    ]),
    gateway(conditions('Accepted False InvalidParameters', 'Programmed False Invalid'), []),
    { kind: 'ListenerSet', conditions: conditions('Accepted'), listeners: [listener('set', 'Accepted', 'Programmed')] },
    route(conditions('Accepted')),
    route(conditions('Accepted False NoMatchingParent'), conditions('Accepted')),
    route(conditions('Accepted False NotAllowedByListeners')),
    route(),
  ];
  const found = gatewayFigures(statuses, [
    { state: 'listening' },
    { state: 'failed', code: 'EADDRINUSE', why: 'in use' },
  ]);
  assert.deepEqual(Object.fromEntries(found.gateways), { programmed: 1, pending: 1, refused: 1 });
  assert.deepEqual(Object.fromEntries(found.listeners), { programmed: 2, pending: 1, refused: 1 });
  assert.deepEqual(Object.fromEntries(found.routes), { attached: 2, refused: 1 });
  assert.deepEqual(Object.fromEntries(found.ports), { listening: 1, opening: 0, failed: 1 });
});
