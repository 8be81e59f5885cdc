import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UpstreamNamesPolicy, ValueEdit } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { answering } from '../support/raw-upstream.ts';
import { policyScene } from './scene.ts';

const plain = (text: string, to: string): ValueEdit => ({ from: { text }, to });
const pattern = (text: string, to: string): ValueEdit => ({ from: { pattern: text, ignoresCase: false }, to });

function names(edits: Partial<Omit<UpstreamNamesPolicy, 'kind'>>): UpstreamNamesPolicy {
  return { kind: 'upstream-names', cookieDomains: [], cookiePaths: [], redirects: [], ...edits };
}

/** What nginx 1.22 makes of the same lines is what stands here. */
describe('upstream-names', { concurrency: 8 }, () => {
  const COOKIES: readonly [edits: UpstreamNamesPolicy, sent: string, got: string][] = [
    [
      names({ cookieDomains: [plain('a.test', 'b.test')] }),
      'sid=1; Domain=a.test; Path=/x',
      'sid=1; Domain=b.test; Path=/x',
    ],
    [names({ cookieDomains: [plain('a.test', 'b.test')] }), 'sid=1; domain=.A.TEST', 'sid=1; domain=.b.test'],
    [names({ cookieDomains: [plain('a.test', 'b.test')] }), 'sid=1; Domain=x.a.test', 'sid=1; Domain=x.a.test'],
    [
      names({ cookieDomains: [plain('.a.test', 'b.test')] }),
      'a=1;Domain=a.test;HttpOnly',
      'a=1; Domain=b.test; HttpOnly',
    ],
    [names({ cookieDomains: [plain('a.test', 'b.test')] }), 'x=domain=a.test', 'x=domain=a.test'],
    [names({ cookieDomains: [pattern('a.test', 'b.test')] }), 'sid=1; Domain=x.a.test', 'sid=1; Domain=b.test'],
    [names({ cookiePaths: [plain('/one/', '/two/')] }), 's=1; Path= /one/z', 's=1; Path=/two/z'],
    [names({ cookiePaths: [plain('/one/', '/two/')] }), 's=1; Path=/one', 's=1; Path=/one'],
    [names({ cookiePaths: [plain('/one/', '/two/')] }), 's=1; path=/One/x', 's=1; path=/One/x'],
    [names({ cookiePaths: [pattern('/one', '/two')] }), 's=1; Path=/one/x', 's=1; Path=/two'],
  ];
  for (const [edits, sent, got] of COOKIES) {
    it(`makes ${got} of ${sent}`, async t => {
      const respond = answering(
        `HTTP/1.1 200 OK\r\nSet-Cookie: ${sent}\r\nSet-Cookie: other=1\r\nContent-Length: 0\r\n\r\n`,
      );
      const scene = await policyScene(t, [edits], { respond });
      assert.deepEqual(header(await scene.get(), 'set-cookie'), [got, 'other=1']);
    });
  }

  const REDIRECTS: readonly [edit: ValueEdit, sent: string, got: string][] = [
    [plain('http://x.test/', 'https://y.test/'), 'http://x.test/a', 'https://y.test/a'],
    [plain('http://x.test/', 'https://y.test/'), 'http://X.test/a', 'http://X.test/a'],
    [plain('http://x.test/', 'https://y.test/'), '/one', '/one'],
    [pattern('x.test', 'https://y.test/'), 'http://x.test/a', 'https://y.test/'],
  ];
  for (const [edit, sent, got] of REDIRECTS) {
    it(`sends clients to ${got} in place of ${sent}`, async t => {
      const lines = `Location: ${sent}\r\nRefresh: 5; url=${sent}\r\n`;
      const respond = answering(`HTTP/1.1 302 Found\r\n${lines}Content-Length: 0\r\n\r\n`);
      const scene = await policyScene(t, [names({ redirects: [edit] })], { respond });
      const response = await scene.get();
      assert.deepEqual(header(response, 'location'), [got]);
      assert.deepEqual(header(response, 'refresh'), [`5; url=${got}`]);
    });
  }

  it('leaves a policy for response headers the last word', async t => {
    const respond = answering('HTTP/1.1 302 Found\r\nLocation: http://x.test/a\r\nContent-Length: 0\r\n\r\n');
    const edits = names({ redirects: [plain('http://x.test/', 'https://y.test/')] });
    const headers = { kind: 'response-headers', edits: [{ op: 'remove', name: 'Location', value: '' }] } as const;
    const scene = await policyScene(t, [edits, headers], { respond });
    assert.deepEqual(header(await scene.get(), 'location'), []);
  });
});
