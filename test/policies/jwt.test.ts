import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { JwtPolicy } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { AUDIENCE, forged, ISSUER, Issuer } from '../support/issuer.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { BESIDE, type PolicyScene, policyScene } from './scene.ts';

const POLICY: JwtPolicy = {
  ...{ kind: 'jwt', issuer: ISSUER, audience: AUDIENCE },
  ...{ cluster: BESIDE, host: 'issuer.test', target: '/keys?v=1' },
};

const bearer = (token: string): string => `Authorization: Bearer ${token}\r\n`;

interface Guarded {
  readonly scene: PolicyScene;
  readonly clock: FakeClock;
  readonly issuer: Issuer;
  /** What the issuer answers. */
  keys: string;
  readonly server: RawUpstream;
}

async function guarded(t: TestContext): Promise<Guarded> {
  const clock = new FakeClock();
  const issuer = await Issuer.create(clock);
  const server = await RawUpstream.start(t, async ({ connection }) => {
    await connection.send(made.keys);
  });
  const scene = await policyScene(t, [POLICY], { clock, beside: [{ path: '/issuer', to: server }] });
  const made: Guarded = { scene, clock, issuer, server, keys: answer(Issuer.keys(issuer)) };
  return made;
}

describe('jwt', { concurrency: 4 }, () => {
  it('serves clients with a token of the issuer, and asks the issuer once for its keys', async t => {
    const { scene, issuer, server } = await guarded(t);
    for (let index = 0; index < 3; index += 1) {
      const token = await issuer.token({ sub: `user ${index}` });
      for (const line of [bearer(token), bearer(token).replace('Bearer', 'bearer')]) {
        assert.equal((await scene.get(line)).status, 200);
      }
      // The Service may read who it is.
      assert.equal(scene.upstream.requests.at(-1)?.header('authorization'), `bearer ${token}`);
    }
    assert.deepEqual(
      server.requests.map(({ line }) => line),
      ['GET /keys?v=1 HTTP/1.1'],
    );
    assert.equal(server.requests[0]?.header('host'), 'issuer.test');
    assert.equal((await scene.get('', '/open')).status, 200);
  });

  it('says what it asks for, and why a token is refused', async t => {
    const { scene, issuer } = await guarded(t);
    const missing = await scene.get();
    assert.deepEqual([missing.status, header(missing, 'www-authenticate')], [401, ['Bearer']]);
    const expired = await issuer.token({ exp: issuer.now - 3_600 });
    const refused = await scene.get(bearer(expired));
    assert.deepEqual([refused.status, header(refused, 'www-authenticate')], [401, ['Bearer error="invalid_token"']]);
    const lines = await scene.proxy.logged(2);
    assert.deepEqual(
      lines.map(({ reason }) => reason),
      ['token_missing', 'token_invalid'],
    );
    assert.ok(!scene.proxy.logLines.join().includes(expired.slice(0, 30)));
    assert.ok(!JSON.stringify(scene.proxy.notices).includes(expired.slice(0, 30)));
  });

  it('serves clients of HTTP/2, and refuses one stream without the others', async t => {
    const { scene, issuer } = await guarded(t);
    const client = await scene.http2();
    const token = await issuer.token();
    const [refused, served] = await Promise.all([
      client.exchange([...scene.fields, ['authorization', 'Bearer a.b.c']]),
      client.exchange([...scene.fields, ['authorization', `Bearer ${token}`]]),
    ]);
    assert.deepEqual([refused.status, served.status], [401, 200]);
  });

  it('takes one token in one Authorization header, and from nowhere else', async t => {
    const { scene, issuer } = await guarded(t);
    const token = await issuer.token();
    const unsigned = forged({ alg: 'none' }, { iss: ISSUER, aud: AUDIENCE, exp: issuer.now + 60 });
    for (const line of [
      bearer(unsigned),
      bearer(`${token}.`),
      bearer(`${token} x`),
      bearer(`${token}, Bearer ${token}`),
      bearer(`"${token}"`),
      bearer(token).replace('Bearer', 'Basic'),
      bearer(token).replace('Bearer ', ''),
      `Cookie: access_token=${token}\r\n`,
      `Proxy-${bearer(token)}`,
    ]) {
      assert.equal((await scene.get(line)).status, 401, line.slice(0, 60));
    }
    assert.equal((await scene.get('', `/guarded?access_token=${token}`)).status, 401);
    const twice = await scene.get(`${bearer(unsigned)}${bearer(token)}`);
    assert.ok(twice.status === 400 || twice.status === 401, String(twice.status));
    assert.equal(scene.upstream.requests.length, 0);
  });

  for (const [what, bad, detail] of [
    ['404', answer('', '', '404 Not Found'), /it answered with 404/],
    ['a redirect', answer('', 'Location: http://127.0.0.1/keys\r\n', '302 Found'), /it answered with 302/],
    ['a page', answer('<html>'), /is no JSON/],
    ['more than 256 KiB', answer(' '.repeat(300 * 1024)), /more than 262144 bytes/],
  ] as const) {
    it(`refuses all while the issuer answers with ${what}, and serves again when the keys come`, async t => {
      const made = await guarded(t);
      const { scene, issuer, clock, keys } = made;
      const token = await issuer.token();
      made.keys = bad;
      assert.equal((await scene.get(bearer(token))).status, 503);
      assert.equal((await scene.get('', '/open')).status, 200);
      assert.match(JSON.stringify(scene.proxy.notices), detail);
      clock.advance(1_000);
      made.keys = keys;
      assert.equal((await scene.get(bearer(token))).status, 200);
    });
  }

  it('takes a new key of the issuer, and no longer the one of before', async t => {
    const made = await guarded(t);
    const { scene, issuer, clock, server } = made;
    const old = await issuer.token();
    assert.equal((await scene.get(bearer(old))).status, 200);
    const next = await Issuer.create(clock, 'two');
    made.keys = answer(Issuer.keys(next));
    clock.advance(10_000);
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await scene.get(bearer(await next.token()))).status),
    );
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal((await scene.get(bearer(old))).status, 401);
    assert.equal(server.requests.length, 2);
  });
});
