import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PathReplacement, UrlRewritePolicy } from '../../src/model/policy.ts';
import { ReplacedPath } from '../../src/routing/path-replacement.ts';
import { policyScene } from './scene.ts';

function rewrite(more: Omit<UrlRewritePolicy, 'kind'>): UrlRewritePolicy {
  return { kind: 'url-rewrite', ...more };
}

describe('url-rewrite', { concurrency: 8 }, () => {
  // The rows of the documentation of HTTPPathModifier.
  const PREFIXES: readonly (readonly [path: string, prefix: string, replacement: string, result: string])[] = [
    ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
    ['/foo', '/foo', '/xyz', '/xyz'],
    ['/foo/', '/foo', '/xyz', '/xyz/'],
    ['/foo/bar', '/foo', '', '/bar'],
    ['/foo/', '/foo', '', '/'],
    ['/foo', '/foo', '', '/'],
    ['/foo/', '/foo', '/', '/'],
    ['/foo', '/foo', '/', '/'],
    ['/bar', '/', '/xyz', '/xyz/bar'],
    ['/', '/', '/xyz', '/xyz/'],
    ['/bar', '/', '/', '/bar'],
    // What begins a query elsewhere does not here, and no two slashes begin a path.
    ['/foo/bar', '/foo', '/a?b#c', '/a%3Fb%23c/bar'],
    ['/foo//evil.example', '/foo', '', '/evil.example'],
    ['/foo/bar', '/foo', '//evil.example', '/evil.example/bar'],
    ['/foo', '/foo', '\r\nX: y', '/%0D%0AX:%20y'],
  ];
  for (const [path, prefix, replacement, result] of PREFIXES) {
    it(`makes ${result} of ${path} where ${JSON.stringify(replacement)} takes the place of ${prefix}`, () => {
      assert.equal(new ReplacedPath({ prefix, replacement }).of(path), result);
    });
  }

  const SENT: readonly (readonly [path: PathReplacement, target: string, result: string])[] = [
    [{ full: '/one' }, '/guarded/one/two', '/one'],
    [{ full: '/one' }, '/guarded?a=b', '/one?a=b'],
    [{ full: 'one' }, '/guarded', '/one'],
    [{ full: '' }, '/guarded', '/'],
    [{ full: '/sp ace?x' }, '/guarded?y', '/sp%20ace%3Fx?y'],
    [{ prefix: '/guarded', replacement: '/new' }, '/guarded/x%20y/z?q=1', '/new/x%20y/z?q=1'],
    [{ prefix: '/guarded', replacement: '' }, '/guarded?q', '/?q'],
    [{ prefix: '/guarded', replacement: '/' }, '/guarded/a/..//b', '/b'],
  ];
  for (const [path, target, result] of SENT) {
    it(`gives the upstream ${result} for ${target}`, async t => {
      const scene = await policyScene(t, [rewrite({ path })], { route: { stripPrefix: false, path: '/' } });
      assert.equal((await scene.get('', target)).status, 200);
      assert.equal(scene.upstream.only.target, result);
      assert.equal(scene.upstream.only.header('host'), 'test');
    });
  }

  it('gives the upstream another Host, and says in X-Forwarded-Host what the client has asked for', async t => {
    const scene = await policyScene(t, [rewrite({ host: 'one.example.org' })]);
    assert.equal((await scene.get('', '/guarded/x')).status, 200);
    const { only } = scene.upstream;
    assert.deepEqual(
      [only.target, only.header('host'), only.header('x-forwarded-host')],
      ['/x', 'one.example.org', 'test'],
    );
    // The next request of the connection is that of another route.
    const client = await scene.proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.response();
    await client.send('GET /open HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.response();
    assert.equal(scene.upstream.requests[2]?.header('host'), 'test');
  });

  it('goes with changes to headers, before them or behind them', async t => {
    const headers = { kind: 'request-headers', edits: [{ op: 'set', name: 'X-A', value: '1' }] } as const;
    const both = rewrite({ host: 'test.example.org', path: { full: '/new' } });
    for (const policies of [
      [both, headers],
      [headers, both],
    ]) {
      const scene = await policyScene(t, policies);
      assert.equal((await scene.get()).status, 200);
      const { only } = scene.upstream;
      assert.deepEqual([only.target, only.header('host'), only.header('x-a')], ['/new', 'test.example.org', '1']);
    }
  });

  it('rewrites for one backend alone behind what the rule does', async t => {
    const scene = await policyScene(t, [
      rewrite({ host: 'rule.example', path: { full: '/rule' } }),
      { kind: 'max-connections', owner: 'test/a', most: 10 },
      rewrite({ path: { full: '/backend' } }),
    ]);
    await scene.get();
    assert.deepEqual([scene.upstream.only.target, scene.upstream.only.header('host')], ['/backend', 'rule.example']);
  });

  it('cannot be made to send a target without end', async t => {
    const path = { prefix: '/guarded', replacement: `/${'x'.repeat(1_023)}` };
    const scene = await policyScene(t, [rewrite({ path })]);
    assert.equal((await scene.get('', `/guarded/${'y'.repeat(7_500)}`)).status, 400);
    const [line] = await scene.proxy.logged(1);
    assert.deepEqual([line?.reason, line?.policy], ['path_edit_refused', 'url-rewrite']);
  });
});
