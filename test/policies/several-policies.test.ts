/** Policies of one route beside each other: their order, what they may spoil for each other, and what happens while one of them waits. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { AuthUrlPolicy, BasicAuthPolicy, Policy, RateLimitPolicy } from '../../src/model/policy.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Http2Client } from '../support/http2-client.ts';
import { type Fields, getFields } from '../support/http2-fields.ts';
import { basic, credentials } from '../support/passwords.ts';
import type { RouteDescription } from '../support/proxy-under-test.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { answer, answering, RawUpstream, type UpstreamHandler, type UpstreamRequest } from '../support/raw-upstream.ts';
import { BESIDE, type PolicyScene, policyScene } from './scene.ts';

const USERS: BasicAuthPolicy = { kind: 'basic-auth', realm: 'x', secret: 'shop/users', credentials: credentials() };
const REFUSED_STREAM = 7;

const DENY_ALL: Policy = { kind: 'deny-from', ranges: ['0.0.0.0/0', '::/0'] };
const AUTH: AuthUrlPolicy = {
  kind: 'auth-url',
  cluster: BESIDE,
  host: 'auth.test',
  target: ['/check'],
  responseHeaders: ['X-User'],
};

function limit(burst: number): RateLimitPolicy {
  return { kind: 'rate-limit', owner: 'test/web', requests: burst, periodMs: 60_000, burst, per: 'client' };
}

interface Asked {
  readonly scene: PolicyScene;
  /** The service that auth-url asks. */
  readonly auth: RawUpstream;
}

async function asking(t: TestContext, policies: readonly Policy[], decide: UpstreamHandler): Promise<Asked> {
  const auth = await RawUpstream.start(t, decide);
  const beside: RouteDescription[] = [{ path: '/auth', to: auth }];
  return { scene: await policyScene(t, policies, { beside, clock: new FakeClock() }), auth };
}

/** Answers nothing: the test lets each request pass. */
const HOLD: UpstreamHandler = () => undefined;

async function pass({ connection }: UpstreamRequest): Promise<void> {
  await connection.send(answer('', 'X-User: alice\r\n'));
}

