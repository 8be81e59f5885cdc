/** The counters behind stub_status, with nginx's meaning: each connection is in one state at a time. */
import assert from 'node:assert/strict';
import { BlockTotals, type CounterName, type HistogramValues, NO_ROUTE_BLOCK } from '../../src/observe/counters.ts';
import { eventually } from '../support/eventually.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const GET = 'GET /volume HTTP/1.1\r\nHost: test\r\n\r\n';

type Counts = Partial<Record<CounterName, number>>;

function reach(proxy: ProxyUnderTest, what: string, counts: Counts): Promise<boolean> {
  const names = Object.keys(counts) as CounterName[];
  const seen = () => Object.fromEntries(names.map(name => [name, proxy.counters.get(name)]));
  return eventually(`${what}: ${JSON.stringify(counts)}`, () => names.every(name => seen()[name] === counts[name]));
}

conformance('counters', ({ engine, test }) => {
  test('a connection waits, reads, writes, waits and goes', async t => {
    const upstream = await RawUpstream.start(t, () => {});
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const totals = { accepted: 1, handled: 1 };
    const client = await proxy.connect();
    await reach(proxy, 'accepted', { ...totals, active: 1, requests: 0, reading: 0, writing: 0, waiting: 1 });
    await client.send(GET.slice(0, 10));
    await reach(proxy, 'part of a head', { ...totals, active: 1, requests: 1, reading: 1, writing: 0, waiting: 0 });
    await client.send(GET.slice(10));
    await reach(proxy, 'forwarded', { ...totals, active: 1, requests: 1, reading: 0, writing: 1, waiting: 0 });
    await (await upstream.request(0)).connection.send(answer());
    await client.response();
    await reach(proxy, 'answered', { ...totals, active: 1, requests: 1, reading: 0, writing: 0, waiting: 1 });
    await client.send(GET);
    await reach(proxy, 'second', { ...totals, active: 1, requests: 2, reading: 0, writing: 1, waiting: 0 });
    await (await upstream.request(1)).connection.send(answer());
    await client.response();
    client.end();
    await reach(proxy, 'gone', { ...totals, active: 0, requests: 2, reading: 0, writing: 0, waiting: 0 });
  });

  for (const [what, bytes, requests] of [
    ['without a byte', '', 0],
    ['within a head', 'GET /vol', 1],
    ['within a body', 'POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc', 1],
    ['while its request is forwarded', GET, 1],
    ['after garbage', '\x00\x01\r\n\r\n', 1],
    ['after a head that is refused', 'GET /volume HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 1],
    ['with requests behind the one under way', GET.repeat(3), undefined],
  ] as const) {
    test(`a client that goes ${what} leaves no gauge behind`, async t => {
      const upstream = await RawUpstream.start(t, () => {});
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const client = await proxy.connect();
      await client.send(bytes);
      await reach(proxy, 'accepted', { accepted: 1, ...(requests !== undefined && { requests }) });
      client.reset();
      await reach(proxy, 'gone', { active: 0, reading: 0, writing: 0, waiting: 0, upstreamBusy: 0 });
    });
  }

  test('a body that is read, an upstream that is asked and a tunnel are all writing', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      await request.whole();
      if (request.header('upgrade') === undefined) return;
      request.connection.tunnel();
      await request.connection.send(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      );
    });
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const sending = await proxy.connect();
    await sending.send('POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc');
    await reach(proxy, 'a body', { active: 1, writing: 1, waiting: 0 });
    const asking = await proxy.connect();
    await asking.send(GET);
    await reach(proxy, 'an upstream', { active: 2, writing: 2, waiting: 0 });
    const tunnel = await proxy.connect();
    await tunnel.send(GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'));
    await tunnel.response();
    await reach(proxy, 'a tunnel', { active: 3, reading: 0, writing: 3, waiting: 0 });
    for (const client of [sending, asking, tunnel]) client.reset();
    await reach(proxy, 'all gone', { active: 0, writing: 0, waiting: 0, reading: 0, upstreamBusy: 0 });
  });

  test('a connection whose request is pipelined never counts twice', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    await client.send(GET.repeat(20));
    for (let count = 0; count < 20; count += 1) {
      await client.response();
      const { active, reading, writing, waiting } = gauges(proxy);
      assert.equal(active, 1);
      assert.equal(reading + writing + waiting, 1);
    }
    await reach(proxy, 'answered', { requests: 20, reading: 0, writing: 0, waiting: 1 });
  });

  test('requests are counted by Service and status, the ones without a route apart', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('', '', '201 Created')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.get('/volume');
    await proxy.get('/volume');
    await proxy.get('/nowhere');
    await proxy.exchange('GET /volume HTTP/1.1\r\n\r\n');
    await proxy.logged(4);
    const totals = (block: number) => {
      const sums = new BlockTotals();
      proxy.counters.addBlockTo(sums, block);
      return sums;
    };
    const observed = ({ buckets }: HistogramValues) => buckets.reduce((sum, count) => sum + count, 0);
    const [none, service] = [totals(NO_ROUTE_BLOCK), totals(1)];
    assert.deepEqual([...service.requestsByCode()], [[201, 2]]);
    assert.deepEqual(
      [...none.requestsByCode()],
      [
        [400, 1],
        [404, 1],
      ],
    );
    assert.equal(observed(service.requestSeconds()), 2);
    assert.equal(observed(service.upstreamSeconds()), 2);
    assert.equal(observed(none.requestSeconds()), 2);
    assert.equal(observed(none.upstreamSeconds()), 0);
  });

  test('bytes are counted in both directions', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('x'.repeat(10_000))));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const request = `POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\n\r\n${'y'.repeat(5_000)}`;
    const client = await proxy.connect();
    await client.send(request);
    await client.response();
    await proxy.logged(1);
    assert.equal(proxy.counters.get('requestBytes'), request.length);
    assert.equal(proxy.counters.get('responseBytes'), client.receivedBytes);
  });
});

function gauges({ counters }: ProxyUnderTest) {
  return {
    active: counters.get('active'),
    reading: counters.get('reading'),
    writing: counters.get('writing'),
    waiting: counters.get('waiting'),
  };
}
