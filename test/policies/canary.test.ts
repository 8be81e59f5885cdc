/** The annotation `canary`, as it is written, decides about real requests. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { parseCanaryRule } from '../../src/translate/policies/canary.ts';
import type { Fields } from '../support/http2-fields.ts';
import type { RouteDescription } from '../support/proxy-under-test.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { BESIDE, type PolicyScene, type PolicySceneOptions, policyScene } from './scene.ts';

interface Scene {
  readonly entry: PolicyScene;
  readonly canary: RawUpstream;
}

/** @param rule the annotation's value */
async function scene(
  t: TestContext,
  rule: string,
  policies: readonly Policy[] = [],
  { route = {}, ...options }: PolicySceneOptions = {},
  pods: RouteDescription['to'] | undefined = undefined,
): Promise<Scene> {
  const canary = await RawUpstream.start(t, answering(answer('canary')));
  const entry = await policyScene(t, policies, {
    respond: answering(answer('main')),
    ...options,
    route: { canary: { ...parseCanaryRule(rule), cluster: BESIDE }, ...route },
    beside: [{ path: '/canary', to: pods ?? canary }],
  });
  return { entry, canary };
}

describe('canary', { concurrency: 8 }, () => {
  for (const [rule, lines, taken] of [
    ['weight=100', '', 'canary'],
    ['weight=0', '', 'main'],
    ['header=X-Canary weight=0', 'X-Canary: always\r\n', 'canary'],
    ['header=X-Canary weight=100', 'X-Canary: never\r\n', 'main'],
    ['header=X-Canary weight=100', 'X-Canary: perhaps\r\n', 'canary'],
    ['header=X-Canary:beta', 'x-canary: beta\r\n', 'canary'],
    ['header=X-Canary:beta', 'X-Canary: always\r\n', 'main'],
    ['header=X-User~^(?:ann|bob)[0-9]*$', 'X-User: bob7\r\n', 'canary'],
    ['header=X-User~^(?:ann|bob)[0-9]*$', 'X-User: bobby\r\n', 'main'],
    ['cookie=canary', 'Cookie: a=b; canary=always\r\n', 'canary'],
    ['cookie=canary weight=100', 'Cookie: canary=never\r\n', 'main'],
    ['header=X-Canary cookie=canary', 'X-Canary: never\r\nCookie: canary=always\r\n', 'main'],
  ] as const) {
    it(`${rule} sends a request with ${JSON.stringify(lines)} to ${taken}, by each version of HTTP`, async t => {
      const { entry } = await scene(t, rule);
      assert.equal((await entry.get(lines)).body, taken);
      const fields: Fields = lines
        .split('\r\n')
        .filter(line => line !== '')
        .map(line => line.split(': ') as [string, string])
        .map(([name, value]) => [name.toLowerCase(), value]);
      const client = await entry.http2();
      assert.equal((await client.exchange([...entry.fields, ...fields])).body, taken);
      assert.equal((await entry.get(lines, '/open')).body, 'main', 'another route has no canary');
    });
  }

  it('cannot be asked for by two lines, which another part of the way may read in another way', async t => {
    const { entry } = await scene(t, 'header=X-Canary');
    for (const lines of ['X-Canary: always\r\nX-Canary: never\r\n', 'X-Canary: never, always\r\n']) {
      assert.equal((await entry.get(lines)).body, 'main');
    }
  });

  it('cannot be asked for by a name that CGI takes for the same', async t => {
    const { entry } = await scene(t, 'header=X-Canary', [], { settings: { underscoresInHeaders: true } });
    assert.equal((await entry.get('X_Canary: always\r\n')).body, 'main');
  });

  it('is not asked where it has no endpoint: requests stay, even those that ask for it', async t => {
    const { entry } = await scene(t, 'weight=100 header=X-Canary', [], {}, []);
    assert.equal((await entry.get()).body, 'main');
    assert.equal((await entry.get('X-Canary: always\r\n')).body, 'main');
  });

  it('is behind the policies of the route that it takes requests of', async t => {
    const denied: Policy = { kind: 'deny-from', ranges: ['127.0.0.0/8'] };
    const { entry, canary } = await scene(t, 'weight=100', [denied]);
    assert.equal((await entry.get()).status, 403);
    assert.equal(canary.requests.length, 0);
    const edits: Policy = { kind: 'request-headers', edits: [{ op: 'set', name: 'X-Tenant', value: 'blue' }] };
    const edited = await scene(t, 'weight=100', [edits]);
    assert.equal((await edited.entry.get('X-Tenant: red\r\n')).body, 'canary');
    assert.equal(edited.canary.only.header('x-tenant'), 'blue');
  });

  it('holds up no worker by a pattern that costs too much: such a request stays', async t => {
    const { entry } = await scene(t, 'header=X-User~(x+x+)+y weight=100');
    assert.equal((await entry.get(`X-User: ${'x'.repeat(7_000)}\r\n`)).body, 'main');
    assert.equal((await entry.get('X-User: xxy\r\n')).body, 'canary');
  });

  it('takes the share of requests that it says', async t => {
    const { entry, canary } = await scene(t, 'weight=500/1000');
    const client = await entry.proxy.connect();
    const bodies: string[] = [];
    for (let count = 0; count < 200; count += 1) {
      await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
      bodies.push((await client.response()).body);
    }
    const taken = bodies.filter(body => body === 'canary').length;
    // Six standard deviations of 200 throws of a coin: one run in 500 million is beyond.
    assert.ok(Math.abs(taken - 100) <= 43, `${taken}`);
    assert.equal(canary.requests.length, taken);
    assert.equal(entry.upstream.requests.length, 200 - taken);
  });
});
