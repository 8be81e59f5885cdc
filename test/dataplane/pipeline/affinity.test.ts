/** Sticky cookies on real sockets: who is bound to which endpoint, and which bytes either side sees. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AffinityKeys } from '../../../src/dataplane/clusters/affinity/affinity-keys.ts';
import type { CookieAffinity } from '../../../src/model/cluster.ts';
import { EJECTED, USABLE } from '../../../src/observe/endpoint-board.ts';
import { type BalancedDescription, type BalancedProxy, startBalanced } from '../../support/balanced-proxy.ts';
import { header } from '../../support/exchange.ts';
import { fieldOf, Http2Client } from '../../support/http2-client.ts';
import { getFields } from '../../support/http2-fields.ts';
import type { RawResponse } from '../../support/raw-client.ts';
import { answer, answering, NOBODY, RawUpstream } from '../../support/raw-upstream.ts';

const COOKIE: CookieAffinity = { name: 'route', path: '', domain: '', sameSite: 'Lax', secure: 'auto' };
const IDS = ['pod-a', 'pod-b', 'pod-c'];

interface Scene {
  readonly balanced: BalancedProxy;
  readonly upstreams: readonly RawUpstream[];
  readonly endpoints: { readonly at: RawUpstream; readonly id: string }[];
  get(headerLines?: string): Promise<RawResponse>;
  /** The request that an upstream got last, byte for byte. */
  lastRequest(body: string): Promise<string>;
}

async function scene(
  t: TestContext,
  affinity: Partial<CookieAffinity> = {},
  description: Partial<BalancedDescription> = {},
): Promise<Scene> {
  const upstreams = await Promise.all(IDS.map(id => RawUpstream.start(t, answering(answer(id)))));
  const endpoints = upstreams.map((at, index) => ({ at, id: IDS[index] as string }));
  const cluster = { balance: { policy: 'round-robin' as const }, affinity: { ...COOKIE, ...affinity } };
  const balanced = await startBalanced(t, { endpoints, cluster, ...description });
  return {
    balanced,
    upstreams,
    endpoints,
    get: (headerLines = '') => balanced.proxy.get('/v', headerLines),
    async lastRequest(body) {
      const upstream = upstreams[IDS.indexOf(body)] as RawUpstream;
      return (await upstream.request(upstream.requests.length - 1)).raw;
    },
  };
}

/** The value of the cookie that a response sets; undefined where it sets none. */
function cookieOf(response: RawResponse, name = 'route'): string | undefined {
  const [line, ...more] = header(response, 'set-cookie');
  assert.deepEqual(more, []);
  return line === undefined ? undefined : new RegExp(`^${name}=([^;]*)`).exec(line)?.[1];
}

