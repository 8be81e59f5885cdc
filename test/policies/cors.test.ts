import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CorsPolicy } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { fieldOf } from '../support/http2-client.ts';
import { getFields, requestFields } from '../support/http2-fields.ts';
import { credentials } from '../support/passwords.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { answer, answering, NOBODY } from '../support/raw-upstream.ts';
import { policyScene } from './scene.ts';

function cors(origins: readonly string[], more: Partial<CorsPolicy> = {}): CorsPolicy {
  const lists = { methods: ['GET', 'PUT'], headers: ['X-A', 'X-B'], exposed: [] };
  return { kind: 'cors', origins, ...lists, credentials: false, maxAge: 200, ...more };
}

const LISTED = cors(['https://a.example', 'https://*.b.example', 'http://c.example:3000', 'tauri://localhost']);

function allowed(response: RawResponse): string[] {
  return header(response, 'access-control-allow-origin');
}

describe('cors', { concurrency: 8 }, () => {
  it('lets pages of a listed origin read the answer', async t => {
    const scene = await policyScene(t, [cors(['https://a.example'], { credentials: true, exposed: ['X-C', 'X-D'] })]);
    const response = await scene.get('Origin: https://a.example\r\n');
    assert.equal(response.status, 200);
    const fields = response.headers.filter(([name]) => /^(access-control-.*|vary)$/i.test(name));
    assert.deepEqual(fields, [
      ['Access-Control-Allow-Origin', 'https://a.example'],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Access-Control-Allow-Methods', 'GET, PUT'],
      ['Access-Control-Allow-Headers', 'X-A, X-B'],
      ['Access-Control-Expose-Headers', 'X-C, X-D'],
      ['Access-Control-Max-Age', '200'],
      ['Vary', 'Origin'],
    ]);
    assert.equal(scene.upstream.only.header('origin'), 'https://a.example');
  });

  it('answers a preflight itself', async t => {
    const scene = await policyScene(t, [LISTED]);
    const preflight =
      'OPTIONS /guarded/x HTTP/1.1\r\nHost: test\r\nOrigin: https://x.b.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n';
    const client = await scene.proxy.connect();
    // The connection goes on: an answer without a body has no length either (RFC 9110 section 8.6).
    for (const _ of [1, 2]) {
      await client.send(preflight);
      const response = await client.response();
      assert.deepEqual([response.status, allowed(response)], [204, ['https://x.b.example']]);
      assert.deepEqual(header(response, 'access-control-allow-methods'), ['GET, PUT']);
      assert.deepEqual(header(response, 'content-length'), []);
    }
    assert.equal(scene.upstream.connections.length, 0);
    const [line] = await scene.proxy.logged(1);
    assert.deepEqual([line?.policy, line?.status], ['cors', 204]);
  });

  it('leaves an OPTIONS of a foreign origin to the upstream', async t => {
    const scene = await policyScene(t, [LISTED]);
    const response = await scene.proxy.exchange(
      'OPTIONS /guarded HTTP/1.1\r\nHost: test\r\nOrigin: https://evil.example\r\n\r\n',
    );
    assert.deepEqual([response.status, allowed(response)], [200, []]);
    assert.equal(scene.upstream.only.method, 'OPTIONS');
  });

  it('answers requests of HTTP/2 alike', async t => {
    const scene = await policyScene(t, [LISTED]);
    const client = await scene.http2();
    const origin: [string, string][] = [['origin', 'https://a.example']];
    const read = await client.exchange(getFields('/guarded', origin));
    assert.equal(fieldOf(read.fields, 'access-control-allow-origin'), 'https://a.example');
    const preflight = await client.exchange(requestFields('OPTIONS', '/guarded', origin));
    assert.equal(preflight.status, 204);
    assert.equal(fieldOf(preflight.fields, 'access-control-allow-methods'), 'GET, PUT');
  });

  it('stands on errors of the entry, and on what other policies refuse', async t => {
    const denied = await policyScene(t, [LISTED, { kind: 'deny-from', ranges: ['127.0.0.0/8'] }]);
    const refused = await denied.get('Origin: https://a.example\r\n');
    assert.deepEqual([refused.status, allowed(refused)], [403, ['https://a.example']]);
    const gone = await policyScene(t, [LISTED], { route: { to: [NOBODY] } });
    const failed = await gone.get('Origin: https://a.example\r\n');
    assert.deepEqual([failed.status, allowed(failed)], [502, ['https://a.example']]);
    const large = await policyScene(t, [LISTED], { route: { overrides: { maxBodySize: 1 } } });
    const post = 'POST /guarded HTTP/1.1\r\nHost: test\r\nOrigin: https://a.example\r\nContent-Length: 5\r\n\r\nhello';
    const tooLarge = await large.proxy.exchange(post);
    assert.deepEqual([tooLarge.status, allowed(tooLarge)], [413, ['https://a.example']]);
  });

  it('stands on 401, and answers a preflight, which carries no credentials', async t => {
    const locked = { kind: 'basic-auth', realm: 'a', secret: 'test/a', credentials: credentials() } as const;
    const scene = await policyScene(t, [LISTED, locked]);
    const refused = await scene.get('Origin: https://a.example\r\n');
    assert.deepEqual([refused.status, allowed(refused)], [401, ['https://a.example']]);
    const preflight = await scene.proxy.exchange(
      'OPTIONS /guarded HTTP/1.1\r\nHost: test\r\nOrigin: https://a.example\r\n\r\n',
    );
    assert.equal(preflight.status, 204);
  });

  it('takes the place of what the upstream says, for foreign origins too', async t => {
    const open = 'Access-Control-Allow-Origin: *\r\naccess-control-allow-credentials: true\r\nVary: Accept\r\n';
    const scene = await policyScene(t, [LISTED], { respond: answering(answer('ok', open)) });
    for (const [origin, expected] of [
      ['https://a.example', ['https://a.example']],
      ['https://evil.example', []],
    ] as const) {
      const response = await scene.get(`Origin: ${origin}\r\n`);
      assert.deepEqual(allowed(response), expected);
      assert.deepEqual(header(response, 'access-control-allow-credentials'), []);
      assert.deepEqual(header(response, 'vary'), ['Accept', 'Origin']);
    }
  });

  it('tells caches to keep the answers to different origins apart, those to none too', async t => {
    const scene = await policyScene(t, [LISTED]);
    const response = await scene.get();
    assert.deepEqual([allowed(response), header(response, 'vary')], [[], ['Origin']]);
  });

  it('lets all origins read with a star, and then says nothing of the origin', async t => {
    const scene = await policyScene(t, [cors(['*'])]);
    for (const line of ['', 'Origin: https://any.example\r\n', 'Origin: null\r\n']) {
      const response = await scene.get(line);
      assert.deepEqual([allowed(response), header(response, 'vary')], [['*'], []]);
    }
    const options = await scene.proxy.exchange('OPTIONS /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.deepEqual([options.status, allowed(options)], [204, ['*']]);
  });

  it('compares origins as a whole', async t => {
    const scene = await policyScene(t, [LISTED]);
    const same = [
      'https://A.Example',
      'https://x.b.example',
      'HTTPS://X_1-y.b.example',
      'http://c.example:3000',
      'tauri://localhost',
    ];
    for (const origin of same) assert.deepEqual(allowed(await scene.get(`Origin: ${origin}\r\n`)), [origin]);
    const foreign = [
      'null',
      'http://a.example',
      'https://a.example:8443',
      'https://evil-a.example',
      'https://a.example.evil',
      'https://evil.example/https://a.example',
      'https://evil.example?https://a.example',
      'xhttps://a.example',
      'https://aXexample',
      'https://b.example',
      'https://.b.example',
      'https://x.y.b.example',
      'https://evil.example/.b.example',
      'https://evil.example#.b.example',
      'https://evil.example:1.b.example',
      'https://xb.example',
      'https://x.b.example.evil',
      'http://c.example',
      'http://c.example:30000',
      'https://a.example, https://a.example',
      'https://a.example https://evil.example',
    ];
    for (const origin of foreign) assert.deepEqual(allowed(await scene.get(`Origin: ${origin}\r\n`)), [], origin);
    const twice = await scene.get('Origin: https://a.example\r\nOrigin: https://evil.example\r\n');
    assert.deepEqual(allowed(twice), []);
  });

  it('keeps little of the many origins that a wildcard lets clients choose', async t => {
    const scene = await policyScene(t, [LISTED]);
    const client = await scene.proxy.connect();
    for (let index = 0; index < 250; index += 1) {
      const origin = `https://o${index}.b.example`;
      await client.send(`GET /guarded HTTP/1.1\r\nHost: test\r\nOrigin: ${origin}\r\n\r\n`);
      assert.deepEqual(allowed(await client.response()), [origin]);
    }
  });

  it('as ingress-nginx: says text/plain to a preflight, and no Vary', async t => {
    const scene = await policyScene(t, [cors(['https://a.example'], { asIngressNginx: true })]);
    const client = await scene.proxy.connect();
    await client.send('OPTIONS /guarded HTTP/1.1\r\nHost: test\r\nOrigin: https://a.example\r\n\r\n');
    const preflight = await client.response();
    assert.equal(preflight.status, 204);
    assert.deepEqual(header(preflight, 'content-type'), ['text/plain charset=UTF-8']);
    assert.deepEqual([header(preflight, 'vary'), header(await scene.get(), 'vary')], [[], []]);
  });
});
