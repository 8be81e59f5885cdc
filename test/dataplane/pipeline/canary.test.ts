import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { compileCanaryRule, takesRequest } from '../../../src/dataplane/pipeline/canary-rule.ts';
import { RouteCompiler } from '../../../src/dataplane/route-compiler.ts';
import { type CookieAffinity, plainEndpoint } from '../../../src/model/cluster.ts';
import type { CanaryRule } from '../../../src/model/route.ts';
import { header } from '../../support/exchange.ts';
import { type ProxyUnderTest, startProxy } from '../../support/proxy-under-test.ts';
import { answer, answering, RawUpstream } from '../../support/raw-upstream.ts';
import { clusterContext, clusterOf, filterServices, published, route } from '../../support/routes.ts';

const NOTHING: CanaryRule = { weight: 0, header: '', headerValue: '', cookie: '' };

/** A head with these fields, by lower-case name. */
function head(fields: Readonly<Record<string, string>>): { field(name: string): string } {
  return { field: name => fields[name] ?? '' };
}

/** @returns whether the canary takes the request, by chance that always or never decides for it */
function takes(
  rule: Partial<CanaryRule>,
  fields: Readonly<Record<string, string>> = {},
): [lucky: boolean, unlucky: boolean] {
  const whole = compileCanaryRule({ ...NOTHING, ...rule });
  return [takesRequest(whole, head(fields), () => true), takesRequest(whole, head(fields), () => false)];
}

const ALWAYS = [true, true];
const NEVER = [false, false];
const BY_CHANCE = [true, false];

test('the header decides before the cookie, the cookie before chance', () => {
  const all = { weight: 50, header: 'x-canary', cookie: 'canary' };
  const rows: [rule: Partial<CanaryRule>, fields: Record<string, string>, outcome: boolean[]][] = [
    [all, {}, BY_CHANCE],
    [all, { 'x-canary': 'always' }, ALWAYS],
    [all, { 'x-canary': 'never' }, NEVER],
    [all, { 'x-canary': 'Always' }, BY_CHANCE],
    [all, { 'x-canary': 'never', cookie: 'canary=always' }, NEVER],
    [all, { 'x-canary': 'other', cookie: 'canary=always' }, ALWAYS],
    [all, { cookie: 'a=1; canary=always' }, ALWAYS],
    [all, { cookie: 'canary=never' }, NEVER],
    [all, { cookie: 'canary=1' }, BY_CHANCE],
    // With a value of its own, the header's usual words mean nothing.
    [{ ...all, headerValue: 'beta' }, { 'x-canary': 'beta' }, ALWAYS],
    [{ ...all, headerValue: 'beta' }, { 'x-canary': 'always' }, BY_CHANCE],
    [{ ...all, headerValue: 'beta' }, { 'x-canary': 'never' }, BY_CHANCE],
    [{ ...all, headerValue: 'beta' }, {}, BY_CHANCE],
    [{ ...all, headerValue: 'beta' }, { cookie: 'canary=never' }, NEVER],
    // So it is with a pattern, which matches anywhere, and tells upper from lower case. A value counts before it.
    [{ ...all, headerPattern: 'b.ta' }, { 'x-canary': 'a beta user' }, ALWAYS],
    [{ ...all, headerPattern: '^beta$' }, { 'x-canary': 'a beta user' }, BY_CHANCE],
    [{ ...all, headerPattern: 'beta' }, { 'x-canary': 'BETA' }, BY_CHANCE],
    [{ ...all, headerPattern: 'beta' }, { 'x-canary': 'always' }, BY_CHANCE],
    [{ ...all, headerPattern: 'beta' }, { 'x-canary': 'never', cookie: 'canary=always' }, ALWAYS],
    [{ ...all, headerPattern: '.*' }, {}, BY_CHANCE],
    [{ ...all, headerPattern: 'beta', headerValue: 'one' }, { 'x-canary': 'beta' }, BY_CHANCE],
    [{ header: 'x-canary' }, { 'x-canary': 'other' }, BY_CHANCE],
    [{ headerValue: 'beta' }, { '': 'beta' }, BY_CHANCE],
  ];
  for (const [rule, fields, outcome] of rows) {
    assert.deepEqual(takes(rule, fields), outcome, JSON.stringify([rule, fields]));
  }
});

test('a request stays where its pattern would cost too much to match', () => {
  const evil = { header: 'x-canary', headerPattern: '(x+x+)+y', cookie: 'canary', weight: 100 };
  assert.deepEqual(takes(evil, { 'x-canary': 'x'.repeat(8_000), cookie: 'canary=always' }), NEVER);
  assert.deepEqual(takes(evil, { 'x-canary': 'xxy', cookie: 'canary=never' }), ALWAYS);
});

