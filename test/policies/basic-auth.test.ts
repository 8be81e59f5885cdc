import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BasicAuthPolicy } from '../../src/model/policy.ts';
import { basic, credentials, HASHES, PASSWORD } from '../support/passwords.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { type PolicyScene, policyScene } from './scene.ts';

const POLICY: BasicAuthPolicy = {
  kind: 'basic-auth',
  realm: 'Back office',
  secret: 'shop/users',
  credentials: credentials(),
};

function challengeOf({ headers }: RawResponse): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === 'www-authenticate')?.[1];
}

/** Of the request that came last, the lines with credentials. */
function forwarded({ upstream }: PolicyScene): string {
  const lines = upstream.requests.at(-1)?.headers ?? [];
  return lines.filter(([name]) => name.toLowerCase() === 'authorization').join();
}

describe('basic-auth', { concurrency: 4 }, () => {
  it('serves users with a hash of each kind, and keeps their passwords from the upstream', async t => {
    const scene = await policyScene(t, [POLICY]);
    for (const user of Object.keys(HASHES)) {
      assert.equal((await scene.get(basic(user))).status, 200, user);
      assert.equal(forwarded(scene), '');
      assert.equal((await scene.get(basic(user, 'wrong'))).status, 401, user);
    }
    assert.equal(scene.upstream.requests.length, Object.keys(HASHES).length);
  });

  it('asks for a password by the name of its realm', async t => {
    const scene = await policyScene(t, [POLICY]);
    const refused = await scene.get();
    assert.equal(refused.status, 401);
    assert.equal(challengeOf(refused), 'Basic realm="Back office", charset="UTF-8"');
    assert.equal(challengeOf(await scene.get(basic('bcrypt', 'correct horse'))), challengeOf(refused));
    const [missing, wrong] = await scene.proxy.logged(2);
    assert.deepEqual([missing?.reason, wrong?.reason], ['credentials_missing', 'credentials_wrong']);
    assert.ok(!scene.proxy.logLines.join().includes('correct horse'));
    assert.equal((await scene.get('', '/open')).status, 200);
  });

  it('serves clients of HTTP/2, and refuses one stream without the others', async t => {
    const scene = await policyScene(t, [POLICY]);
    const client = await scene.http2();
    const value = basic('sha1').trimEnd().slice('Authorization: '.length);
    const [refused, served] = await Promise.all([
      client.exchange(scene.fields),
      client.exchange([...scene.fields, ['authorization', value]]),
    ]);
    assert.deepEqual([refused.status, served.status], [401, 200]);
    assert.equal(forwarded(scene), '');
  });

  it('takes nothing but one user with one password', async t => {
    const scene = await policyScene(t, [POLICY]);
    const encoded = (text: string): string => `Authorization: Basic ${Buffer.from(text).toString('base64')}\r\n`;
    const right = basic('sha1');
    for (const line of [
      encoded('sha1'),
      encoded(`:${PASSWORD}`),
      encoded(`sha1:${PASSWORD}\0`),
      encoded(`sha1\n:${PASSWORD}`),
      encoded(`sha1:${PASSWORD}${'x'.repeat(300)}`),
      encoded(`${'x'.repeat(300)}:${PASSWORD}`),
      right.replace('Basic', 'Bearer'),
      right.replace('Basic ', 'Basic'),
      right.replace('\r\n', ', Basic x\r\n'),
      `${right.replace('\r\n', '\\')}\r\n`,
      'Authorization: Basic\r\n',
      `Proxy-${right}`,
      `X-${right}`,
    ]) {
      assert.equal((await scene.get(line)).status, 401, line);
    }
    // Two lines, of which a server behind might read the other one.
    const twice = await scene.get(`${right}${right}`);
    assert.ok(twice.status === 400 || twice.status === 401, String(twice.status));
    assert.equal(scene.upstream.requests.length, 0);
    assert.equal((await scene.get(right.replace('Basic', 'bAsIc'))).status, 200);
  });

  it('does not take the passwords of other users, nor a hash for a password', async t => {
    const users = { ann: HASHES.sha1, bob: HASHES.apr1.replace('skh', 'xxx') };
    const scene = await policyScene(t, [{ ...POLICY, credentials: credentials(users) }]);
    assert.equal((await scene.get(basic('ann'))).status, 200);
    // Not even once the password is known to be right for ann.
    for (const line of [basic('bob'), basic('cid'), basic('__proto__'), basic('ann', users.ann), basic('Ann')]) {
      assert.equal((await scene.get(line)).status, 401, line);
    }
  });

  it('knows a password no longer once the hash of its user is another, or the user is gone', async t => {
    const scene = await policyScene(t, [POLICY]);
    assert.equal((await scene.get(basic('sha1'))).status, 200);
    for (const users of [{ sha1: HASHES.apr1.replace('skh', 'xxx') }, { other: HASHES.sha1 }]) {
      scene.proxy.setRoutes([
        { path: '/guarded', to: scene.upstream, policies: [{ ...POLICY, credentials: credentials(users) }] },
      ]);
      assert.equal((await scene.get(basic('sha1'))).status, 401);
    }
  });

  it('refuses a client with too many passwords in the queue, and serves others meanwhile', async t => {
    // Each takes long enough for the queue to fill.
    const users = { ann: '$2y$08$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm', sha1: HASHES.sha1 };
    const scene = await policyScene(t, [{ ...POLICY, credentials: credentials(users) }], {
      settings: { trustedProxies: ['127.0.0.1'] },
    });
    const from = (address: string): string => `X-Forwarded-For: ${address}\r\n`;
    const guesses = Array.from({ length: 12 }, (_, index) =>
      scene.get(`${from('192.0.2.1')}${basic('ann', `guess ${index}`)}`),
    );
    const honest = await scene.get(`${from('192.0.2.2')}${basic('sha1')}`);
    assert.equal(honest.status, 200);
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    assert.ok(
      statuses.every(status => status === 401 || status === 429),
      statuses.join(),
    );
    assert.ok(statuses.filter(status => status === 401).length >= 8, statuses.join());
  });

  it('ends the wait of a client that leaves', async t => {
    const scene = await policyScene(t, [POLICY]);
    const client = await scene.proxy.connect();
    await client.send(`GET /guarded HTTP/1.1\r\nHost: test\r\n${basic('sha512', 'wrong')}\r\n`);
    client.destroy();
    const [line] = await scene.proxy.logged(1);
    assert.ok(line?.reason === 'client_left' || line?.reason === 'credentials_wrong', String(line?.reason));
    assert.equal((await scene.get(basic('sha1'))).status, 200);
  });
});
