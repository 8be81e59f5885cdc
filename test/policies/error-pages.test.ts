import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ErrorPagesPolicy, Policy } from '../../src/model/policy.ts';
import { header } from '../support/exchange.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fieldOf } from '../support/http2-client.ts';
import { answer, answering, NOBODY, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { BESIDE, type PolicyScene, type PolicySceneOptions, policyScene } from './scene.ts';

const POLICY: ErrorPagesPolicy = {
  kind: 'error-pages',
  cluster: BESIDE,
  statuses: [403, 404, 413, 502, 503, 504],
  service: { namespace: 'shop', name: 'cart' },
  port: 8080,
};

const PAGE = answer('<h1>gone</h1>', 'Content-Type: text/html\r\nX-Page: yes\r\n', '404 Gone Fishing');

const says = (status: number, body = 'its own', headers = ''): UpstreamHandler =>
  answering(answer(body, `X-Own: 1\r\n${headers}`, `${status} So`));

interface Scene {
  readonly entry: PolicyScene;
  readonly pages: RawUpstream;
}

/** A guarded route whose upstream answers in one way, and the service that has pages for errors. */
async function scene(
  t: TestContext,
  respond: UpstreamHandler,
  {
    others = [],
    page = answering(PAGE),
    ...options
  }: PolicySceneOptions & { others?: Policy[]; page?: UpstreamHandler } = {},
): Promise<Scene> {
  const pages = await RawUpstream.start(t, page);
  const beside = [{ path: '/pages', to: pages }];
  return { entry: await policyScene(t, [...others, POLICY], { respond, beside, ...options }), pages };
}

describe('error-pages', { concurrency: 8 }, () => {
  it('asks as ingress-nginx asks, and no client can say what the entry says', async t => {
    const { entry, pages } = await scene(t, says(404));
    const client = await entry.proxy.connect();
    await client.send(
      'GET /guarded/a?b=c HTTP/1.1\r\nHost: App.test:80\r\nAccept: text/html\r\nAccept-Language: de\r\nX-Code: 200\r\n' +
        'x-namespace: kube-system\r\nX-Service-Name: evil\r\nX-Ingress-Name: evil\r\nX-Service-Port: 1\r\nX-Format: evil\r\n' +
        'X-Original-URI: /evil\r\nX-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\nCookie: session=1\r\n' +
        'Authorization: Bearer secret\r\nIf-None-Match: "x"\r\nRange: bytes=0-1\r\n\r\n',
    );
    const got = await client.response();
    assert.deepEqual([got.status, got.body, header(got, 'x-page')], [404, '<h1>gone</h1>', ['yes']]);
    assert.deepEqual([header(got, 'content-type'), header(got, 'x-own')], [['text/html'], []]);
    const { only } = pages;
    assert.equal(
      only.raw,
      'GET /?b=c HTTP/1.1\r\nHost: App.test:80\r\nX-Code: 404\r\nX-Format: text/html\r\nX-Original-URI: /guarded/a?b=c\r\n' +
        'X-Namespace: shop\r\nX-Ingress-Name: cart\r\nX-Service-Name: cart\r\nX-Service-Port: 8080\r\n' +
        `X-Request-ID: ${only.header('x-request-id')}\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\n` +
        'X-Forwarded-Proto: http\r\nX-Forwarded-Host: App.test:80\r\nAccept: text/html\r\nAccept-Language: de\r\n\r\n',
    );
    assert.equal(only.header('x-request-id'), entry.upstream.only.header('x-request-id'));
    await client.send('GET /open HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).body, 'its own', 'the connection goes on, and another route has no pages');
    const [line] = await entry.proxy.logged(1);
    assert.deepEqual([line?.status, line?.policy, line?.reason], [404, 'error-pages', '-']);
    assert.equal(entry.proxy.counters.policies('error-pages', 'answered'), 1);
  });

  it('gives the status of the page service, and leaves other statuses alone', async t => {
    const { entry, pages } = await scene(t, says(404), { page: answering(answer('sorry', '', '200 OK')) });
    assert.deepEqual([(await entry.get()).status, pages.requests.length], [200, 1]);
    for (const status of [200, 301, 400, 500]) {
      entry.upstream.handler = says(status);
      const got = await entry.get();
      assert.deepEqual([got.status, got.body], [status, 'its own']);
    }
    assert.equal(pages.requests.length, 1);
  });

  it('takes the place of errors of the entry, with what they say to programs', async t => {
    const none = await scene(t, says(200), { route: { to: [] } });
    const got = await none.entry.get();
    assert.deepEqual([got.status, got.body, header(got, 'retry-after')], [404, '<h1>gone</h1>', ['1']]);
    assert.equal(none.pages.only.header('x-code'), '503');
    const [line] = await none.entry.proxy.logged(1);
    assert.deepEqual([line?.status, line?.reason, line?.policy], [404, 'no_endpoint', 'error-pages']);

    const refused = await scene(t, says(200), { route: { to: [NOBODY] } });
    assert.equal((await refused.entry.get()).body, '<h1>gone</h1>');
    assert.equal(refused.pages.only.header('x-code'), '502');

    const denied = await scene(t, says(200), { others: [{ kind: 'deny-from', ranges: ['127.0.0.0/8'] }] });
    assert.equal((await denied.entry.get()).body, '<h1>gone</h1>');
    assert.equal(denied.pages.only.header('x-code'), '403');
    const [second] = await denied.entry.proxy.logged(1);
    assert.deepEqual([second?.reason, second?.policy], ['address_denied', 'deny-from']);
  });

  it('asks with the method of the client and without its body', async t => {
    const { entry, pages } = await scene(t, says(404));
    const client = await entry.proxy.connect();
    await client.send(
      'POST /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello',
    );
    assert.equal((await client.response()).body, '<h1>gone</h1>');
    assert.equal(pages.only.line, 'POST / HTTP/1.1');
    assert.deepEqual([pages.only.header('content-length'), pages.only.body], ['0', '']);
    assert.equal(entry.upstream.only.body, 'hello');
  });

  it('answers HEAD with the length of the page and without it', async t => {
    const { entry, pages } = await scene(t, says(404, ''));
    const client = await entry.proxy.connect();
    await client.send('HEAD /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    const got = await client.response({ head: true });
    assert.deepEqual([got.status, got.body, header(got, 'content-length')], [404, '', ['13']]);
    assert.equal(pages.only.line, 'GET / HTTP/1.1');
    await client.send('GET /open HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 404, 'the connection goes on');
  });

  it('works for clients of HTTP/2', async t => {
    const { entry } = await scene(t, says(404));
    const client = await entry.http2();
    const got = await client.exchange(entry.fields);
    assert.deepEqual([got.status, got.body.toString(), fieldOf(got.fields, 'x-page')], [404, '<h1>gone</h1>', 'yes']);
  });

  it('lets the answer of before out where the page service fails, whatever its size and form', async t => {
    const large = 'x'.repeat(600_000);
    const chunked =
      'HTTP/1.1 404 So\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n';
    const failures: UpstreamHandler[] = [
      ({ connection }) => connection.reset(),
      ({ connection }) => connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'),
      answering(answer('x'.repeat(200_000))),
    ];
    for (const page of failures) {
      const { entry, pages } = await scene(t, says(404, large, 'Set-Cookie: a=b\r\n'), { page });
      const got = await entry.get();
      assert.deepEqual([got.status, got.body === large, header(got, 'set-cookie')], [404, true, ['a=b']]);
      assert.ok(pages.requests.length > 0);
      entry.upstream.handler = answering(chunked);
      const second = await entry.get();
      assert.deepEqual([second.status, second.body], [404, 'hello']);
      assert.equal(entry.proxy.counters.policies('error-pages', 'failed'), 2);
      const [line] = await entry.proxy.logged(1);
      assert.deepEqual([line?.status, line?.policy], [404, undefined]);
    }
    const { entry } = await scene(t, says(404), { beside: [{ path: '/pages', to: [NOBODY] }] });
    // Once the circuit is open, no client waits for it.
    for (let count = 0; count < 8; count += 1) assert.equal((await entry.get()).body, 'its own');
    assert.ok(entry.proxy.counters.subrequests('error-pages', 'circuit_open') > 0);
  });

  it('waits three seconds for a page, and holds nothing up meanwhile', async t => {
    const clock = new FakeClock();
    const { entry, pages } = await scene(t, says(404), { page: () => undefined, clock });
    const waiting = entry.get();
    await pages.request(0);
    assert.equal((await entry.get('', '/open')).body, 'its own');
    clock.advance(3_100);
    assert.equal((await waiting).body, 'its own');
  });

  it('is not asked about its own errors: no loop', async t => {
    const { entry, pages } = await scene(t, says(503), { page: answering(answer('broken, too', '', '503 So')) });
    const got = await entry.get();
    assert.deepEqual([got.status, got.body, pages.requests.length], [503, 'broken, too', 1]);
    const dead = await scene(t, says(200), { route: { to: [] }, beside: [{ path: '/pages', to: [] }] });
    assert.equal((await dead.entry.get()).status, 503);
    assert.equal(dead.entry.proxy.counters.subrequests('error-pages', 'failed'), 1);
  });

  it('leaves alone what has begun, and what is gRPC', async t => {
    const { entry, pages } = await scene(t, async ({ connection }) => {
      await connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      connection.reset();
    });
    const client = await entry.proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.closed();
    entry.upstream.handler = says(404);
    const http2 = await entry.http2();
    const call = await http2.exchange([...entry.fields, ['content-type', 'application/grpc']]);
    assert.equal(call.body.toString(), 'its own');
    assert.equal(pages.requests.length, 0);
  });

  it('says that an answer was cut which no page took the place of', async t => {
    const { entry, pages } = await scene(
      t,
      async ({ connection }) => {
        await connection.send('HTTP/1.1 404 So\r\nContent-Length: 10\r\n\r\nhalf');
        connection.reset();
      },
      { page: () => undefined },
    );
    const client = await entry.proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    const asked = await pages.request(0);
    asked.connection.reset();
    // Reading stops while it waits: the cut may show before the page has failed, or behind it.
    const got = await client.responseOrCut();
    assert.ok(!got.complete || got.status === 502, got.raw);
    const [line] = await entry.proxy.logged(1);
    assert.match(String(line?.reason), /^response_cut_by/);
  });

  it('asks no longer for a client that has left', async t => {
    const { entry, pages } = await scene(t, says(404), { page: () => undefined });
    const client = await entry.proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\n\r\n');
    const asked = await pages.request(0);
    client.reset();
    await asked.connection.closed();
    const [line] = await entry.proxy.logged(1);
    assert.equal(line?.reason, 'client_left');
  });

  it('answers a request whose body is still on its way', async t => {
    const { entry } = await scene(t, ({ connection }) => connection.send(answer('early', '', '413 So')));
    const client = await entry.proxy.connect();
    await client.send('POST /guarded HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello');
    assert.equal((await client.response()).body, '<h1>gone</h1>');
    await client.send('world' + 'GET /open HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 413);
  });

  it('of an Ingress: names the Ingress, and the Service of the route', async t => {
    const pages = await RawUpstream.start(t, answering(PAGE));
    const policy: ErrorPagesPolicy = { kind: 'error-pages', cluster: BESIDE, statuses: [404], ingress: 'web' };
    const entry = await policyScene(t, [policy], { respond: says(404), beside: [{ path: '/pages', to: pages }] });
    await entry.get();
    const names = ['x-namespace', 'x-ingress-name', 'x-service-name', 'x-service-port'];
    assert.deepEqual(
      names.map(name => pages.only.header(name)),
      ['test', 'web', 'service-0', '80'],
    );
  });

  it('for errors of the entry alone: those of the upstream go out', async t => {
    const pages = await RawUpstream.start(t, answering(PAGE));
    const policy: ErrorPagesPolicy = { ...POLICY, isForOwnErrors: true };
    const beside = [{ path: '/pages', to: pages }];
    const entry = await policyScene(t, [policy], { respond: says(404), beside });
    assert.equal((await entry.get()).body, 'its own');
    const alone = await policyScene(t, [{ kind: 'deny-from', ranges: ['127.0.0.1/32'] }, policy], { beside });
    assert.equal((await alone.get()).body, '<h1>gone</h1>');
  });

  it('in place of a route without endpoints: it gets the path, behind the other policies', async t => {
    const pages = await RawUpstream.start(t, answering(PAGE));
    const policy: ErrorPagesPolicy = { ...POLICY, statuses: [], isForUnserved: true };
    const beside = [{ path: '/pages', to: pages }];
    const entry = await policyScene(t, [policy], { route: { to: [] }, beside });
    assert.equal((await entry.get('', '/guarded/a?b')).body, '<h1>gone</h1>');
    assert.equal(pages.only.target, '/a?b');
    assert.equal(pages.only.header('x-code'), '503');
    const denied: Policy = { kind: 'deny-from', ranges: ['127.0.0.1/32'] };
    const guarded = await policyScene(t, [denied, policy], { route: { to: [] }, beside });
    assert.equal((await guarded.get()).status, 403);
    assert.equal(pages.requests.length, 1);
  });
});
