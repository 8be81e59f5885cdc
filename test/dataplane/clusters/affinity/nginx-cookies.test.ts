import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { AffinityKeys } from '../../../../src/dataplane/clusters/affinity/affinity-keys.ts';
import { StickyEndpoints } from '../../../../src/dataplane/clusters/affinity/sticky-endpoints.ts';
import { type ClusterEndpoint, type CookieAffinity, plainEndpoint } from '../../../../src/model/cluster.ts';

const NAME = 'shop-web-80';
const COOKIE: CookieAffinity = { name: 'INGRESSCOOKIE', path: '', domain: '', sameSite: '', secure: 'auto' };
const PODS = ['10.0.0.1', '10.0.0.2', 'fd00::3'].map(address => plainEndpoint({ address, port: 8080 }));

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
/** What ingress-nginx appends to the values of an upstream. */
const mark = (upstream: string): string => `|${md5(md5(upstream) + upstream)}`;

function sticky(mode: CookieAffinity['mode'], pods: readonly ClusterEndpoint[] = PODS, name = NAME) {
  const cluster = { service: { namespace: 'shop', name: 'web' }, name };
  const made = new StickyEndpoints<ClusterEndpoint>(
    { ...COOKIE, ...(mode && { mode }) },
    new AffinityKeys([Buffer.from('a key of the tests')]),
    cluster,
  );
  made.changed(pods);
  return made;
}

test('a persistent cookie of ingress-nginx leads to its pod, and stays as it is', () => {
  const web = sticky('persistent');
  for (const [index, address] of ['10.0.0.1:8080', '10.0.0.2:8080', '[fd00::3]:8080'].entries()) {
    const value = md5(NAME + address) + mark(NAME);
    const pod = PODS[index] as ClusterEndpoint;
    assert.equal(web.find(value), pod);
    assert.ok(web.isCurrent(value, pod));
  }
});

test('a persistent cookie leads nowhere where its pod has gone, or where it is of another upstream', () => {
  const web = sticky('persistent');
  const value = md5(`${NAME}10.0.0.1:8080`) + mark(NAME);
  web.changed(PODS.slice(1));
  assert.equal(web.find(value), undefined);
  web.changed(PODS);
  const other = 'shop-db-80';
  for (const forged of [
    md5(`${other}10.0.0.1:8080`) + mark(other),
    md5(`${NAME}10.0.0.1:8080`) + mark(other),
    md5(`${other}10.0.0.1:8080`) + mark(NAME),
    md5(`${NAME}10.0.0.1:8080`),
    mark(NAME),
    `${'0'.repeat(32)}${mark(NAME)}`,
    `__proto__${mark(NAME)}`,
    `${'A'.repeat(1 << 20)}${mark(NAME)}`,
    md5(`${NAME}10.0.0.1:8080`).toUpperCase() + mark(NAME),
  ]) {
    assert.equal(web.find(forged), undefined, forged.slice(0, 80));
  }
});

test('a new persistent cookie says nothing of an address, and nobody without the key can make it', () => {
  const web = sticky('persistent');
  assert.equal(web.newValue(), undefined);
  for (const pod of PODS) {
    assert.match(web.valueOf(pod), /^[\w-]{16}$/);
    assert.equal(web.find(web.valueOf(pod)), pod);
  }
});

test('a cluster of a Service takes no cookie of ingress-nginx', () => {
  const web = sticky(undefined);
  assert.equal(web.find(md5(`${NAME}10.0.0.1:8080`) + mark(NAME)), undefined);
  assert.equal(web.find(`1700000000.123.45.678${mark(NAME)}`), undefined);
  assert.equal(web.newValue(), undefined);
});

test('a balanced cookie, new or of ingress-nginx, leads to one pod, the same in each worker', () => {
  const [here, there] = [sticky('balanced'), sticky('balanced')];
  const values = [`1700000000.123.45.678${mark(NAME)}`, here.newValue() ?? '', here.newValue() ?? ''];
  assert.notEqual(values[1], values[2]);
  for (const value of values) {
    assert.ok(value.endsWith(mark(NAME)));
    const pod = here.find(value);
    assert.ok(pod !== undefined && PODS.includes(pod), value);
    assert.equal(there.find(value), pod);
    assert.ok(here.isCurrent(value, pod));
  }
  assert.equal(sticky('balanced', PODS, 'shop-db-80').find(values[0] as string), undefined);
  assert.equal(here.find(mark(NAME)), undefined);
  assert.equal(sticky('balanced', []).find(values[0] as string), undefined);
});

test('when pods come, balanced clients move to them and to no others; persistent ones stay', () => {
  const balanced = sticky('balanced');
  const values = Array.from({ length: 300 }, () => balanced.newValue() ?? '');
  const before = values.map(value => balanced.find(value));
  const more = Array.from({ length: 3 }, (_, index) => plainEndpoint({ address: `10.0.1.${index}`, port: 8080 }));
  balanced.changed([...PODS, ...more]);
  const after = values.map(value => balanced.find(value));
  const moved = after.filter((pod, index) => pod !== before[index]);
  assert.ok(moved.length > 75 && moved.length < 225, `${moved.length} of 300 moved`);
  for (const pod of moved) assert.ok(more.includes(pod as ClusterEndpoint));
});

test('a change of the mode counts at once', () => {
  const web = sticky('balanced');
  web.cookie = { ...COOKIE, mode: 'persistent' };
  assert.equal(web.newValue(), undefined);
  assert.equal(web.find(md5(`${NAME}10.0.0.2:8080`) + mark(NAME)), PODS[1]);
});
