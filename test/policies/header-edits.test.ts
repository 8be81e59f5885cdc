import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderEdit, Policy } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { fieldOf } from '../support/http2-client.ts';
import { getFields } from '../support/http2-fields.ts';
import { answer, answering, NOBODY } from '../support/raw-upstream.ts';
import { policyScene } from './scene.ts';

const set = (name: string, value: string): HeaderEdit => ({ op: 'set', name, value });
const add = (name: string, value: string): HeaderEdit => ({ op: 'add', name, value });
const remove = (name: string): HeaderEdit => ({ op: 'remove', name, value: '' });
const request = (...edits: HeaderEdit[]): Policy => ({ kind: 'request-headers', edits });
const response = (...edits: HeaderEdit[]): Policy => ({ kind: 'response-headers', edits });

describe('header edits', { concurrency: 8 }, () => {
  it('change what the upstream gets: a client cannot send a name that is set', async t => {
    const scene = await policyScene(t, [request(set('X-Tenant', 'blue'), add('X-Also', 'two'), remove('Cookie'))]);
    await scene.get('x-tenant: red\r\nX-TENANT: green\r\nX-Also: one\r\nCookie: a=1\r\ncookie: b=2\r\nAccept: */*\r\n');
    const { only } = scene.upstream;
    assert.deepEqual(
      only.headers.filter(([name]) => name.toLowerCase() === 'x-tenant'),
      [['X-Tenant', 'blue']],
    );
    assert.deepEqual(
      only.headers.filter(([name]) => name === 'X-Also'),
      [
        ['X-Also', 'one'],
        ['X-Also', 'two'],
      ],
    );
    assert.equal(only.header('cookie'), undefined);
    assert.equal(only.header('accept'), '*/*');
  });

  it('may replace what the entry itself tells the upstream', async t => {
    const scene = await policyScene(t, [request(set('X-Forwarded-Proto', 'https'), remove('X-Real-IP'))]);
    await scene.get();
    const { only } = scene.upstream;
    assert.deepEqual(
      only.headers.filter(([name]) => name === 'X-Forwarded-Proto'),
      [['X-Forwarded-Proto', 'https']],
    );
    assert.equal(only.header('x-real-ip'), undefined);
    assert.equal(only.header('x-forwarded-for'), '127.0.0.1');
  });

  it('may remove each header that the entry itself tells the upstream, alone', async t => {
    const route = { path: '/guarded/deep' };
    const plain = await policyScene(t, [], { route });
    await plain.get('', '/guarded/deep');
    const told = plain.upstream.only.headers.map(([name]) => name).filter(name => name.startsWith('X-'));
    assert.equal(told.length, 6);
    for (const name of told) {
      const scene = await policyScene(t, [request(remove(name))], { route });
      await scene.get('', '/guarded/deep');
      const left = scene.upstream.only.headers.map(([other]) => other).filter(other => other.startsWith('X-'));
      assert.deepEqual(
        left,
        told.filter(other => other !== name),
      );
    }
  });

  it('are done in their order', async t => {
    const scene = await policyScene(t, [
      request(add('X-A', '1'), remove('x-a'), add('X-A', '2'), set('X-B', '1'), set('x-b', '2')),
    ]);
    await scene.get('X-A: 0\r\n');
    const { only } = scene.upstream;
    assert.deepEqual(
      only.headers.filter(([name]) => /^x-[ab]$/i.test(name)),
      [
        ['X-A', '2'],
        ['x-b', '2'],
      ],
    );
  });

  it('change what the client gets, of the upstream and of the entry', async t => {
    const edits = response(set('X-Frame-Options', 'DENY'), remove('X-Powered-By'), add('Vary', 'Origin'));
    const powered = answering(answer('ok', 'X-Powered-By: PHP\r\nx-frame-options: ALLOWALL\r\nVary: Accept\r\n'));
    const scene = await policyScene(t, [edits], { respond: powered });
    const ok = await scene.get();
    assert.deepEqual(header(ok, 'x-frame-options'), ['DENY']);
    assert.deepEqual(header(ok, 'x-powered-by'), []);
    assert.deepEqual(header(ok, 'vary'), ['Accept', 'Origin']);
    assert.equal(ok.body, 'ok');
    const client = await scene.http2();
    assert.equal(fieldOf((await client.exchange(scene.fields)).fields, 'x-frame-options'), 'DENY');
    const gone = await policyScene(t, [edits], { route: { to: [NOBODY] } });
    const failed = await gone.get();
    assert.deepEqual([failed.status, header(failed, 'x-frame-options')], [502, ['DENY']]);
  });

  it('leave other routes and their next requests alone', async t => {
    const scene = await policyScene(t, [request(set('X-Tenant', 'blue'))]);
    const client = await scene.proxy.connect();
    for (const target of ['/guarded', '/open', '/guarded']) {
      await client.send(`GET ${target} HTTP/1.1\r\nHost: test\r\n\r\n`);
      assert.equal((await client.response()).status, 200);
    }
    assert.deepEqual(
      scene.upstream.requests.map(one => one.header('x-tenant')),
      ['blue', undefined, 'blue'],
    );
  });

  it('are done one policy after the other, and each that requests meet counts them', async t => {
    const scene = await policyScene(t, [
      request(set('X-Tenant', 'blue'), add('X-Also', 'one')),
      request(set('X-Tenant', 'red'), add('X-Also', 'two')),
      response(set('X-Stage', 'live')),
      response(add('X-Stage', 'too'), remove('Server')),
    ]);
    const got = await scene.get('X-Tenant: mine\r\nX_Tenant: mine\r\n');
    assert.deepEqual(header(got, 'x-stage'), ['live', 'too']);
    const { headers } = scene.upstream.only;
    assert.deepEqual(
      headers.filter(([name]) => /^x.(tenant|also)$/i.test(name)),
      [
        ['X-Also', 'one'],
        ['X-Tenant', 'red'],
        ['X-Also', 'two'],
      ],
    );
    assert.equal(scene.proxy.counters.policies('request-headers', 'passed'), 2);
    assert.equal(scene.proxy.counters.policies('response-headers', 'passed'), 0);
  });

  it('count no request that is refused before, and are done to its answer', async t => {
    const edits = [request(set('X-Tenant', 'blue')), response(set('X-Stage', 'live'))];
    const unserved = await policyScene(t, edits, { route: { to: [] } });
    assert.deepEqual(header(await unserved.get(), 'x-stage'), ['live']);
    const tooLarge = await policyScene(t, edits, { route: { overrides: { maxBodySize: 1 } } });
    const refused = await tooLarge.get('Content-Length: 2\r\n');
    assert.equal(refused.status, 413);
    assert.deepEqual(header(refused, 'x-stage'), ['live']);
    for (const { proxy } of [unserved, tooLarge]) assert.equal(proxy.counters.policies('request-headers', 'passed'), 0);
  });

  it('write variables of the request, and drop what is empty for it', async t => {
    const text = [{ variable: 'remote_addr' }, ' of ', { variable: 'arg_x' }];
    const edits: HeaderEdit[] = [
      { ...set('X-From', ''), text },
      { ...set('X-Gone', ''), text: [{ variable: 'arg_none' }] },
    ];
    const scene = await policyScene(t, [
      request(...edits),
      response({ ...add('X-Path', ''), text: [{ variable: 'uri' }] }),
    ]);
    const got = await scene.get('X-Gone: 1\r\n', '/guarded/a?x=1');
    assert.deepEqual(header(got, 'x-path'), ['/guarded/a']);
    assert.equal(scene.upstream.only.header('x-from'), '127.0.0.1 of 1');
    assert.equal(scene.upstream.only.header('x-gone'), undefined);
  });

  it('take no line end from a variable, encoded or not', async t => {
    const decoded = [{ variable: 'decoded_uri' }, ' ', { variable: 'arg_x' }, ' ', { variable: 'cookie_c' }];
    const scene = await policyScene(t, [
      request({ ...set('X-From', ''), text: decoded }),
      response({ ...set('X-Path', ''), text: decoded }),
    ]);
    const target = '/guarded/a%0d%0aX-Evil:%201?x=%0d%0aX-Evil:%201';
    const expected = '/guarded/aX-Evil: 1 %0d%0aX-Evil:%201 %0d%0a';
    const got = await scene.get('Cookie: c=%0d%0a\r\n', target);
    assert.deepEqual([header(got, 'x-path'), header(got, 'x-evil')], [[expected], []]);
    const client = await scene.http2();
    const other = await client.exchange(getFields(target, [['cookie', 'c=%0d%0a']]));
    assert.deepEqual([fieldOf(other.fields, 'x-path'), fieldOf(other.fields, 'x-evil')], [expected, undefined]);
    for (const one of scene.upstream.requests) {
      assert.deepEqual([one.header('x-from'), one.header('x-evil')], [expected, undefined]);
    }
  });

  it('are done to responses of some statuses alone', async t => {
    const respond = answering(answer('no', '', '404 Not Found'));
    const scene = await policyScene(
      t,
      [
        response(
          { ...set('X-Good', '1'), statuses: [200] },
          { ...set('X-Bad', '1'), statuses: [404] },
          set('X-All', '1'),
        ),
      ],
      { respond },
    );
    const got = await scene.get();
    assert.deepEqual([header(got, 'x-good'), header(got, 'x-bad'), header(got, 'x-all')], [[], ['1'], ['1']]);
  });
});
