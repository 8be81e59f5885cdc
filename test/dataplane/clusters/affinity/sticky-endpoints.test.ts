import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { AffinityKeys } from '../../../../src/dataplane/clusters/affinity/affinity-keys.ts';
import { StickyEndpoints } from '../../../../src/dataplane/clusters/affinity/sticky-endpoints.ts';
import { type ClusterEndpoint, plainEndpoint } from '../../../../src/model/cluster.ts';

const KEY = Buffer.from('a key of tests, 24 bytes');
const OTHER_KEY = Buffer.from('another key of the tests');
const COOKIE = { name: 'route', path: '', domain: '', sameSite: 'Lax', secure: 'auto' } as const;
const SERVICE = { namespace: 'default', name: 'web' };
const CLUSTER = { service: SERVICE, name: 'default-web-80' };

const endpoint = (id: string): ClusterEndpoint => ({ ...plainEndpoint({ address: '10.0.0.9', port: 80 }), id });
const endpoints = (...ids: string[]): ClusterEndpoint[] => ids.map(endpoint);

function sticky(keys: AffinityKeys, ...ids: string[]): StickyEndpoints<ClusterEndpoint> {
  const made = new StickyEndpoints<ClusterEndpoint>(COOKIE, keys, CLUSTER);
  made.changed(endpoints(...ids));
  return made;
}

test('the value is the first 12 bytes of an HMAC-SHA-256 of the Service and the endpoint, as base64url', () => {
  const one = sticky(new AffinityKeys([KEY]), '10.0.0.1:80');
  const hmac = createHmac('sha256', KEY).update('default/web\n10.0.0.1:80').digest();
  assert.equal(one.valueOf(endpoint('10.0.0.1:80')), hmac.subarray(0, 12).toString('base64url'));
});

test('a value leads to its endpoint, in every worker and replica that has the key', () => {
  const here = sticky(new AffinityKeys([KEY]), 'a', 'b', 'c');
  const there = sticky(new AffinityKeys([KEY]), 'c', 'b', 'a');
  for (const id of ['a', 'b', 'c']) assert.equal(there.find(here.valueOf(endpoint(id)))?.id, id);
});

test('a value that was made up, of another key or of another Service leads nowhere', () => {
  const web = sticky(new AffinityKeys([KEY]), '10.0.0.1:80');
  const other = new StickyEndpoints<ClusterEndpoint>(COOKIE, new AffinityKeys([KEY]), {
    service: { namespace: 'default', name: 'db' },
    name: 'default-db-80',
  });
  other.changed(endpoints('10.0.0.1:80'));
  const forged = [
    '',
    '10.0.0.1:80',
    Buffer.from('10.0.0.1:80').toString('base64url'),
    'A'.repeat(16),
    'A'.repeat(1 << 20),
    randomBytes(12).toString('base64url'),
    sticky(new AffinityKeys([OTHER_KEY]), '10.0.0.1:80').valueOf(endpoint('10.0.0.1:80')),
    other.valueOf(endpoint('10.0.0.1:80')),
    `${web.valueOf(endpoint('10.0.0.1:80'))}=`,
    web.valueOf(endpoint('10.0.0.1:80')).toLowerCase(),
  ];
  for (const value of forged) assert.equal(web.find(value), undefined, value.slice(0, 40));
});

test('while a key is turned, both keys count, and the new one makes the cookies', () => {
  const keys = new AffinityKeys([KEY]);
  const turning = sticky(keys, 'a', 'b');
  const old = turning.valueOf(endpoint('a'));
  keys.change([OTHER_KEY, KEY]);
  const young = turning.valueOf(endpoint('a'));
  assert.notEqual(young, old);
  assert.equal(turning.find(old)?.id, 'a');
  assert.equal(turning.find(young)?.id, 'a');
  keys.change([OTHER_KEY]);
  assert.equal(turning.find(old), undefined);
  assert.equal(turning.find(young)?.id, 'a');
});

test('when endpoints change, those that stay keep their value, and those that go are found no more', () => {
  const web = sticky(new AffinityKeys([KEY]), 'a', 'b');
  const [a, b] = [web.valueOf(endpoint('a')), web.valueOf(endpoint('b'))];
  web.changed(endpoints('b', 'c'));
  assert.equal(web.find(a), undefined);
  assert.equal(web.find(b)?.id, 'b');
  assert.equal(web.valueOf(endpoint('b')), b);
});

test('values are made when they are first asked for, and for new endpoints alone', () => {
  const asked: string[] = [];
  class CountingKeys extends AffinityKeys {
    override valuesOf(service: typeof SERVICE, id: string): string[] {
      asked.push(id);
      return super.valuesOf(service, id);
    }
  }
  const web = sticky(new CountingKeys([KEY]), 'a', 'b');
  assert.deepEqual(asked, []);
  web.find('A'.repeat(16));
  web.valueOf(endpoint('a'));
  assert.deepEqual(asked.splice(0), ['a', 'b']);
  web.changed(endpoints('b', 'c'));
  web.find('A'.repeat(16));
  assert.deepEqual(asked, ['c']);
});

test('a key does not show when its holder is printed', () => {
  const shown = `${inspect(new AffinityKeys([KEY]), { depth: 9, showHidden: true })}${JSON.stringify(new AffinityKeys([KEY]))}`;
  assert.ok(!shown.includes('key of') && !shown.includes(KEY.toString('hex').slice(0, 8)));
});
