import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CorsPolicy } from '../../src/model/policy.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { policyScene } from './scene.ts';

function cors(more: Partial<CorsPolicy>): CorsPolicy {
  const lists = { origins: ['*'], methods: ['*'], headers: ['*'], exposed: [] };
  return { kind: 'cors', ...lists, credentials: false, maxAge: 5, asGateway: true, ...more };
}

/** As a browser asks before a PUT with two header lines. */
function preflight(origin: string): string {
  return (
    `OPTIONS /guarded HTTP/1.1\r\nHost: test\r\nOrigin: ${origin}\r\n` +
    'Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a, x-b\r\n\r\n'
  );
}

/** Its lines about origins, without the beginning that all of them have. */
function lines({ headers }: RawResponse): Record<string, string> {
  const found = headers.filter(([name]) => /^(access-control-.*|vary)$/i.test(name));
  return Object.fromEntries(found.map(([name, value]) => [name.replace('Access-Control-', ''), value]));
}

describe('CORS of the Gateway API', { concurrency: 4 }, () => {
  it('answers preflights of all origins, and allows those that a wildcard of any labels fits', async t => {
    const origins = ['https://a.example', 'https://*.b.example'];
    const scene = await policyScene(t, [cors({ origins, methods: ['PUT'], headers: ['x-a'], exposed: ['x-c'] })]);
    for (const origin of ['https://a.example', 'https://x.b.example', 'https://x.y.b.example']) {
      const response = await scene.proxy.exchange(preflight(origin));
      assert.equal(response.status, 204);
      const lists = { 'Allow-Methods': 'PUT', 'Allow-Headers': 'x-a', 'Expose-Headers': 'x-c' };
      assert.deepEqual(lines(response), { 'Allow-Origin': origin, ...lists, 'Max-Age': '5', Vary: 'Origin' });
    }
    for (const origin of ['https://b.example', 'https://.b.example', 'https://x..b.example', 'http://x.b.example']) {
      const response = await scene.proxy.exchange(preflight(origin));
      assert.deepEqual([response.status, lines(response)], [204, { Vary: 'Origin' }], origin);
    }
    assert.equal(scene.upstream.connections.length, 0);
  });

  it('leaves an OPTIONS that is no preflight to the upstream', async t => {
    const scene = await policyScene(t, [cors({})]);
    await scene.proxy.exchange('OPTIONS /guarded HTTP/1.1\r\nHost: test\r\nOrigin: https://a.example\r\n\r\n');
    assert.equal(scene.upstream.only.method, 'OPTIONS');
  });

  it('says * where no credentials are allowed, and what was asked for where they are', async t => {
    const open = await policyScene(t, [cors({})]);
    const all = { 'Allow-Origin': '*', 'Allow-Methods': '*', 'Allow-Headers': '*', 'Max-Age': '5' };
    assert.deepEqual(lines(await open.proxy.exchange(preflight('https://a.example'))), all);
    assert.deepEqual(lines(await open.get('Origin: https://a.example\r\n')), { 'Allow-Origin': '*' });

    const trusting = await policyScene(t, [cors({ credentials: true, exposed: ['*'] })]);
    const own = { 'Allow-Origin': 'https://a.example', 'Allow-Credentials': 'true', Vary: 'Origin' };
    const asked = { 'Allow-Methods': 'PUT', 'Allow-Headers': 'x-a, x-b', 'Max-Age': '5' };
    assert.deepEqual(lines(await trusting.proxy.exchange(preflight('https://a.example'))), { ...own, ...asked });
    assert.deepEqual(lines(await trusting.get('Origin: https://a.example\r\n')), own);
    assert.deepEqual(lines(await trusting.get('')), { Vary: 'Origin' });
  });
});