describe('a sticky cookie', () => {
  it('binds a client to the endpoint that answered it first, and is set once', async t => {
    const { get } = await scene(t);
    const first = await get();
    const value = cookieOf(first);
    assert.match(value ?? '', /^[\w-]{16}$/);
    for (let count = 0; count < 6; count += 1) {
      const again = await get(`Cookie: route=${value}\r\n`);
      assert.equal(again.body, first.body);
      assert.equal(cookieOf(again), undefined);
    }
  });

  it('has the attributes that were asked for, in the order of ingress-nginx', async t => {
    const rows: [affinity: Partial<CookieAffinity>, headers: string, attributes: string][] = [
      [{}, '', '; Path=/v; HttpOnly; SameSite=Lax'],
      [{ path: '/', sameSite: 'Strict' }, '', '; Path=/; HttpOnly; SameSite=Strict'],
      [
        { maxAgeSeconds: 60, domain: 'example.com', sameSite: 'None', secure: 'always' },
        '',
        '; Max-Age=60; Domain=example.com; Path=/v; Secure; HttpOnly; SameSite=None',
      ],
      [{}, 'X-Forwarded-Proto: https\r\n', '; Path=/v; Secure; HttpOnly; SameSite=Lax'],
      [{ secure: 'never' }, 'X-Forwarded-Proto: https\r\n', '; Path=/v; HttpOnly; SameSite=Lax'],
    ];
    for (const [affinity, headers, attributes] of rows) {
      const { get } = await scene(t, affinity, { settings: { trustedProxies: ['127.0.0.1'] } });
      const [line = ''] = header(await get(headers), 'set-cookie');
      assert.equal(line.replace(/^route=[\w-]{16}/, ''), attributes);
    }
  });

  it('is not Secure because a client says so that is no trusted proxy', async t => {
    const { get } = await scene(t);
    assert.doesNotMatch(header(await get('X-Forwarded-Proto: https\r\n'), 'set-cookie').join(), /Secure/);
  });

  it('never goes upstream, and every other cookie goes byte for byte', async t => {
    const { get, lastRequest } = await scene(t);
    const value = cookieOf(await get());
    const rows: [sent: string, seen: string[]][] = [
      [`Cookie: route=${value}\r\n`, []],
      [`Cookie: a=1; route=${value};b="x y"\r\n`, ['Cookie: a=1;b="x y"']],
      [`cOOKie: \t route = ${value} ; a=1\r\nCookie: route=forged\r\nCOOKIE: z\r\n`, ['cOOKie: \t a=1', 'COOKIE: z']],
      [`Cookie: xroute=1; ROUTE=2; route=${value}; routes=3\r\n`, ['Cookie: xroute=1; ROUTE=2; routes=3']],
    ];
    for (const [sent, seen] of rows) {
      const { body } = await get(sent);
      const lines = (await lastRequest(body)).split('\r\n').filter(line => /^cookie:/i.test(line));
      assert.deepEqual(lines, seen, sent);
    }
  });

  it('binds clients of HTTP/2, and never goes upstream from them, whichever crumb it is in', async t => {
    const { balanced, get, lastRequest } = await scene(t);
    const first = await get();
    const value = cookieOf(first);
    const client = await Http2Client.connect(t, balanced.proxy.address);
    for (const [crumbs, seen] of [
      [[`route=${value}`], []],
      [['a=1', `route=${value}`, 'b=2'], ['cookie: a=1; b=2']],
      [[`a=1; route=${value}`, 'route=forged', 'b=2'], ['cookie: a=1; b=2']],
    ] as const) {
      const { body, fields } = await client.exchange(
        getFields(
          '/v',
          crumbs.map(crumb => ['cookie', crumb] as const),
        ),
      );
      assert.equal(body, first.body);
      assert.equal(fieldOf(fields, 'set-cookie'), undefined);
      const lines = (await lastRequest(body)).split('\r\n').filter(line => /^cookie:/i.test(line));
      assert.deepEqual(lines, seen);
    }
  });

  it('is no way to an endpoint for a client that makes it up', async t => {
    const { get, lastRequest, endpoints } = await scene(t);
    const other = await scene(t, {}, { affinityKeys: new AffinityKeys([Buffer.from('another key of the tests')]) });
    const foreign = cookieOf(await other.get());
    const [{ at }] = endpoints as [(typeof endpoints)[0]];
    const forged = [
      '',
      'pod-a',
      `${at.address.host}:${at.address.port}`,
      Buffer.from('pod-a').toString('base64url'),
      'A'.repeat(16),
      'A'.repeat(7_000),
      '../../../../etc/x',
      `${foreign}`,
      '\xff\xfe\xfd',
      '"quoted"',
    ];
    for (const value of forged) {
      const response = await get(`Cookie: route=${value}; a=1\r\n`);
      assert.equal(response.status, 200, value);
      assert.match(cookieOf(response) ?? '', /^[\w-]{16}$/, value);
      assert.notEqual(cookieOf(response), value);
      assert.match(await lastRequest(response.body), /\r\nCookie: a=1\r\n/);
    }
  });

  it('of which several come counts where one is known', async t => {
    const { get } = await scene(t);
    const first = await get();
    const again = await get(`Cookie: route=old; a=1\r\nCookie: route=${cookieOf(first)}\r\n`);
    assert.deepEqual([again.body, cookieOf(again)], [first.body, undefined]);
  });

  it('tells nothing of the endpoint', async t => {
    const { get, endpoints } = await scene(t);
    const [line = ''] = header(await get(), 'set-cookie');
    const bytes = Buffer.from(/^route=([^;]*)/.exec(line)?.[1] ?? '', 'base64url').toString('latin1');
    for (const text of ['pod', '127.0.0.1', ...endpoints.map(({ at }) => `${at.address.port}`)]) {
      assert.ok(!line.includes(text) && !bytes.includes(text), text);
    }
  });

  it('keeps its client at an endpoint that drains, and brings nobody else there', async t => {
    const { balanced, endpoints, get } = await scene(t);
    const first = await get();
    const value = cookieOf(first);
    balanced.serve(
      endpoints.map(one => ({ ...one, state: one.id === first.body ? ('draining' as const) : 'ready' })),
      {
        balance: { policy: 'round-robin' },
        affinity: COOKIE,
      },
    );
    for (let count = 0; count < 4; count += 1) {
      const bound = await get(`Cookie: route=${value}\r\n`);
      assert.deepEqual([bound.body, cookieOf(bound)], [first.body, undefined]);
      assert.notEqual((await get()).body, first.body);
    }
  });

  it('of an endpoint that is gone gives its client another one', async t => {
    const { balanced, endpoints, get } = await scene(t);
    const first = await get();
    balanced.serve(
      endpoints.filter(({ id }) => id !== first.body),
      {
        balance: { policy: 'round-robin' },
        affinity: COOKIE,
      },
    );
    const moved = await get(`Cookie: route=${cookieOf(first)}\r\n`);
    assert.notEqual(moved.body, first.body);
    const again = await get(`Cookie: route=${cookieOf(moved)}\r\n`);
    assert.deepEqual([again.body, cookieOf(again)], [moved.body, undefined]);
  });

  it('of an endpoint that is ejected gives its client another one', async t => {
    const { balanced, get } = await scene(t);
    const first = await get();
    balanced.board.judge(balanced.slotOf(first.body), EJECTED);
    const moved = await get(`Cookie: route=${cookieOf(first)}\r\n`);
    assert.notEqual(moved.body, first.body);
    assert.notEqual(cookieOf(moved), undefined);
    balanced.board.judge(balanced.slotOf(first.body), USABLE);
    assert.equal((await get(`Cookie: route=${cookieOf(moved)}\r\n`)).body, moved.body);
  });

  it('stays as it is when one attempt fails: the client may have a session there', async t => {
    const { balanced, endpoints, get } = await scene(t);
    const first = await get();
    const moved = endpoints.map(one => (one.id === first.body ? { id: one.id, at: NOBODY } : one));
    balanced.serve(moved, { balance: { policy: 'round-robin' }, affinity: COOKIE });
    const helped = await get(`Cookie: route=${cookieOf(first)}\r\n`);
    assert.equal(helped.status, 200);
    assert.notEqual(helped.body, first.body);
    assert.equal(cookieOf(helped), undefined);
  });

  it('is made anew once the key is turned, and leads to the same endpoint', async t => {
    const keys = new AffinityKeys([Buffer.from('the old key of the tests')]);
    const { get } = await scene(t, {}, { affinityKeys: keys });
    const first = await get();
    const old = cookieOf(first);
    keys.change([Buffer.from('the new key of the tests'), Buffer.from('the old key of the tests')]);
    const turned = await get(`Cookie: route=${old}\r\n`);
    assert.equal(turned.body, first.body);
    const young = cookieOf(turned);
    assert.ok(young !== undefined && young !== old);
    keys.change([Buffer.from('the new key of the tests')]);
    const after = await get(`Cookie: route=${young}\r\n`);
    assert.deepEqual([after.body, cookieOf(after)], [first.body, undefined]);
  });

  it('stands behind the cookies of the upstream, and on the head of a tunnel', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      const isUpgrade = /\r\nUpgrade: /.test(request.raw);
      await request.connection.send(
        isUpgrade
          ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n',
      );
    });
    const { proxy } = await startBalanced(t, { endpoints: [{ at: upstream }], cluster: { affinity: COOKIE } });
    const plain = await proxy.get('/v');
    const [own, ours = ''] = header(plain, 'set-cookie');
    assert.equal(own, 'a=1');
    assert.match(ours, /^route=[\w-]{16}; /);
    const client = await proxy.connect();
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const switched = await client.response();
    assert.equal(switched.status, 101);
    assert.match(switched.raw, /\r\nSet-Cookie: route=[\w-]{16}; Path=\/v; HttpOnly; SameSite=Lax\r\n\r\n$/);
  });
});
