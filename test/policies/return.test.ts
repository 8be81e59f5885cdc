import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestCondition, ReturnPolicy } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { policyScene } from './scene.ts';

function answering(status: number, more: Partial<ReturnPolicy> = {}): ReturnPolicy {
  return { kind: 'return', status, ...more };
}

describe('return', { concurrency: 8 }, () => {
  it('answers all requests with its status, and no upstream is asked', async t => {
    const scene = await policyScene(t, [answering(403)]);
    const response = await scene.get();
    assert.equal(response.status, 403);
    assert.match(response.body, /403 Forbidden/);
    assert.equal(scene.upstream.connections.length, 0);
  });

  it('gives its own text as plain text', async t => {
    const scene = await policyScene(t, [answering(200, { body: 'grüß' })]);
    const response = await scene.get();
    assert.equal(response.body, Buffer.from('grüß').toString('latin1'));
    assert.deepEqual(header(response, 'content-type'), ['text/plain']);
  });

  it('writes variables into Location', async t => {
    const location = ['https://', { variable: 'host' }, { variable: 'request_uri' }];
    const scene = await policyScene(t, [answering(301, { location })]);
    const response = await scene.get('', '/guarded/a%20b?q=%2F');
    assert.equal(response.status, 301);
    assert.deepEqual(header(response, 'location'), ['https://test/guarded/a%20b?q=%2F']);
  });

  it('keeps line ends and quotes of a variable out of Location', async t => {
    const location = ['https://x.example/', { variable: 'arg_to' }, { variable: 'http_x' }];
    const scene = await policyScene(t, [answering(302, { location })]);
    const response = await scene.get('X: a"b\\c\t<d>\r\n', '/guarded?to=%0d%0aSet-Cookie:%20x');
    assert.deepEqual(header(response, 'location'), ['https://x.example/%0d%0aSet-Cookie:%20xa%22b%5Cc%09%3Cd%3E']);
    assert.deepEqual(header(response, 'set-cookie'), []);
  });

  const CONDITIONS: readonly [
    what: string,
    when: RequestCondition,
    headers: string,
    target: string,
    isMeant: boolean,
  ][] = [
    ['an equal text', when('host', { equals: 'test' }), '', '/guarded', true],
    ['another text', when('host', { equals: 'tes' }), '', '/guarded', false],
    ['a text that must not be equal', when('host', { equals: 'x' }, true), '', '/guarded', true],
    ['a pattern', when('uri', { pattern: '/admin', ignoresCase: false }), '', '/guarded/admin', true],
    ['a pattern in another case', when('uri', { pattern: '/ADMIN', ignoresCase: false }), '', '/guarded/admin', false],
    ['a pattern in any case', when('uri', { pattern: '/ADMIN', ignoresCase: true }), '', '/guarded/admin', true],
    [
      'a header',
      when('http_user_agent', { pattern: 'bot', ignoresCase: true }),
      'User-Agent: aBOT\r\n',
      '/guarded',
      true,
    ],
  ];
  for (const [what, condition, headers, target, isMeant] of CONDITIONS) {
    it(`tells by ${what} which requests are meant`, async t => {
      const scene = await policyScene(t, [answering(404, { when: condition })]);
      assert.equal((await scene.get(headers, target)).status, isMeant ? 404 : 200);
    });
  }

  it('refuses a request about which its pattern cannot decide', async t => {
    const condition = when('uri', { pattern: '(x+x+)+y', ignoresCase: false });
    const scene = await policyScene(t, [answering(404, { when: condition })]);
    assert.equal((await scene.get('', `/guarded/${'x'.repeat(8_000)}`)).status, 500);
    assert.equal(scene.upstream.connections.length, 0);
  });
});

function when(variable: string, test: RequestCondition['test'], isNegated = false): RequestCondition {
  return { subject: [{ variable }], test, isNegated };
}
