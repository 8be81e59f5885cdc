import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { policyScene } from './scene.ts';

const list = (kind: 'allow-from' | 'deny-from', ...ranges: string[]): Policy => ({ kind, ranges });

describe('address lists', { concurrency: 8 }, () => {
  it('serve the clients of allowed ranges, and refuse others before an upstream is asked', async t => {
    const inside = await policyScene(t, [list('allow-from', '127.0.0.0/8')]);
    assert.equal((await inside.get()).status, 200);
    const outside = await policyScene(t, [list('allow-from', '10.0.0.0/8', '2001:db8::/32')]);
    assert.equal((await outside.get()).status, 403);
    assert.equal(outside.upstream.connections.length, 0);
    const [line] = await outside.proxy.logged(1);
    assert.deepEqual([line?.reason, line?.policy, line?.status], ['address_denied', 'allow-from', 403]);
    assert.equal(outside.proxy.counters.policies('allow-from', 'refused'), 1);
    assert.equal(inside.proxy.counters.policies('allow-from', 'passed'), 1);
  });

  it('refuse the clients of denied ranges, those that are allowed too', async t => {
    const scene = await policyScene(t, [list('deny-from', '127.0.0.1'), list('allow-from', '127.0.0.0/8')]);
    assert.equal((await scene.get()).status, 403);
    const [line] = await scene.proxy.logged(1);
    assert.equal(line?.policy, 'deny-from');
  });

  it('believe X-Forwarded-For of trusted proxies alone', async t => {
    const policies = [list('allow-from', '203.0.113.0/24')];
    const trusting = await policyScene(t, policies, { settings: { trustedProxies: ['127.0.0.0/8'] } });
    assert.equal((await trusting.get('X-Forwarded-For: 203.0.113.7\r\n')).status, 200);
    assert.equal((await trusting.get('X-Forwarded-For: 198.51.100.7\r\n')).status, 403);
    // What stands before the address that the trusted proxy has added is the client's own word.
    assert.equal((await trusting.get('X-Forwarded-For: 203.0.113.7, 198.51.100.7\r\n')).status, 403);
    const alone = await policyScene(t, policies);
    for (const spoofed of ['X-Forwarded-For: 203.0.113.7', 'X-Real-IP: 203.0.113.7', 'Forwarded: for=203.0.113.7']) {
      assert.equal((await alone.get(`${spoofed}\r\n`)).status, 403, spoofed);
    }
  });

  it('answer requests of HTTP/2 alike', async t => {
    const scene = await policyScene(t, [list('deny-from', '127.0.0.1')]);
    const client = await scene.http2();
    assert.equal((await client.exchange(scene.fields)).status, 403);
  });
});