function valuesOf({ headers }: RawResponse, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

describe('several policies of a route', { concurrency: 8 }, () => {
  it('a denied address is asked for no password, and no service is asked about it', async t => {
    const { scene, auth } = await asking(t, [DENY_ALL, USERS, AUTH], pass);
    const refused = await scene.get(basic('sha1'));
    assert.equal(refused.status, 403);
    assert.deepEqual(valuesOf(refused, 'www-authenticate'), []);
    assert.equal(auth.requests.length + scene.upstream.requests.length, 0);
  });

  it('guesses of a password count against the rate', async t => {
    const { scene } = await asking(t, [limit(3), USERS], pass);
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await scene.get(basic('sha1', `guess ${count}`))).status);
    assert.deepEqual(statuses, [401, 401, 401, 429]);
    assert.equal((await scene.get(basic('sha1'))).status, 429);
  });

  it('a wrong password has no service asked, and the service never sees the right one', async t => {
    const { scene, auth } = await asking(t, [USERS, AUTH], pass);
    assert.equal((await scene.get(basic('sha1', 'wrong'))).status, 401);
    assert.equal(auth.requests.length, 0);
    assert.equal((await scene.get(basic('sha1'))).status, 200);
    assert.equal(scene.upstream.only.header('authorization'), undefined);
    assert.equal(scene.upstream.only.header('x-user'), 'alice');
  });

  it('an identity that auth-url has given cannot be sent by the client; an edit of the route is behind both', async t => {
    const edits = [{ op: 'set', name: 'X-User', value: 'fixed' }] as const;
    const forged = 'X-User: root\r\nx-user: also-root\r\n';
    for (const [policies, expected] of [
      [[AUTH], 'alice'],
      [[AUTH, { kind: 'request-headers', edits }], 'fixed'],
    ] as const) {
      const { scene } = await asking(t, policies, pass);
      assert.equal((await scene.get(forged)).status, 200);
      const names = scene.upstream.only.headers.filter(([name]) => name.toLowerCase() === 'x-user');
      assert.deepEqual(
        names.map(([, value]) => value),
        [expected],
      );
    }
  });

  it('an identity cannot be sent under a name that upstreams take for the same: X_User for X-User', async t => {
    const forged = 'X_User: root\r\nx_USER: also-root\r\nX_Other: kept\r\n';
    const edits = [{ op: 'set', name: 'Remote_User', value: 'fixed' }] as const;
    const policies: Policy[] = [AUTH, { kind: 'request-headers', edits }];
    const auth = await RawUpstream.start(t, pass);
    const settings = { underscoresInHeaders: true };
    const scene = await policyScene(t, policies, { beside: [{ path: '/auth', to: auth }], settings });
    const users = (): (readonly [string, string])[] =>
      scene.upstream.requests.at(-1)?.headers.filter(([name]) => /user|other/i.test(name)) ?? [];
    const expected = [
      ['X_Other', 'kept'],
      ['X-User', 'alice'],
      ['Remote_User', 'fixed'],
    ];
    assert.equal((await scene.get(`${forged}Remote-User: root\r\n`)).status, 200);
    assert.deepEqual(users(), expected);
    const client = await scene.http2();
    const fields: Fields = [...scene.fields, ['x_user', 'root'], ['remote-user', 'root'], ['x_other', 'kept']];
    assert.equal((await client.exchange(fields)).status, 200);
    assert.deepEqual(
      users().map(([name, value]) => [name.toLowerCase(), value]),
      expected.map(([name = '', value]) => [name.toLowerCase(), value]),
    );
  });

  it('the answer of a refusal has the headers that all answers of the route have', async t => {
    const edits = [{ op: 'set', name: 'X-Frame-Options', value: 'DENY' }] as const;
    const { scene } = await asking(t, [DENY_ALL, { kind: 'response-headers', edits }], pass);
    assert.deepEqual(valuesOf(await scene.get(), 'x-frame-options'), ['DENY']);
  });

  it('what cannot be had is 503, whatever the others would do', async t => {
    const missing: Policy = { kind: 'unavailable', of: 'basic-auth', why: 'the Secret shop/users is missing' };
    const redirect: Policy = { kind: 'redirect', target: 'https://other.example/', status: 302 };
    const { scene } = await asking(t, [missing, redirect, limit(1)], pass);
    for (let count = 0; count < 3; count += 1) assert.equal((await scene.get()).status, 503);
    assert.equal(scene.upstream.requests.length, 0);
  });
});

