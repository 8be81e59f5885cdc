import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rewriteRedirect } from '../../../src/dataplane/pipeline/redirects.ts';
import fc from '../../support/property.ts';
import { route } from '../../support/routes.ts';

const ROUTE = { ...route('/volume'), rewriteRedirects: true };

function location(url: string, ...hosts: readonly string[]): string {
  return rewriteRedirect('location', url, ROUTE, hosts);
}

describe('redirects that lead here', () => {
  for (const [url, host, leadsHere] of [
    ['http://10.0.0.1/x', '10.0.0.1:80', true],
    ['http://10.0.0.1:80/x', '10.0.0.1:80', true],
    ['http://10.0.0.1/x', '10.0.0.1:8080', false],
    ['http://10.0.0.1:8080/x', '10.0.0.1:8080', true],
    ['https://ex.com/x', 'ex.com:443', true],
    ['https://ex.com/x', 'ex.com:80', false],
    ['https://ex.com/x', 'ex.com', true],
    ['http://ex.com./x', 'EX.COM', true],
    ['http://ex.com/x', 'ex.com.:80', true],
    ['http://ex.com:/x', 'ex.com', true],
    ['http://ex.com:0080/x', 'ex.com', true],
    ['http://[FD00::1]/x', '[fd00::1]:80', true],
    ['//ex.com:443/x', 'ex.com', true],
    ['//ex.com:8443/x', 'ex.com', false],
    ['http://ex.com:99999/x', 'ex.com', false],
    ['http://ex.com@evil.example/x', 'ex.com', false],
    ['http://ex.com\\@evil.example/x', 'ex.com', false],
    ['http://ex.com.evil.example/x', 'ex.com', false],
    ['http:///x', '', false],
    ['ws://ex.com/x', 'ex.com', false],
  ] as const) {
    it(`${url} ${leadsHere ? 'is' : 'is not'} ${host}`, () => {
      assert.equal(location(url, host), leadsHere ? url.replace(/\/x$/, '/volume/x') : url);
    });
  }

  it('where a browser goes is the upstream’s path behind the prefix, or untouched', () => {
    const segment = fc.constantFrom('a', 'b', '.', '..', '%2e%2E', '', 'volume', 'c?d/../e', 'f#g');
    const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map(segments => `/${segments.join('/')}`);
    fc.assert(
      fc.property(path, fc.constantFrom('', 'http://ex.com', '//ex.com:80'), (text, origin) => {
        fc.pre(origin !== '' || !text.startsWith('//'));
        const meant = new URL(origin + text, 'http://ex.com/volume/page');
        const got = new URL(location(origin + text, 'ex.com'), 'http://ex.com/volume/page');
        const isPrefixed = meant.pathname === '/volume' || meant.pathname.startsWith('/volume/');
        assert.equal(got.pathname, isPrefixed ? meant.pathname : `/volume${meant.pathname}`);
        assert.deepEqual([got.search, got.hash, got.host], [meant.search, meant.hash, 'ex.com']);
      }),
      { numRuns: 3_000 },
    );
  });
});
