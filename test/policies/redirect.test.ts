import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { fieldOf } from '../support/http2-client.ts';
import { type PolicySceneOptions, policyScene } from './scene.ts';

function redirect(target: string, pattern?: string, status = 302): Policy {
  return { kind: 'redirect', target, status, ...(pattern !== undefined && { pattern }) };
}

describe('redirect', { concurrency: 8 }, () => {
  it('sends clients to the target with its status, and asks no upstream', async t => {
    const scene = await policyScene(t, [redirect('https://new.example/$1', '^/old/(.*)$', 308)]);
    const moved = await scene.get('', '/guarded/old/x%20y/z?q=1&r=%2F');
    assert.equal(moved.status, 308);
    assert.deepEqual(header(moved, 'location'), ['https://new.example/x%20y/z?q=1&r=%2F']);
    assert.equal(header(moved, 'x-request-id').length, 1);
    assert.equal(scene.upstream.connections.length, 0);
    const [line] = await scene.proxy.logged(1);
    assert.deepEqual([line?.policy, line?.status], ['redirect', 308]);
    assert.equal(scene.proxy.counters.policies('redirect', 'answered'), 1);
  });

  it('lets pass what its pattern does not match', async t => {
    const scene = await policyScene(t, [redirect('https://new.example/', '^/old$')]);
    assert.equal((await scene.get('', '/guarded/older')).status, 200);
    assert.equal((await scene.get('', '/guarded/old')).status, 302);
    assert.equal(scene.upstream.requests.length, 1);
  });

  it('answers requests of HTTP/2 alike', async t => {
    const scene = await policyScene(t, [redirect('/$1', '^/(.*)$', 301)]);
    const client = await scene.http2();
    const moved = await client.exchange(
      scene.fields.map(([name, value]) => [name, name === ':path' ? '/guarded/x?y' : value]),
    );
    assert.deepEqual([moved.status, fieldOf(moved.fields, 'location')], [301, '/x?y']);
  });

  it('keeps the connection of a client that sends a body', async t => {
    const scene = await policyScene(t, [redirect('https://new.example/', '^/old', 307)]);
    const client = await scene.proxy.connect();
    await client.send('POST /guarded/old HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello');
    assert.equal((await client.response()).status, 307);
    await client.send('GET /open HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 200);
  });

  it('comes before the check that there are endpoints', async t => {
    const scene = await policyScene(t, [redirect('https://new.example/')], { route: { to: [] } });
    assert.equal((await scene.get()).status, 302);
  });

  const QUERIES: readonly [target: string, location: string][] = [
    ['https://new.example/a', 'https://new.example/a?q=1'],
    // As in nginx: an empty query of the target takes that of the request away, another one comes before it.
    ['https://new.example/a?', 'https://new.example/a'],
    ['https://new.example/a?b=2', 'https://new.example/a?b=2&q=1'],
    ['https://new.example/a#part', 'https://new.example/a?q=1#part'],
    ['https://new.example/#/$1', 'https://new.example/?q=1#/x&y/z'],
    ['https://new.example/?from=$1', 'https://new.example/?from=x%26y/z&q=1'],
    ['https://new.example', 'https://new.example?q=1'],
  ];
  for (const [target, location] of QUERIES) {
    it(`to ${target} makes ${location}`, async t => {
      const scene = await policyScene(t, [redirect(target, '^/(.*)')]);
      assert.deepEqual(header(await scene.get('', '/guarded/x&y/z?q=1'), 'location'), [location]);
    });
  }

  interface Attack extends PolicySceneOptions {
    readonly what: string;
    readonly pattern: string;
    readonly target: string;
    readonly path: string;
    readonly location: string;
  }

  const ATTACKS: readonly Attack[] = [
    {
      what: 'a host behind two slashes',
      pattern: '^/(.*)$',
      target: '/$1',
      path: '//evil.example',
      location: '/evil.example',
    },
    {
      what: 'a host behind two slashes, where slashes are not merged',
      settings: { mergeSlashes: false },
      pattern: '^/(.*)$',
      target: '/$1',
      path: '///evil.example/x',
      location: '/evil.example/x',
    },
    {
      what: 'a host behind slash and backslash',
      pattern: '^/(.*)$',
      target: '/$1',
      path: '/\\evil.example',
      location: '/%5Cevil.example',
    },
    {
      what: 'an encoded slash',
      pattern: '^/(.*)$',
      target: '/$1',
      path: '/%2Fevil.example',
      location: '/%2Fevil.example',
    },
    {
      what: 'an encoded backslash',
      pattern: '^/(.*)$',
      target: '/$1',
      path: '/%5cevil.example',
      location: '/%5cevil.example',
    },
    {
      what: 'a name that goes on with that of the target',
      pattern: '^/old(.*)$',
      target: 'https://new.example$1',
      path: '/old.evil.example',
      location: 'https://new.example/.evil.example',
    },
    {
      what: 'user information before another host',
      pattern: '^/old(.*)$',
      target: 'https://new.example$1',
      path: '/old@evil.example',
      location: 'https://new.example/@evil.example',
    },
    {
      what: 'a port',
      pattern: '^/old(.*)$',
      target: 'https://new.example$1',
      path: '/old:8080/x',
      location: 'https://new.example/:8080/x',
    },
    {
      what: 'encoded line ends',
      pattern: '^/(.*)$',
      target: 'https://new.example/$1',
      path: '/x%0d%0aSet-Cookie:%20a=1',
      location: 'https://new.example/x%0d%0aSet-Cookie:%20a=1',
    },
    {
      what: 'bytes that a URL does not have',
      pattern: '^/(.*)$',
      target: 'https://new.example/$1',
      path: '/"><b>`{|}^\xe9',
      location: 'https://new.example/%22%3E%3Cb%3E%60%7B%7C%7D%5E%E9',
    },
    {
      what: 'a backslash in the query',
      pattern: '^/(.*)$',
      target: 'https://new.example/$1',
      path: '/x?\\"\xe9',
      location: 'https://new.example/x?%5C%22%E9',
    },
    {
      what: 'a further parameter',
      pattern: '^/(.*)$',
      target: 'https://new.example/?a=$1',
      path: '/1&admin=1;b+c',
      location: 'https://new.example/?a=1%26admin%3D1%3Bb%2Bc',
    },
  ];
  for (const { what, pattern, target, path, location, ...options } of ATTACKS) {
    it(`cannot be given ${what}`, async t => {
      const scene = await policyScene(t, [redirect(target, pattern)], options);
      const moved = await scene.get('', `/guarded${path}`);
      assert.deepEqual([moved.status, header(moved, 'location')], [302, [location]]);
      assert.deepEqual(header(moved, 'set-cookie'), []);
    });
  }

  it('cannot be made to send a line that has no end', async t => {
    const scene = await policyScene(t, [redirect(`/${'$1'.repeat(9)}`, '^/(.*)$')]);
    assert.equal((await scene.get('', `/guarded/${'x'.repeat(1_000)}`)).status, 400);
    const [line] = await scene.proxy.logged(1);
    assert.deepEqual([line?.reason, line?.policy], ['path_edit_refused', 'redirect']);
  });

  it('cannot be made to hold the worker by a path', async t => {
    const scene = await policyScene(t, [redirect('https://new.example/', '^/(([a-z]+)+[0-9]?)+!$')]);
    assert.equal((await scene.get('', '/guarded/x')).status, 200);
    const held = await scene.get('', `/guarded/${'a'.repeat(8_000)}`);
    assert.equal(held.status, 500);
    assert.equal(scene.proxy.counters.policies('redirect', 'failed'), 1);
  });
});
