import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MaxConnectionsPolicy, RateLimitPolicy } from '../../src/model/policy.ts';
import type { RawClient } from '../support/raw-client.ts';
import { values } from '../support/raw-message.ts';
import { answer, answering } from '../support/raw-upstream.ts';
import { type PolicyScene, policyScene } from './scene.ts';

const GET = 'GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n';

function most(count: number): MaxConnectionsPolicy {
  return { kind: 'max-connections', owner: 'test/web', most: count };
}

/** The upstream never answers by itself. */
const SILENT = { respond: () => undefined };

/** Sends a GET on a connection of its own. @param index of the request at the upstream, which has come when this returns */
async function begin(scene: PolicyScene, index: number, bytes = GET): Promise<RawClient> {
  const client = await scene.proxy.connect();
  await client.send(bytes);
  await scene.upstream.request(index);
  return client;
}

describe('max-connections', { concurrency: 8 }, () => {
  it('refuses a request beyond those under way, and serves again when one of them has ended', async t => {
    const scene = await policyScene(t, [most(2)], SILENT);
    const client = await begin(scene, 0);
    await begin(scene, 1);
    const refused = await scene.get();
    assert.deepEqual([refused.status, values(refused.headers, 'retry-after')], [429, ['1']]);
    const [line] = await scene.proxy.logged(1);
    assert.deepEqual([line?.reason, line?.policy], ['too_many_connections', 'max-connections']);
    await (await scene.upstream.request(0)).connection.send(answer());
    assert.equal((await client.response()).status, 200);
    await scene.proxy.logged(2);
    await begin(scene, 2);
    assert.equal((await scene.get()).status, 429);
  });

  it('refuses with the status of the policy, and neither counts nor refuses exempt clients', async t => {
    const settings = { trustedProxies: ['127.0.0.0/8'] };
    const policy = { ...most(1), status: 503, exempt: ['192.0.2.0/24'] };
    const scene = await policyScene(t, [policy], { ...SILENT, settings });
    const from = (address: string): string => GET.replace('\r\n\r\n', `\r\nX-Forwarded-For: ${address}\r\n\r\n`);
    await begin(scene, 0, from('192.0.2.1'));
    await begin(scene, 1, from('192.0.2.1'));
    await begin(scene, 2);
    assert.equal((await scene.get()).status, 503);
    const [line] = await scene.proxy.logged(1);
    assert.deepEqual([line?.status, line?.reason], [503, 'too_many_connections']);
  });

  it('gives back the place of a client that leaves', async t => {
    const scene = await policyScene(t, [most(1)], SILENT);
    const client = await begin(scene, 0);
    assert.equal((await scene.get()).status, 429);
    client.destroy();
    await scene.proxy.logged(2);
    await begin(scene, 1);
  });

  it('counts a WebSocket until it ends', async t => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
    const scene = await policyScene(t, [most(1)], { respond: request => request.connection.send(upgrade) });
    const client = await begin(
      scene,
      0,
      GET.replace('\r\n\r\n', '\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    );
    assert.equal((await client.response()).status, 101);
    assert.equal((await scene.get()).status, 429);
    client.destroy();
    await scene.proxy.logged(2);
    await begin(scene, 1);
  });

  it('counts each client alone, by the addresses that trusted proxies give', async t => {
    const settings = { trustedProxies: ['127.0.0.0/8'] };
    const scene = await policyScene(t, [most(1)], { ...SILENT, settings });
    const from = (address: string): string => GET.replace('\r\n\r\n', `\r\nX-Forwarded-For: ${address}\r\n\r\n`);
    await begin(scene, 0, from('192.0.2.1'));
    await begin(scene, 1, from('192.0.2.2'));
    await begin(scene, 2, from('2001:db8::1'));
    assert.equal((await scene.get('X-Forwarded-For: 2001:db8::2\r\n')).status, 429);
    const alone = await policyScene(t, [most(1)], SILENT);
    await begin(alone, 0);
    assert.equal((await alone.get('X-Forwarded-For: 192.0.2.3\r\n')).status, 429);
  });

  it('gives back the place of a request that another policy refuses', async t => {
    const once: RateLimitPolicy = {
      kind: 'rate-limit',
      owner: 'test/web',
      requests: 1,
      periodMs: 3_600_000,
      burst: 1,
      per: 'client',
    };
    const scene = await policyScene(t, [most(1), once], { respond: answering() });
    for (let turn = 1; turn <= 4; turn += 1) {
      await scene.get();
      await scene.proxy.logged(turn);
    }
    const reasons = (await scene.proxy.logged(4)).map(({ reason }) => reason);
    assert.deepEqual(reasons.slice(1), ['rate_limited', 'rate_limited', 'rate_limited']);
  });

  it('counts the streams of an HTTP/2 connection one by one', async t => {
    const scene = await policyScene(t, [most(2)], SILENT);
    const client = await scene.http2();
    void client.exchange(scene.fields).catch(() => undefined);
    void client.exchange(scene.fields).catch(() => undefined);
    await scene.upstream.request(1);
    assert.equal((await client.exchange(scene.fields)).status, 429);
  });
});
