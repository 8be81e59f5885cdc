import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AskedRequest } from '../../src/control/asked-request.ts';
import { chooseEndpoint, type EndpointChoice } from '../../src/control/endpoint-choice.ts';
import type { ObservedCluster } from '../../src/control/observed-cluster.ts';
import type { Balance } from '../../src/model/cluster.ts';
import { observedCluster as cluster, endpointReport as endpoint } from '../support/observed-clusters.ts';

const LEAST: Balance = { policy: 'least-request' };

function ask(observed: ObservedCluster, clientIp = '', boundTo?: string): EndpointChoice {
  const request = new AskedRequest({ method: 'GET', host: '', path: '/', query: '', clientIp, headers: new Map() });
  return chooseEndpoint(observed, request, boundTo);
}

/** By endpoint: its share, or why it gets none. */
function summary({ chances }: EndpointChoice): Record<string, number | string> {
  return Object.fromEntries(
    chances.map(({ endpoint: { id }, share, exclusion }) => [id, exclusion ?? Math.round(share * 10) / 10]),
  );
}

/** In per cent. */
function shares({ chances }: EndpointChoice): number[] {
  return chances.map(({ share }) => Math.round(share * 100));
}

describe('where a request would go', () => {
  it('is the endpoint with the fewest requests in flight, and never one that gets none', () => {
    const choice = ask(
      cluster([
        endpoint('idle'),
        endpoint('busy', { inFlight: 3 }),
        endpoint('out', { health: 'ejected' }),
        endpoint('ill', { health: 'unhealthy' }),
        endpoint('leaving', { health: 'draining' }),
      ]),
    );
    assert.equal(choice.outcome, 'picks');
    assert.deepEqual(summary(choice), { idle: 1, busy: 0, out: 'ejected', ill: 'unhealthy', leaving: 'draining' });
  });

  it('is shared by endpoints that are as good, by their weights', () => {
    const turns: Balance = { policy: 'round-robin' };
    assert.deepEqual(shares(ask(cluster([endpoint('a', { weight: 3 }), endpoint('b')], turns))), [75, 25]);
  });

  it('is one endpoint for a key that is hashed, and the same again', () => {
    const byClient: Balance = { policy: 'hash', key: { from: 'client-ip' } };
    const observed = cluster(
      ['a', 'b', 'c'].map(id => endpoint(id)),
      byClient,
    );
    const first = shares(ask(observed, '192.0.2.7'));
    assert.deepEqual([...first].sort(), [0, 0, 100]);
    assert.deepEqual(shares(ask(observed, '192.0.2.7')), first);
  });

  it('is what a cookie names, also while that endpoint drains, but not when it is ejected', () => {
    const draining = ask(cluster([endpoint('a', { health: 'draining' }), endpoint('b')]), '', 'a');
    assert.deepEqual([draining.outcome, summary(draining)], ['binds', { a: 1, b: 0 }]);
    const ejected = ask(cluster([endpoint('a', { health: 'ejected' }), endpoint('b')]), '', 'a');
    assert.deepEqual([ejected.outcome, summary(ejected)], ['picks', { a: 'ejected', b: 1 }]);
  });

  it('is a queue when every endpoint is full, and nowhere without any', () => {
    const full = ask(cluster([endpoint('a', { inFlight: 2 })], LEAST, { maxRequests: 2 }));
    assert.deepEqual([full.outcome, summary(full)], ['waits', { a: 'full' }]);
    assert.equal(ask(cluster([])).outcome, 'none');
  });

  it('is any endpoint when too few are well', () => {
    const choice = ask({ ...cluster([endpoint('a', { health: 'ejected' })]), usesAll: true });
    assert.deepEqual([choice.outcome, summary(choice)], ['picks', { a: 1 }]);
  });
});
