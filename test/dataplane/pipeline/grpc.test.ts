/** Calls of gRPC: errors made here, deadlines, cancellation, and streams that are quiet. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { grpcTimeoutMs } from '../../../src/dataplane/pipeline/grpc.ts';
import type { RequestView } from '../../../src/dataplane/pipeline/ports.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { Http2Client } from '../../support/http2-client.ts';
import { type Fields, requestFields } from '../../support/http2-fields.ts';
import { credentials } from '../../support/passwords.ts';
import { type RouteDescription, startProxy } from '../../support/proxy-under-test.ts';
import { type Http2Handler, RawHttp2Upstream } from '../../support/raw-http2-upstream.ts';
import { NOBODY } from '../../support/raw-upstream.ts';
import { startSilentListener } from '../../support/silent-listener.ts';

function call(more: Fields = [], path = '/v/Call'): Fields {
  return requestFields('POST', path, [['content-type', 'application/grpc+proto'], ['te', 'trailers'], ...more]);
}

async function start(t: TestContext, handler: Http2Handler, fields: Partial<RouteDescription> = {}, clock?: FakeClock) {
  const upstream = await RawHttp2Upstream.start(t, handler);
  const routes = [{ path: '/v', to: upstream, cluster: { protocol: 'grpc' }, ...fields }] as const;
  const proxy = await startProxy(t, 'wire', { routes, ...(clock && { clock }) });
  return { upstream, proxy, client: await Http2Client.connect(t, proxy.address) };
}

const nothing: Http2Handler = () => undefined;

function statusOf({ status, fields, isEnded, body }: Awaited<ReturnType<Http2Client['exchange']>>) {
  const values = new Map(fields);
  assert.deepEqual([isEnded, body, values.get('content-type')], [true, '', 'application/grpc']);
  return [status, values.get('grpc-status')];
}

describe('calls of gRPC', { concurrency: true }, () => {
  it('an error made here is the head of a call that has ended, with the status of gRPC', async t => {
    const { client, proxy } = await start(t, nothing);
    const answer = await client.exchange(call([], '/nowhere'));
    assert.deepEqual(statusOf(answer), [200, '12']);
    assert.equal(new Map(answer.fields).get('grpc-message'), 'No route takes the host and path of the request.');
    const [line] = await proxy.logged(1);
    assert.deepEqual([line?.status, line?.reason], [200, 'no_route']);
  });

  for (const [what, type, status] of [
    ['a request that is no call', 'application/json', 404],
    ['gRPC-Web', 'application/grpc-web+proto', 404],
    ['a call with parameters', 'application/grpc;proto=x', 200],
  ] as const) {
    it(`${what} gets ${status}`, async t => {
      const { client } = await start(t, nothing);
      const answer = await client.exchange(requestFields('POST', '/nowhere', [['content-type', type]]));
      assert.equal(answer.status, status);
    });
  }

  it('over HTTP/1.1 errors stay those of HTTP: its clients could not read others', async t => {
    const { proxy } = await start(t, nothing);
    const request =
      'POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n';
    assert.equal((await proxy.exchange(request)).status, 404);
  });

  for (const [what, to, status] of [
    ['no endpoint', [], '14'],
    ['an endpoint that refuses', [NOBODY], '14'],
  ] as const) {
    it(`${what} is UNAVAILABLE`, async t => {
      const { client } = await start(t, nothing, { to });
      assert.deepEqual(statusOf(await client.exchange(call())), [200, status]);
    });
  }

  for (const [what, policy, status] of [
    ['a policy that denies the client is PERMISSION_DENIED', { kind: 'deny-from', ranges: ['127.0.0.0/8'] }, '7'],
    [
      'a policy that asks for a password is UNAUTHENTICATED',
      { kind: 'basic-auth', realm: 'a', secret: 'test/a', credentials: credentials() },
      '16',
    ],
    [
      'a rate that is used up is UNAVAILABLE',
      { kind: 'rate-limit', owner: 'test/web', requests: 1, periodMs: 60_000, burst: 1, per: 'client' },
      '14',
    ],
  ] as const) {
    it(`${what}, and the call reaches no pod`, async t => {
      const { client, upstream } = await start(t, request => request.head(200, [], true), { policies: [policy] });
      if (policy.kind === 'rate-limit') await client.exchange(call());
      const before = upstream.requests.length;
      assert.deepEqual(statusOf(await client.exchange(call())), [200, status]);
      assert.equal(upstream.requests.length, before);
    });
  }

  for (const [what, fields] of [
    ['a call that is malformed', call([['x-a', 'a\r']])],
    [
      'a call whose type comes behind what is malformed',
      requestFields('POST', '/v/Call', [
        ['x-a', 'a\r'],
        ['content-type', 'application/grpc'],
      ]),
    ],
    ['a call with too many fields', call(Array.from({ length: 200 }, (_, n) => [`x-${n}`, ''] as const))],
  ] as const) {
    it(`${what} is INTERNAL`, async t => {
      const { client, upstream } = await start(t, nothing);
      assert.deepEqual(statusOf(await client.exchange(fields)), [200, '13']);
      assert.equal(upstream.requests.length, 0);
    });
  }

  it('a pod that takes no connection in time is UNAVAILABLE, and DEADLINE_EXCEEDED where grpc-timeout was the limit', async t => {
    for (const [more, passMs, status] of [
      [[], 5_000, '14'],
      [[['grpc-timeout', '2S']], 2_000, '4'],
    ] as const) {
      const clock = new FakeClock();
      const cluster = { protocol: 'grpc', balance: { policy: 'least-request' } } as const;
      const { client } = await start(t, nothing, { to: [await startSilentListener(t)], cluster }, clock);
      const { armed } = clock;
      const asked = client.exchange(call(more), 'abc');
      await eventually('the connect', () => clock.armed > armed);
      await clock.pass(passMs - 1);
      await client.settled();
      assert.equal(client.stream(1).status, 0);
      await clock.pass(1);
      assert.deepEqual(statusOf(await asked), [200, status]);
    }
  });

  it('a pod that does not take a call in time is UNAVAILABLE, and DEADLINE_EXCEEDED where grpc-timeout was the limit', async t => {
    for (const [more, passMs, status] of [
      [[], 60_200, '14'],
      [[['grpc-timeout', '2S']], 2_200, '4'],
    ] as const) {
      const clock = new FakeClock();
      const { client, upstream } = await start(t, nothing, {}, clock);
      const id = client.request(call(more));
      const request = await upstream.request(0);
      client.data(id, 'x'.repeat(65_536));
      // All but the last byte, for which it would have to open a window.
      await request.bodyBytes(65_535);
      await clock.pass(passMs);
      assert.deepEqual(statusOf(await client.response(id)), [200, status]);
    }
  });

  it('a call that waits in vain for a pod with room is RESOURCE_EXHAUSTED', async t => {
    const clock = new FakeClock();
    const cluster = { protocol: 'grpc', balance: { policy: 'least-request' }, maxRequests: 1 } as const;
    const { client, upstream } = await start(t, nothing, { cluster }, clock);
    client.headers(1, call());
    await upstream.request(0);
    client.headers(3, call());
    await client.settled();
    await clock.pass(1_000);
    assert.deepEqual(statusOf(await client.response(3)), [200, '8']);
    assert.equal(upstream.requests.length, 1);
  });

  it('a body beyond the limit is RESOURCE_EXHAUSTED', async t => {
    const { client } = await start(t, nothing, { overrides: { maxBodySize: 2 } });
    assert.deepEqual(statusOf(await client.exchange(call(), 'abc')), [200, '8']);
  });

  for (const [code, status] of [
    [0, '13'],
    [1, '13'],
    [2, '13'],
    [7, '14'],
    [8, '1'],
    [11, '8'],
    [12, '7'],
  ] as const) {
    it(`a stream that the upstream resets with ${code} is ${status}`, async t => {
      const { client } = await start(t, request => request.reset(code));
      assert.deepEqual(statusOf(await client.exchange(call())), [200, code === 7 ? '14' : status]);
    });
  }

  it('a reset within the response goes on with its code', async t => {
    const { client } = await start(t, request => {
      request.head(200);
      request.data('abc');
      request.reset(8);
    });
    assert.equal(await client.resetOf(client.request(call())), 8);
  });

  it('a response, its trailers and one of trailers only go on as they are', async t => {
    const { client, upstream } = await start(t, request => {
      if (request.field('x-only') !== undefined) {
        request.head(
          200,
          [
            ['content-type', 'application/grpc'],
            ['grpc-status', '5'],
          ],
          true,
        );
        return;
      }
      request.head(200, [['content-type', 'application/grpc']]);
      request.data('message');
      request.trailersFrame([
        ['grpc-status', '0'],
        ['my_key-bin', 'AA=='],
      ]);
    });
    const answer = await client.exchange(call(), 'request');
    assert.equal(answer.body, 'message');
    assert.deepEqual(answer.trailers, [
      ['grpc-status', '0'],
      ['my_key-bin', 'AA=='],
    ]);
    assert.equal(upstream.requests[0]?.field('te'), 'trailers');
    const only = await client.exchange(call([['x-only', '1']]));
    assert.deepEqual([only.isEnded, only.trailers, new Map(only.fields).get('grpc-status')], [true, [], '5']);
  });

  it('a client that cancels its call cancels it upstream at once', async t => {
    const { client, upstream } = await start(t, nothing);
    const id = client.request(call());
    const request = await upstream.request(0);
    client.reset(id);
    assert.equal(await request.wasReset(), 8);
  });

  it('both sides stream, each at its own pace', async t => {
    const { client, upstream } = await start(t, nothing);
    const id = 1;
    client.headers(id, call());
    const request = await upstream.request(0);
    request.head(200);
    for (let count = 1; count <= 5; count += 1) {
      client.data(id, `to ${count};`);
      await request.bodyBytes(5 * count);
      request.data(`from ${count};`);
      await eventually('the answer', () => client.stream(id).body.endsWith(`from ${count};`));
    }
    client.data(id, '', true);
    await request.whole();
    request.trailersFrame([['grpc-status', '0']]);
    await eventually('the trailers', () => client.stream(id).isEnded);
  });

  it('a call that is quiet for half an hour on both sides goes on', async t => {
    const clock = new FakeClock();
    const { client, upstream } = await start(t, nothing, {}, clock);
    client.headers(1, call());
    const request = await upstream.request(0);
    request.head(200);
    await eventually('the head', () => client.stream(1).status === 200);
    await clock.pass(30 * 60_000);
    request.data('still here', true);
    await eventually('the rest', () => client.stream(1).body === 'still here');
  });

  it('the read-timeout of a Service holds for its calls', async t => {
    const clock = new FakeClock();
    const { client, upstream } = await start(t, nothing, { overrides: { readTimeoutMs: 5_000 } }, clock);
    const asked = client.exchange(call(), 'abc');
    await (await upstream.request(0)).whole();
    await clock.pass(6_000);
    assert.deepEqual(statusOf(await asked), [200, '14']);
  });

  it('grpc-timeout caps the limits, and goes on to the upstream', async t => {
    const clock = new FakeClock();
    const { client, upstream } = await start(t, nothing, {}, clock);
    const asked = client.exchange(call([['grpc-timeout', '2S']]), 'abc');
    const request = await (await upstream.request(0)).whole();
    assert.equal(request.field('grpc-timeout'), '2S');
    await clock.pass(3_000);
    assert.deepEqual(statusOf(await asked), [200, '4']);
    assert.equal(await request.wasReset(), 8);
  });
});

it('grpc-timeout is 1 to 8 digits and a unit, and nothing else is one', () => {
  const read = (value: string) => grpcTimeoutMs({ field: () => value } as unknown as RequestView);
  const good = {
    '1H': 3_600_000,
    '2M': 120_000,
    '3S': 3_000,
    '4m': 4,
    '5u': 1,
    '0n': 1,
    '99999999H': 99_999_999 * 3_600_000,
  };
  for (const [text, ms] of Object.entries(good)) assert.equal(read(text), ms, text);
  for (const text of ['', '1', 'S', '1s', '1 S', '-1S', '+1S', '1.5S', '123456789S', '1S,2S', '1SS', '0x1S', '١S']) {
    assert.equal(read(text), undefined, text);
  }
});
