/** Connections that begin with a header of the PROXY protocol, and those that should or should not. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type ProxyUnderTest, startProxy } from '../../support/proxy-under-test.ts';
import type { RawClient } from '../../support/raw-client.ts';
import type { Bytes } from '../../support/raw-message.ts';
import { RawUpstream } from '../../support/raw-upstream.ts';
import { checkedHeader, v2Header } from '../transport/proxy-protocol/headers.ts';

/** The load balancer, as the entry sees it. */
const BALANCER = '127.0.0.5';
const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';
const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n';
const V2 = checkedHeader();

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly upstream: RawUpstream;
  readonly clock: FakeClock;
  readonly connect: (from?: string) => Promise<RawClient>;
}

async function scene(t: TestContext, settings: Parameters<typeof startProxy>[2]['settings'] = {}): Promise<Scene> {
  const upstream = await RawUpstream.start(t);
  const clock = new FakeClock();
  const proxy = await startProxy(t, 'wire', {
    routes: [{ path: '/volume', to: upstream }],
    settings: { proxyProtocol: [`${BALANCER}/32`], ...settings },
    clock,
  });
  return { proxy, upstream, clock, connect: (from = BALANCER) => proxy.connect({ localAddress: from }) };
}

/** The connection ends without an answer, and one line of the log says why. */
async function assertRefused({ proxy, upstream }: Scene, client: RawClient, reason: string): Promise<void> {
  await client.closed();
  assert.equal(client.receivedBytes, 0);
  const [line, ...others] = await proxy.logged(1);
  assert.deepEqual(others, []);
  assert.deepEqual(
    { reason: line?.reason, status: line?.status, remoteAddress: line?.remoteAddress, bodyBytes: line?.bodyBytes },
    { reason, status: 400, remoteAddress: BALANCER, bodyBytes: 0 },
  );
  assert.equal(proxy.notices[0]?.example.reason, reason);
  assert.deepEqual(upstream.requests, []);
  await assertAtRest(proxy);
}

/** Each connection is counted once, and none is left. */
async function assertAtRest({ counters }: ProxyUnderTest): Promise<void> {
  await eventually('no connection to be left', () => counters.get('active') === 0);
  assert.equal(counters.get('handled'), counters.get('accepted'));
  for (const gauge of ['reading', 'writing', 'waiting'] as const) assert.equal(counters.get(gauge), 0, gauge);
}

