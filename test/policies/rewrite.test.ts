import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { getFields } from '../support/http2-fields.ts';
import { policyScene } from './scene.ts';

function rewrite(pattern: string, target: string): Policy {
  return { kind: 'rewrite', pattern, target };
}

describe('rewrite', { concurrency: 8 }, () => {
  const TABLE: readonly [pattern: string, target: string, path: string, upstream: string][] = [
    ['^/(.*)$', '/new/$1', '/x/y?q=%2F&r', '/new/x/y?q=%2F&r'],
    ['^/(.*)$', '/new/$1', '', '/new/'],
    ['^/api/v1(/|$)(.*)', '/$2', '/api/v1/pods', '/pods'],
    ['^/api/v1(/|$)(.*)', '/$2', '/api/v1', '/'],
    ['^/api/v1(/|$)(.*)', '/$2', '/api/v10', '/api/v10'],
    // As in ingress-nginx, the whole path becomes the target.
    ['/app', '/', '/app/x', '/'],
    ['^/([a-z]+)/([0-9]+)$', '/$2/$1', '/item/7', '/7/item'],
    ['^/old(.*)$', '$1', '/old', '/'],
    ['^/old(.*)$', '$1', '/oldest', '/est'],
    ['^/(.*)$', '/new/$1', '/a%2Fb%20c', '/new/a%2Fb%20c'],
  ];
  for (const [pattern, target, path, upstream] of TABLE) {
    it(`${pattern} ${target} makes ${upstream} of ${path || 'the place itself'}`, async t => {
      const scene = await policyScene(t, [rewrite(pattern, target)]);
      assert.equal((await scene.get('', `/guarded${path}`)).status, 200);
      assert.equal(scene.upstream.only.target, upstream);
    });
  }

  it('changes requests of HTTP/2 alike, and leaves the next request alone', async t => {
    const scene = await policyScene(t, [rewrite('^/(.*)$', '/new/$1')]);
    const client = await scene.http2();
    assert.equal((await client.exchange(getFields('/guarded/x?y'))).status, 200);
    assert.equal((await client.exchange(getFields('/open/x?y'))).status, 200);
    assert.deepEqual(
      scene.upstream.requests.map(({ target }) => target),
      ['/new/x?y', '/x?y'],
    );
  });

  it('sees the path behind the prefix, and redirects come before it', async t => {
    const scene = await policyScene(t, [
      { kind: 'redirect', pattern: '^/x$', target: 'https://new.example/', status: 302 },
      rewrite('^/y$', '/x'),
    ]);
    assert.equal((await scene.get('', '/guarded/x')).status, 302);
    assert.equal((await scene.get('', '/guarded/y')).status, 200);
    assert.equal(scene.upstream.only.target, '/x');
  });

  const ATTACKS: readonly [what: string, pattern: string, target: string, path: string][] = [
    ['dots that two groups make', '^/x(.*)$', '/static/.$1', '/x./secret'],
    ['encoded dots that two groups make', '^/(.*)x(.*)$', '/static/$1$2', '/%2xe./secret'],
    ['dots between groups', '^/(.)-(.)/(.*)$', '/static/$1$2/$3', '/.-./secret'],

    ['a broken escape', '^/(.*)[0-9]F$', '/$1', '/a%2F'],
    ['a path without end', '^/(.*)$', `/${'$1'.repeat(9)}`, `/${'x'.repeat(1_000)}`],
  ];
  for (const [what, pattern, target, path] of ATTACKS) {
    it(`cannot be given ${what}`, async t => {
      const scene = await policyScene(t, [rewrite(pattern, target)]);
      assert.equal((await scene.get('', `/guarded${path}`)).status, 400);
      assert.equal(scene.upstream.connections.length, 0);
    });
  }

  it('makes one slash of several, which some upstreams would take for the name of a host', async t => {
    const scene = await policyScene(t, [rewrite('^/(.*)$', '/$1')], { settings: { mergeSlashes: false } });
    await scene.get('', '/guarded///evil.example//x');
    assert.equal(scene.upstream.only.target, '/evil.example/x');
  });

  it('cannot be made to hold the worker by a path', async t => {
    const scene = await policyScene(t, [rewrite('(x+x+)+y', '/')]);
    assert.equal((await scene.get('', `/guarded/${'x'.repeat(8_000)}`)).status, 500);
    assert.equal(scene.upstream.connections.length, 0);
  });
});
