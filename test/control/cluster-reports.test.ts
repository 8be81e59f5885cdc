import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterReports } from '../../src/control/cluster-reports.ts';
import { AffinityKeys } from '../../src/dataplane/clusters/affinity/affinity-keys.ts';
import { type ClusterInForce, plainEndpoint } from '../../src/model/cluster.ts';
import { observedCluster } from '../support/observed-clusters.ts';

const KEYS = [Buffer.from('a key of sticky cookies')];
const ENDPOINTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(address => plainEndpoint({ address, port: 80 }));

function inForce(fields: Partial<ClusterInForce['cluster']>): ClusterInForce {
  return { cluster: observedCluster([], undefined, fields).cluster, endpoints: ENDPOINTS };
}

function facts(cookie: string) {
  return { method: 'GET', host: '', path: '/', query: '', clientIp: '', headers: new Map([['cookie', cookie]]) };
}

const AFFINITY = { name: 'S', path: '/', domain: '', sameSite: 'Lax', secure: 'auto' } as const;

test('a sticky cookie of ours decides; one of another Service, of another key, or made up does not', () => {
  const found = inForce({ affinity: AFFINITY });
  const reports = new ClusterReports({ cluster: () => found }, undefined, () => KEYS);
  const cookieOf = (name: string, keys: readonly Uint8Array[] = KEYS): string =>
    new AffinityKeys(keys).valuesOf({ namespace: 'shop', name }, '10.0.0.2:80')[0] ?? '';
  const outcome = (cookie: string) => {
    const choice = reports.choose('c', facts(cookie));
    return [
      choice?.outcome,
      choice?.chances.filter(({ share }) => share === 1).map(({ endpoint }) => endpoint.address),
    ];
  };
  assert.deepEqual(outcome(`a=b; S=${cookieOf('cart')}`), ['binds', ['10.0.0.2']]);
  assert.deepEqual(outcome(`S=old; S=${cookieOf('cart')}`), ['binds', ['10.0.0.2']], 'a browser may send two');
  assert.deepEqual(outcome(`S=${cookieOf('other')}`), ['picks', []]);
  assert.deepEqual(outcome(`S=${cookieOf('cart', [Buffer.from('another key')])}`), ['picks', []]);
  assert.deepEqual(outcome('S=10.0.0.2:80'), ['picks', []]);
});

test('where kube-proxy chooses, or there is no such cluster, there is no choice', () => {
  const service = inForce({ balance: { policy: 'service' } });
  assert.equal(new ClusterReports({ cluster: () => service }).choose('c', facts('')), undefined);
  assert.equal(new ClusterReports({ cluster: () => undefined }).choose('c', facts('')), undefined);
});