function routesTo(t: TestContext): Promise<RawUpstream[]> {
  return Promise.all(['main', 'canary'].map(name => RawUpstream.start(t, answering(answer(name)))));
}

/** A proxy whose route `/v` has a canary with this rule. */
async function proxyWith(
  t: TestContext,
  rule: Partial<CanaryRule>,
  affinity?: CookieAffinity,
): Promise<{ readonly proxy: ProxyUnderTest; readonly canary: RawUpstream }> {
  const proxy = await startProxy(t, 'wire', { routes: null });
  const upstreams = await routesTo(t);
  const names = ['main', 'canary'];
  const to = route('/v', { cluster: 'main', canary: { ...NOTHING, ...rule, cluster: 'canary' } });
  const clusters = names.map((id, index) => ({
    ...clusterOf({ cluster: id, service: { namespace: 'test', name: id } }),
    balance: { policy: 'round-robin' as const },
    // Without keepsBound, the canary asks for no cookie of its own.
    ...((index === 0 || rule.keepsBound) && affinity !== undefined && { affinity }),
  }));
  const endpoints = upstreams.map(({ address: { host, port } }, index) => ({
    cluster: names[index] as string,
    revision: 1,
    endpoints: [plainEndpoint({ address: host, port })],
  }));
  proxy.state.table = new RouteCompiler(clusterContext(), filterServices()).apply(
    undefined,
    published({
      version: 1,
      routes: { upserts: [to], removals: [] },
      clusters: { upserts: clusters, removals: [] },
      endpoints,
    }),
  );
  return { proxy, canary: upstreams[1] as RawUpstream };
}

test('the weight is so many of a hundred', async t => {
  for (const [weight, shares] of [
    [0, ['main']],
    [50, ['canary', 'main']],
    [100, ['canary']],
  ] as const) {
    const { proxy } = await proxyWith(t, { weight });
    const seen = new Set<string>();
    // With a weight of 50, one in 2^39 runs sees only one of them.
    for (let count = 0; count < 40; count += 1) seen.add((await proxy.get('/v')).body);
    assert.deepEqual([...seen].sort(), shares);
  }
});

test('a client whose cookie names an endpoint of the primary stays there, unless it asks for the canary', async t => {
  const affinity = { name: 'route', path: '', domain: '', sameSite: 'Lax', secure: 'auto' } as const;
  const { proxy, canary } = await proxyWith(t, { weight: 100, header: 'x-canary' }, affinity);
  assert.equal((await proxy.get('/v')).body, 'canary');
  const first = await proxy.get('/v', 'X-Canary: never\r\n');
  const [cookie] = header(first, 'set-cookie').join().split(';');
  assert.equal((await proxy.get('/v', `Cookie: ${cookie}\r\n`)).body, 'main');
  assert.equal((await proxy.get('/v', `Cookie: ${cookie}\r\nX-Canary: always\r\n`)).body, 'canary');
  assert.doesNotMatch(canary.requests.at(-1)?.raw ?? '', /route=/, 'the cookie of the primary does not go there');
  assert.equal((await proxy.get('/v', 'Cookie: route=forged\r\n')).body, 'canary');
});

test('a client stays where its cookie binds it, whatever header and cookie say, where the rule keeps it', async t => {
  const affinity = { name: 'route', path: '', domain: '', sameSite: 'Lax', secure: 'auto' } as const;
  const rule = { weight: 0, header: 'x-canary', cookie: 'canary', keepsBound: true } as const;
  const { proxy } = await proxyWith(t, rule, affinity);
  const bound = async (headerLines: string): Promise<string> => {
    const [cookie = ''] = header(await proxy.get('/v', headerLines), 'set-cookie')
      .join()
      .split(';');
    return cookie;
  };
  const toPrimary = await bound('');
  const toCanary = await bound('X-Canary: always\r\n');
  for (const lines of ['', 'X-Canary: always\r\n', 'X-Canary: never\r\n']) {
    assert.equal((await proxy.get('/v', `Cookie: ${toPrimary}\r\n${lines}`)).body, 'main', lines);
    assert.equal((await proxy.get('/v', `Cookie: ${toCanary}\r\n${lines}`)).body, 'canary', lines);
  }
  assert.equal((await proxy.get('/v', `Cookie: ${toPrimary}; canary=always\r\n`)).body, 'main');
  assert.equal((await proxy.get('/v', 'Cookie: route=forged; canary=always\r\n')).body, 'canary');
});
