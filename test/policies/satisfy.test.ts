import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { AuthUrlPolicy, BasicAuthPolicy, SatisfyPolicy } from '../../src/model/policy.ts';
import { packPolicies, unpackPolicies } from '../../src/workers/packed-policies.ts';
import { header } from '../support/exchange.ts';
import { basic, credentials } from '../support/passwords.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { answer, answering, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { BESIDE, type PolicyScene, policyScene } from './scene.ts';

const BASIC: BasicAuthPolicy = { kind: 'basic-auth', realm: 'any', secret: 'shop/users', credentials: credentials() };
const ASK: AuthUrlPolicy = {
  ...{ kind: 'auth-url', cluster: BESIDE, host: 'auth.test', target: ['/check'], responseHeaders: ['X-User'] },
};

const says = (status: number, headers = ''): UpstreamHandler => answering(answer('', headers, `${status} So`));

interface AnyScene {
  readonly scene: PolicyScene;
  readonly auth: RawUpstream;
  /** A GET of the client at an address. */
  from(address: string, headerLines?: string): Promise<RawResponse>;
}

async function anyOf(t: TestContext, fields: Partial<SatisfyPolicy>, decide = says(401)): Promise<AnyScene> {
  const auth = await RawUpstream.start(t, decide);
  const policy: SatisfyPolicy = { kind: 'satisfy', allowed: [], denied: [], ways: [BASIC], ...fields };
  const settings = { trustedProxies: ['127.0.0.0/8'] };
  // As a worker gets it.
  const policies = unpackPolicies(JSON.parse(JSON.stringify(packPolicies([policy]))));
  const scene = await policyScene(t, policies, { settings, beside: [{ path: '/auth', to: auth }] });
  return { scene, auth, from: (address, lines = '') => scene.get(`X-Forwarded-For: ${address}\r\n${lines}`) };
}

const statusesOf = async (answers: readonly Promise<RawResponse>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status);

describe('satisfy', { concurrency: 8 }, () => {
  it('lets pass by address or by password, and asks all others for a password', async t => {
    const { scene, from } = await anyOf(t, { allowed: ['192.0.2.0/24'] });
    const answers = [
      from('192.0.2.7'),
      from('198.51.100.1', basic('apr1')),
      from('198.51.100.1', basic('apr1', 'no')),
      from('198.51.100.1'),
    ];
    assert.deepEqual(await statusesOf(answers), [200, 200, 401, 401]);
    const refused = await from('198.51.100.1');
    assert.deepEqual(header(refused, 'www-authenticate'), ['Basic realm="any", charset="UTF-8"']);
    assert.equal(scene.proxy.counters.policies('satisfy', 'refused'), 3);
    assert.equal(scene.proxy.counters.policies('satisfy', 'passed'), 2);
  });

  it('asks a client of a denied address for another way, though another range allows it', async t => {
    const { from } = await anyOf(t, { allowed: ['192.0.2.0/24'], denied: ['192.0.2.7'] });
    const answers = [from('192.0.2.8'), from('192.0.2.7'), from('192.0.2.7', basic('apr1'))];
    assert.deepEqual(await statusesOf(answers), [200, 401, 200]);
  });

  it('does not take an address for a way where only denied ones are listed', async t => {
    const { from } = await anyOf(t, { denied: ['192.0.2.7'] });
    assert.deepEqual(await statusesOf([from('192.0.2.8'), from('192.0.2.7')]), [401, 401]);
  });

  it('asks the auth service after the password, whether it had to wait for that or not', async t => {
    const { scene, auth, from } = await anyOf(t, { ways: [BASIC, ASK] }, says(200, 'X-User: bob\r\n'));
    const answers = [from('192.0.2.1'), from('192.0.2.1', basic('apr1', 'wrong')), from('192.0.2.1', basic('apr1'))];
    assert.deepEqual(await statusesOf(answers), [200, 200, 200]);
    assert.equal(auth.requests.length, 2);
    const users = scene.upstream.requests.map(request => request.header('x-user') ?? '');
    assert.deepEqual(users.sort(), ['', 'bob', 'bob']);
  });

  it('sends a client to the sign-in page where no way is open, and takes 401 before 403', async t => {
    const signin = await anyOf(t, { ways: [BASIC, { ...ASK, signin: ['https://login.test/'] }] });
    const sent = await signin.from('192.0.2.1');
    assert.deepEqual([sent.status, header(sent, 'location')], [302, ['https://login.test/']]);
    assert.equal((await signin.from('192.0.2.1', basic('apr1'))).status, 200);
    const forbidden = await anyOf(t, { allowed: ['198.51.100.1'], ways: [ASK] }, says(403));
    assert.equal((await forbidden.from('192.0.2.1')).status, 403);
    const unknown = await anyOf(t, { ways: [BASIC, ASK] }, says(403));
    assert.equal((await unknown.from('192.0.2.1')).status, 401);
  });

  it('lets nothing pass where a way cannot decide', async t => {
    const broken = await anyOf(t, { ways: [ASK] }, says(500));
    assert.equal((await broken.from('192.0.2.1')).status, 500);
    const missing = await anyOf(
      t,
      { ways: [{ kind: 'unavailable', of: 'basic-auth', why: 'no Secret' }, ASK] },
      says(200),
    );
    assert.equal((await missing.from('192.0.2.1')).status, 503);
    assert.equal(missing.auth.requests.length, 0);
  });

  it('hides what only a way may say, also where the address is enough', async t => {
    const { scene, from } = await anyOf(t, { allowed: ['192.0.2.0/24'], ways: [BASIC, ASK] });
    await from('192.0.2.1', `x-user: root\r\nX-Other: mine\r\n${basic('apr1')}`);
    const { only } = scene.upstream;
    const got = ['x-user', 'authorization', 'x-other'].map(name => only.header(name));
    assert.deepEqual(got, [undefined, undefined, 'mine']);
  });

  it('gives the client the cookies of the auth service that has let it pass', async t => {
    const { from } = await anyOf(t, { ways: [ASK] }, says(200, 'Set-Cookie: a=b\r\n'));
    assert.deepEqual(header(await from('192.0.2.1'), 'set-cookie'), ['a=b']);
  });

  it('ends what it waits for where the client leaves', async t => {
    const { scene, auth } = await anyOf(t, { ways: [BASIC, ASK] }, () => undefined);
    const client = await scene.proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    const { connection } = await auth.request(0);
    client.destroy();
    await connection.closed();
    assert.equal((await scene.proxy.logged(1))[0]?.reason, 'client_left');
  });
});
