import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewCluster } from '../../src/admin/cluster-view.ts';
import { backendReport } from '../../src/cli/backend-report.ts';
import type { ObservedCluster } from '../../src/control/observed-cluster.ts';
import { endpointReport, observedCluster } from '../support/observed-clusters.ts';

const NOW = Date.UTC(2026, 0, 1, 12);

/** Without the spaces that align columns. */
function linesOf(observed: ObservedCluster): string[] {
  const text = backendReport(viewCluster(observed), NOW, {});
  return text.split('\n').map(line => line.trim().replaceAll(/ {2,}/g, ' | '));
}

test('each endpoint is shown with its state, its load, and why it gets no requests', () => {
  const ejection = { reason: 'failures_in_a_row', times: 2, until: NOW + 41_000 } as const;
  const check = { passed: false, detail: 'status 500', at: NOW };
  const lines = linesOf(
    observedCluster(
      [
        endpointReport('cart-1', { inFlight: 3, firstByteMs: 4.2, zone: 'a' }),
        endpointReport('cart-2', { health: 'ejected', firstByteMs: 250, ejection }),
        endpointReport('cart-3', { health: 'trial', ejection: { ...ejection, times: 1, until: NOW } }),
        endpointReport('cart-4', { health: 'unhealthy', check }),
        endpointReport('', { health: 'draining', address: 'fd00::1' }),
      ],
      { policy: 'hash', key: { from: 'header', name: 'X-User' } },
      {
        maxRequests: 100,
        affinity: { name: 'SESSION', path: '/', domain: '', sameSite: 'Lax', secure: 'auto' },
      },
    ),
  );
  assert.deepEqual(lines, [
    'shop-cart-80',
    'Service | shop/cart',
    'Balance | hash header:X-User',
    'Affinity | cookie SESSION',
    'Limit | 100 requests in flight for each endpoint',
    'Endpoints | 1 ready, 1 ejected, 1 trial, 1 unhealthy, 1 draining',
    '',
    'ADDRESS | POD | ZONE | STATE | IN FLIGHT | FIRST BYTE | WHY',
    '10.0.0.1:80 | cart-1 | a | ready | 3 | 4.2 ms',
    '10.0.0.1:80 | cart-2 | - | ejected | 0 | 250 ms | too many requests in a row failed, 2 times in a row; tried again in 41 s',
    '10.0.0.1:80 | cart-3 | - | trial | 0 | - | too many requests in a row failed; the next request tries it',
    '10.0.0.1:80 | cart-4 | - | unhealthy | 0 | - | its health check fails: status 500',
    '[fd00::1]:80 | - | - | draining | 0 | - | terminating: only clients that a cookie binds to it are still served',
  ]);
});

test('of a ClusterIP nothing is known but its address', () => {
  const lines = linesOf(observedCluster([endpointReport('', { address: '10.96.0.1' })], { policy: 'service' }));
  assert.deepEqual(lines.slice(2), [
    'Balance | service: kube-proxy chooses the pod behind the ClusterIP',
    'Endpoints | 1',
    '',
    'ADDRESS | POD | ZONE | STATE | IN FLIGHT | FIRST BYTE | WHY',
    '10.96.0.1:80 | - | - | - | - | -',
  ]);
});

test('without endpoints, with too few that are well, and with too many to list, it says so', () => {
  assert.equal(linesOf(observedCluster([])).at(-1), 'Endpoints | none: requests are answered with 503');
  const panic = { ...observedCluster([endpointReport('a', { health: 'ejected' })]), usesAll: true };
  assert.ok(linesOf(panic).includes('Endpoints | 1 ejected; all of them are used, because too few are well'));
  assert.equal(linesOf({ ...observedCluster([endpointReport('a')]), more: 5 }).at(-1), '… and 5 more');
});