describe('a peer in proxy-protocol', { concurrency: true }, () => {
  for (const [name, header] of [
    ['version 1', V1],
    ['version 2', V2],
  ] as const) {
    it(`${name}: the address in it is the client’s, for upstreams and in the log`, async t => {
      const { proxy, upstream, connect } = await scene(t);
      const client = await connect();
      await client.send(header, GET);
      assert.equal((await client.response()).status, 200);
      assert.equal(upstream.only.header('x-real-ip'), '192.0.2.7');
      assert.equal(upstream.only.header('x-forwarded-for'), '192.0.2.7');
      const [line] = await proxy.logged(1);
      assert.equal(line?.remoteAddress, '192.0.2.7');
      assert.equal(line?.requestBytes, GET.length);
    });

    it(`${name}: the requests behind it are served, in the same packet and later`, async t => {
      const { proxy, upstream, connect } = await scene(t);
      const client = await connect();
      await client.send(Buffer.concat([Buffer.from(header), Buffer.from(GET + GET)]));
      for (let count = 0; count < 2; count += 1) assert.equal((await client.response()).status, 200);
      await client.send(GET);
      assert.equal((await client.response()).status, 200);
      assert.equal(upstream.requests.length, 3);
      client.destroy();
      await assertAtRest(proxy);
    });

    it(`${name}: a body that follows in the same packet arrives whole`, async t => {
      const { upstream, connect } = await scene(t);
      const client = await connect();
      const body = 'x'.repeat(30_000);
      const post = `POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      await client.send(Buffer.concat([Buffer.from(header), Buffer.from(post)]));
      assert.equal((await client.response()).status, 200);
      await upstream.only.whole();
      assert.equal(upstream.only.body.toString(), body);
    });

    it(`${name}: it may be cut anywhere`, async t => {
      const { upstream, connect } = await scene(t);
      const bytes = Buffer.concat([Buffer.from(header), Buffer.from(GET)]);
      for (let at = 1; at < header.length + 2; at += 3) {
        const client = await connect();
        await client.send(bytes.subarray(0, at), bytes.subarray(at));
        assert.equal((await client.response()).status, 200);
        assert.equal(upstream.requests.at(-1)?.header('x-real-ip'), '192.0.2.7', `cut at ${at}`);
        client.destroy();
      }
    });

    it(`${name}: byte by byte`, async t => {
      const { upstream, connect } = await scene(t);
      const client = await connect();
      await client.send(...[...Buffer.from(header)].map(byte => Buffer.of(byte)), GET);
      assert.equal((await client.response()).status, 200);
      assert.equal(upstream.only.header('x-real-ip'), '192.0.2.7');
    });

    it(`${name}: a second header is no request`, async t => {
      const { upstream, connect } = await scene(t);
      const client = await connect();
      await client.send(Buffer.concat([Buffer.from(header), Buffer.from(header), Buffer.from(GET)]));
      assert.equal((await client.response()).status, 400);
      assert.deepEqual(upstream.requests, []);
    });
  }

  it('may speak for itself: its health checks have its own address', async t => {
    const { upstream, connect } = await scene(t);
    for (const header of ['PROXY UNKNOWN\r\n', v2Header({ versionAndCommand: 0x20, addresses: Buffer.alloc(0) })]) {
      const client = await connect();
      await client.send(header, GET);
      assert.equal((await client.response()).status, 200);
      assert.equal(upstream.requests.at(-1)?.header('x-real-ip'), BALANCER);
    }
  });

  it('is not itself a trusted proxy by that: the client’s address decides', async t => {
    const { upstream, connect } = await scene(t, { trustedProxies: [BALANCER, '192.0.2.7'] });
    const get = GET.replace('\r\n\r\n', '\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n');
    for (const [source, realIp] of [
      ['192.0.2.7', '203.0.113.9'],
      ['192.0.2.8', '192.0.2.8'],
    ]) {
      const client = await connect();
      await client.send(`PROXY TCP4 ${source} 198.51.100.1 1 2\r\n`, get);
      assert.equal((await client.response()).status, 200);
      assert.equal(upstream.requests.at(-1)?.header('x-real-ip'), realIp);
    }
  });

  it('must send a header: a request, TLS and any other bytes are closed without an answer', async t => {
    for (const bytes of [GET, 'P', 'PROXx', '\x16\x03\x01\x02\x00\x01', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0']) {
      const own = await scene(t);
      const client = await own.connect();
      await client.send(bytes);
      if (bytes === 'P') client.end();
      const reason = bytes === 'P' ? 'proxy_header_malformed' : 'proxy_header_missing';
      await assertRefused(own, client, reason);
    }
  });

  it('must send a valid header: the request behind another reaches no upstream', async t => {
    const bad: readonly Bytes[] = [
      'PROXY TCP4 192.0.2.07 198.51.100.1 4711 80\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\n',
      `PROXY UNKNOWN ${'x'.repeat(200)}`,
      v2Header({ fields: [{ type: 3, value: Buffer.alloc(4) }] }),
      v2Header({ length: 0xffff }),
      v2Header({ versionAndCommand: 0x22 }),
    ];
    for (const header of bad) {
      const own = await scene(t);
      const client = await own.connect();
      await client.send(Buffer.concat([Buffer.from(header as string), Buffer.from(GET)]));
      await assertRefused(own, client, 'proxy_header_malformed');
      assert.notEqual(own.proxy.notices[0]?.example.detail, '');
    }
  });

  it('has 10 s for it: a byte now and then does not extend them', async t => {
    const own = await scene(t);
    const client = await own.connect();
    for (const byte of V1.slice(0, 9)) {
      await client.send(byte);
      await own.clock.pass(1_000);
    }
    assert.ok(client.isOpen);
    await own.clock.pass(2_000);
    await assertRefused(own, client, 'proxy_header_malformed');
    assert.match(own.proxy.notices[0]?.example.detail ?? '', /not complete after 10 s/);
  });

  it('may connect and say nothing: that is a probe', async t => {
    const { proxy, clock, connect } = await scene(t);
    const silent = await connect();
    await eventually('it to be accepted', () => proxy.counters.get('reading') === 1);
    await clock.pass(11_000);
    await silent.closed();
    const leaving = await connect();
    leaving.end();
    await leaving.closed();
    const resetting = await connect();
    resetting.reset();
    await assertAtRest(proxy);
    assert.deepEqual([proxy.logLines, proxy.notices], [[], []]);
    assert.equal(proxy.counters.get('accepted'), 3);
  });

  it('keeps the limit of a head, which begins behind its header', async t => {
    const { proxy, clock, connect } = await scene(t, { clientHeaderTimeout: 20_000 });
    const client = await connect();
    await client.send(V1);
    await eventually('the header to be read', () => proxy.counters.get('waiting') === 1);
    await clock.pass(15_000);
    assert.ok(client.isOpen);
    await client.send('GET ');
    await eventually('a head to begin', () => proxy.counters.get('reading') === 1);
    await clock.pass(25_000);
    assert.equal((await client.response()).status, 408);
  });

  it('counts as a connection of its worker while its header comes', async t => {
    const { proxy, connect } = await scene(t, { workerConnections: 1 });
    const first = await connect();
    await eventually('it to be accepted', () => proxy.counters.get('reading') === 1);
    const second = await connect();
    await second.closed();
    await first.send(V1, GET);
    assert.equal((await first.response()).status, 200);
  });

  it('whose header comes while the entry drains is answered for the last time', async t => {
    const { proxy, connect } = await scene(t);
    const client = await connect();
    await eventually('it to be accepted', () => proxy.counters.get('reading') === 1);
    const drained = proxy.engine.drain();
    await client.send(V2, GET);
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.ok(response.raw.includes('Connection: close'));
    await drained;
  });

  it('is cut off within its header when the entry ends', async t => {
    const { proxy, connect } = await scene(t);
    const client = await connect();
    await client.send('PROXY ');
    await eventually('it to be accepted', () => proxy.counters.get('reading') === 1);
    proxy.engine.close();
    await client.closed();
    await assertAtRest(proxy);
    assert.deepEqual(proxy.logLines, []);
  });
});

describe('any other peer', { concurrency: true }, () => {
  it('is served without a header', async t => {
    const { upstream, connect } = await scene(t);
    const client = await connect('127.0.0.6');
    await client.send(GET);
    assert.equal((await client.response()).status, 200);
    assert.equal(upstream.only.header('x-real-ip'), '127.0.0.6');
  });

  for (const [name, header] of [
    ['version 1', V1],
    ['version 2', V2],
  ] as const) {
    for (const proxyProtocol of [[`${BALANCER}/32`], []]) {
      it(`is refused when it sends one of ${name}, ${proxyProtocol.length} ranges in force`, async t => {
        const { proxy, upstream, connect } = await scene(t, { proxyProtocol });
        const client = await connect('127.0.0.6');
        await client.send(Buffer.concat([Buffer.from(header), Buffer.from(GET)]));
        assert.equal((await client.response()).status, 400);
        await client.closed();
        const [line] = await proxy.logged(1);
        assert.equal(line?.remoteAddress, '127.0.0.6');
        assert.deepEqual(upstream.requests, []);
      });
    }
  }
});
