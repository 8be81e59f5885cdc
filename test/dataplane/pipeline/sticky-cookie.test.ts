import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stickyCookieLine } from '../../../src/dataplane/pipeline/sticky-cookie.ts';
import type { CookieAffinity } from '../../../src/model/cluster.ts';

const COOKIE: CookieAffinity = { name: 'INGRESSCOOKIE', path: '', domain: '', sameSite: '', secure: 'auto' };
/** 2026-03-24 06:07:08. */
const NOW = Date.UTC(2026, 2, 24, 6, 7, 8);

function line(cookie: Partial<CookieAffinity>, { https = false, agent = '' } = {}): string {
  const moment = { isSecure: () => https, userAgent: () => agent, now: () => NOW };
  return stickyCookieLine({ ...COOKIE, ...cookie }, 'v', '/something', moment);
}

test('the attributes are those of ingress-nginx, in its order', () => {
  assert.equal(line({}), 'Set-Cookie: INGRESSCOOKIE=v; Path=/something; HttpOnly');
  const all = { name: 'SERVERID', expiresSeconds: 172_800, maxAgeSeconds: 60, domain: 'a.test', path: '/x' } as const;
  assert.equal(
    line({ ...all, sameSite: 'Strict' }, { https: true }),
    'Set-Cookie: SERVERID=v; Expires=Thu, 26-Mar-26 06:07:08 GMT; Max-Age=60; Domain=a.test; Path=/x; Secure; HttpOnly; SameSite=Strict',
  );
});

test('a cookie is Secure over HTTPS, or always where that is asked for', () => {
  assert.doesNotMatch(line({}), /Secure/);
  assert.match(line({}, { https: true }), /; Secure/);
  assert.match(line({ secure: 'always' }), /; Secure/);
  assert.doesNotMatch(line({ secure: 'never' }, { https: true }), /; Secure/);
});

test('old browsers do not get SameSite=None where they are to be spared, and all others get it', () => {
  const old = [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/66.0.3359.117 Safari/537.36',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X) AppleWebKit/605.1.15 Version/12.1.2 Safari/604.1',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Safari/605.1.15',
  ];
  const young = [
    '',
    'curl/8.0',
    'Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
  ];
  for (const agent of old) {
    assert.doesNotMatch(line({ sameSite: 'None', sparesOldBrowsers: true }, { agent }), /SameSite/);
    assert.match(line({ sameSite: 'None' }, { agent }), /; SameSite=None$/);
    assert.match(line({ sameSite: 'Lax', sparesOldBrowsers: true }, { agent }), /; SameSite=Lax$/);
  }
  for (const agent of young) {
    assert.match(line({ sameSite: 'None', sparesOldBrowsers: true }, { agent }), /; SameSite=None$/, agent);
  }
});