describe('while a policy waits', { concurrency: 8 }, () => {
  it('requests that are pipelined behind it are answered after it, in order', async t => {
    const { scene, auth } = await asking(t, [AUTH], HOLD);
    scene.upstream.handler = request => request.connection.send(answer(request.target));
    const client = await scene.proxy.connect();
    const paths = ['/guarded/first', '/open/second', '/guarded/third', '/open/fourth'];
    client.push(paths.map(path => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`).join(''));
    await pass(await auth.request(0));
    assert.equal((await client.response()).body, '/first');
    assert.equal((await client.response()).body, '/second');
    const third = await auth.request(1);
    assert.equal(scene.upstream.requests.length, 2, 'nothing overtakes the third');
    await pass(third);
    assert.equal((await client.response()).body, '/third');
    assert.equal((await client.response()).body, '/fourth');
  });

  it('a hundred streams of HTTP/2 wait side by side; those that the client resets reach no upstream', async t => {
    const { scene, auth } = await asking(t, [AUTH], HOLD);
    const client = await scene.http2();
    const ids = Array.from({ length: 100 }, (_, index) => client.request(getFields(`/guarded/${index}`), ''));
    await eventually('all to be asked about', () => auth.requests.length === ids.length);
    assert.equal(await client.resetOf(client.request(getFields('/open'), '')), REFUSED_STREAM);
    for (const id of ids.filter((_, index) => index % 2 === 0)) client.reset(id);
    await eventually('half of them to be over', () => scene.proxy.logLines.length >= 50);
    for (const request of [...auth.requests].reverse()) if (request.connection.end === undefined) await pass(request);
    for (const id of ids.filter((_, index) => index % 2 === 1)) assert.equal((await client.response(id)).status, 200);
    assert.equal(scene.upstream.requests.filter(({ target }) => target !== '/open').length, 50);
    assert.equal((await client.exchange(getFields('/open'))).status, 200);
  });

  it('storms of streams that are given up at any point leave nothing behind, and no place taken', async t => {
    const streams = 99;
    const [auth, shadow] = await Promise.all([RawUpstream.start(t, HOLD), RawUpstream.start(t, answering())]);
    const policies: Policy[] = [
      { kind: 'max-connections', owner: 'test/web', most: streams },
      limit(1_000),
      AUTH,
      { kind: 'mirror', cluster: 'test/service-3:80', percent: 100 },
      { kind: 'compress', codings: ['gzip'] },
    ];
    const beside: RouteDescription[] = [
      { path: '/auth', to: auth },
      { path: '/shadow', to: shadow },
    ];
    const { proxy, upstream } = await policyScene(t, policies, { beside, clock: new FakeClock() });
    const begun = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n${' '.repeat(1_000)}`;
    upstream.handler = ({ connection }) => connection.send(begun);
    for (let round = 1; round <= 3; round += 1) {
      const client = await Http2Client.connect(t, proxy.address);
      const fields: Fields = [...getFields('/guarded'), ['accept-encoding', 'gzip']];
      const ids = Array.from({ length: streams }, () => client.request(fields, ''));
      const earlier = auth.requests.length;
      await eventually('all to be asked about', () => auth.requests.length === round * streams);
      for (const id of ids.slice(0, 33)) client.reset(id);
      await eventually('a third to be over', () => proxy.logLines.length === (round - 1) * streams + 33);
      await Promise.all(auth.requests.slice(earlier).map(request => pass(request).catch(() => undefined)));
      const others = ids.slice(33);
      await client.until('all heads', () => others.every(id => client.stream(id).status === 200) || undefined);
      for (const id of ids.slice(33, 66)) client.reset(id);
      await eventually('two thirds to be over', () => proxy.logLines.length === (round - 1) * streams + 66);
      client.socket.destroy();
      await eventually('all to be over', () => proxy.logLines.length === round * streams);
      await eventually('nothing to be kept', () => proxy.keptBytes === 0 && proxy.counters.get('upstreamBusy') === 0);
    }
    assert.equal(upstream.requests.length, 3 * 66);
    const reasons = new Set((await proxy.logged(3 * streams)).map(({ reason }) => reason));
    assert.deepEqual(reasons, new Set(['client_left', 'client_left_mid_response']));
  });

  it('a request keeps the route that it was asked about, though the table has changed', async t => {
    const { scene, auth } = await asking(t, [AUTH], HOLD);
    const asked = scene.get('', '/guarded/kept');
    const request = await auth.request(0);
    const other = await RawUpstream.start(t, answering(answer('other')));
    scene.proxy.setRoutes([{ path: '/guarded', to: other }]);
    assert.equal((await scene.get('', '/guarded/new')).body, 'other');
    await pass(request);
    assert.equal((await asked).status, 200);
    assert.deepEqual([scene.upstream.only.target, other.only.target], ['/kept', '/new']);
  });

  it('a worker that drains waits for it, and answers it', async t => {
    const { scene, auth } = await asking(t, [AUTH], HOLD);
    const asked = scene.get();
    const request = await auth.request(0);
    let isDrained = false;
    const drained = scene.proxy.engine.drain().then(() => {
      isDrained = true;
    });
    await eventually('the port to be closed', async () => {
      const late = await scene.proxy.connect().catch(() => undefined);
      late?.destroy();
      return late === undefined;
    });
    assert.equal(isDrained, false);
    await pass(request);
    const response = await asked;
    assert.deepEqual([response.status, valuesOf(response, 'connection')], [200, ['close']]);
    await drained;
  });
});
