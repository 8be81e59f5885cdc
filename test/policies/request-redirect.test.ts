import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FilteredExchange, LocalAnswer } from '../../src/dataplane/pipeline/filters/filter.ts';
import { RequestRedirect } from '../../src/dataplane/pipeline/filters/request-redirect.ts';
import type { RequestRedirectPolicy } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { policyScene } from './scene.ts';

function redirect(more: Partial<RequestRedirectPolicy> = {}): RequestRedirectPolicy {
  return { kind: 'request-redirect', status: 302, ...more };
}

describe('request-redirect', { concurrency: 8 }, () => {
  const LOCATIONS: readonly (readonly [policy: Partial<RequestRedirectPolicy>, target: string, location: string])[] = [
    [{ host: 'example.org' }, '/guarded', 'http://example.org/guarded'],
    [{ host: 'example.org' }, '/guarded/x?q=1', 'http://example.org/guarded/x?q=1'],
    [{ scheme: 'https' }, '/guarded', 'https://test/guarded'],
    [{ scheme: 'https', port: 8443 }, '/guarded', 'https://test:8443/guarded'],
    [{ port: 8083, host: 'example.org' }, '/guarded', 'http://example.org:8083/guarded'],
    [{ path: { prefix: '/guarded', replacement: '/new' } }, '/guarded/lemon?q', 'http://test/new/lemon?q'],
    [{ path: { prefix: '/guarded', replacement: '' } }, '/guarded', 'http://test/'],
    [{ path: { full: '/full' } }, '/guarded/lemon?q', 'http://test/full?q'],
    [{ path: { full: '/full' }, host: 'example.org' }, '/guarded/lemon', 'http://example.org/full'],
  ];
  for (const [policy, target, location] of LOCATIONS) {
    it(`leads ${target} to ${location}`, async t => {
      const scene = await policyScene(t, [redirect(policy)]);
      const moved = await scene.get('', target);
      assert.deepEqual([moved.status, header(moved, 'location')], [302, [location]]);
      assert.equal(scene.upstream.connections.length, 0);
    });
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`answers a POST with ${status}, and goes on with its connection`, async t => {
      const scene = await policyScene(t, [redirect({ status, host: 'example.org' })]);
      const client = await scene.proxy.connect();
      await client.send('POST /guarded HTTP/1.1\r\nHost: test:8080\r\nContent-Length: 2\r\n\r\nhi');
      const moved = await client.response();
      assert.deepEqual([moved.status, header(moved, 'location')], [status, ['http://example.org/guarded']]);
      await client.send('GET /open HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.equal((await client.response()).status, 200);
    });
  }

  it('needs no endpoints', async t => {
    const scene = await policyScene(t, [redirect({ host: 'example.org' })], { route: { to: [] } });
    assert.equal((await scene.get()).status, 302);
  });

  // Of a host example.org at listeners of these ports. A proxy in front ends TLS where the client has come without.
  const PORTS: readonly (readonly [listener: string, policy: Partial<RequestRedirectPolicy>, location: string])[] = [
    ['http 80', {}, 'http://example.org/x'],
    ['http 80', { port: 80 }, 'http://example.org/x'],
    ['http 80', { port: 8080 }, 'http://example.org:8080/x'],
    ['http 80', { scheme: 'https' }, 'https://example.org/x'],
    ['http 80', { scheme: 'https', port: 443 }, 'https://example.org/x'],
    ['http 80', { scheme: 'https', port: 8443 }, 'https://example.org:8443/x'],
    ['http 8080', {}, 'http://example.org:8080/x'],
    ['http 8080', { port: 80 }, 'http://example.org/x'],
    ['http 8080', { scheme: 'https' }, 'https://example.org/x'],
    ['http 8080', { scheme: 'http' }, 'http://example.org/x'],
    ['http 8080', { host: 'other.example' }, 'http://other.example:8080/x'],
    ['https 443', {}, 'https://example.org/x'],
    ['https 443', { port: 443 }, 'https://example.org/x'],
    ['https 443', { port: 8443 }, 'https://example.org:8443/x'],
    ['https 443', { scheme: 'http' }, 'http://example.org/x'],
    ['https 443', { scheme: 'http', port: 80 }, 'http://example.org/x'],
    ['https 443', { scheme: 'http', port: 8080 }, 'http://example.org:8080/x'],
    ['https 8443', {}, 'https://example.org:8443/x'],
    ['http 80 behind https', {}, 'https://example.org/x'],
    ['http 80 behind https', { port: 8443 }, 'https://example.org:8443/x'],
  ];
  for (const [listener, policy, location] of PORTS) {
    it(`leads from ${listener} to ${location} by ${JSON.stringify(policy)}`, () => {
      const [scheme = '', port] = listener.split(' ');
      const exchange = {
        ...{ host: 'example.org', path: '/x', query: '', requestId: 'a' },
        scheme: listener.endsWith('https') ? 'https' : scheme,
        client: { tls: scheme === 'https' ? {} : undefined, port: { publicPort: Number(port) } },
      } as unknown as FilteredExchange;
      const verdict = new RequestRedirect(redirect(policy)).request(exchange);
      assert.ok(verdict instanceof LocalAnswer);
      assert.deepEqual(new Map(verdict.answer.headers).get('Location'), location);
    });
  }

  const ATTACKS: readonly (readonly [what: string, request: string, location: string])[] = [
    ['two slashes', 'GET //evil.example HTTP/1.1\r\nHost: test', 'http://test/evil.example'],
    ['three slashes and no host', 'GET ///evil.example HTTP/1.0', '/evil.example'],
    ['a backslash', 'GET /\\evil.example HTTP/1.1\r\nHost: test', 'http://test/%5Cevil.example'],
    ['encoded line ends', 'GET /%0d%0aX:y HTTP/1.1\r\nHost: test', 'http://test/%0d%0aX:y'],
    ['user information', 'GET /@evil.example HTTP/1.1\r\nHost: test', 'http://test/@evil.example'],
    ['dot segments', 'GET /a/..//evil.example/ HTTP/1.1\r\nHost: test', 'http://test/evil.example/'],
    ['markup', 'GET /"><b> HTTP/1.1\r\nHost: test', 'http://test/%22%3E%3Cb%3E'],
  ];
  for (const mergeSlashes of [true, false]) {
    for (const [what, request, location] of ATTACKS) {
      it(`makes no other host and no line of ${what} where slashes are ${mergeSlashes ? '' : 'not '}merged`, async t => {
        const options = { route: { path: '/' }, settings: { mergeSlashes } };
        const scene = await policyScene(t, [redirect()], options);
        const moved = await scene.proxy.exchange(`${request}\r\n\r\n`);
        assert.deepEqual([moved.status, header(moved, 'location')], [302, [location]]);
        assert.deepEqual(header(moved, 'x'), []);
      });
    }
  }
});
