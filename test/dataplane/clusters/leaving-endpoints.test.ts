/** What becomes of connections when an endpoint drains, goes, or has its address taken by another. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startBalanced } from '../../support/balanced-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { startProxy } from '../../support/proxy-under-test.ts';
import { answer, RawUpstream } from '../../support/raw-upstream.ts';

describe('endpoints that leave', { concurrency: true }, () => {
  for (const [what, after] of [
    ['goes', []],
    ['drains', [{ state: 'draining' }]],
  ] as const) {
    it(`the idle connections of an endpoint that ${what} close at once`, async t => {
      const upstream = await RawUpstream.start(t);
      const balanced = await startBalanced(t, { endpoints: [{ at: upstream }] });
      const { proxy } = balanced;
      await proxy.get('/v');
      await eventually('an idle connection', () => proxy.counters.get('upstreamIdle') === 1);
      balanced.serve(after.map(fields => ({ at: upstream, ...fields })));
      assert.equal(proxy.counters.get('upstreamIdle'), 0, 'nothing is waited for, its idle limit least of all');
      await (await upstream.connection(0)).closed();
      assert.equal((await proxy.get('/v')).status, 503);
      assert.equal(upstream.requests.length, 1);
    });

    it(`a request at an endpoint that ${what} finishes, and its connection is not kept`, async t => {
      const upstream = await RawUpstream.start(t, () => undefined);
      const other = await RawUpstream.start(t);
      const balanced = await startBalanced(t, { endpoints: [{ at: upstream }] });
      const { proxy } = balanced;
      const client = await proxy.connect();
      await client.send('POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello');
      const request = await upstream.request(0);
      balanced.serve([...after.map(fields => ({ at: upstream, ...fields })), { at: other }]);
      await client.send('world');
      await request.whole();
      await request.connection.send(answer('late'));
      assert.equal((await client.response()).body, 'late');
      await eventually('nothing is busy', () => proxy.counters.get('upstreamBusy') === 0);
      assert.equal(proxy.counters.get('upstreamIdle'), 0);
      await request.connection.closed();
      assert.deepEqual(balanced.inFlight, [0, 0, 0]);
      assert.equal((await proxy.get('/v')).body, 'ok');
      assert.deepEqual([upstream.requests.length, proxy.counters.get('upstreamBusy')], [1, 0]);
    });
  }

  it('an idle connection that serves one client alone closes at once, too', async t => {
    const upstream = await RawUpstream.start(t);
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream }] });
    const client = await balanced.proxy.connect();
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\nAuthorization: NTLM abc\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    await eventually('an idle connection', () => balanced.proxy.counters.get('upstreamIdle') === 1);
    balanced.serve([]);
    assert.equal(balanced.proxy.counters.get('upstreamIdle'), 0);
    await (await upstream.connection(0)).closed();
  });

  it('a connection that is being made as its endpoint goes serves its request, and is not kept', async t => {
    const upstream = await RawUpstream.start(t);
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream }] });
    const answered = balanced.proxy.get('/v');
    await eventually('the pick', () => balanced.inFlight[0] === 1);
    balanced.serve([]);
    assert.equal((await answered).status, 200);
    await (await upstream.connection(0)).closed();
  });

  it('a tunnel to an endpoint that goes stays open', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      request.connection.tunnel();
      await request.connection.send(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      );
    });
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream }] });
    const client = await balanced.proxy.connect();
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await client.head();
    balanced.serve([]);
    await client.send('ping');
    assert.equal(await (await upstream.connection(0)).tunnelBytes(4), 'ping');
  });

  it('another pod that has the address of one before gets connections of its own, within a cluster', async t => {
    const upstream = await RawUpstream.start(t);
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream, id: 'pod-a' }] });
    await balanced.proxy.get('/v');
    await eventually('an idle connection', () => balanced.proxy.counters.get('upstreamIdle') === 1);
    balanced.serve([{ at: upstream, id: 'pod-b' }]);
    await (await upstream.connection(0)).closed();
    await balanced.proxy.get('/v');
    assert.equal(upstream.connections.length, 2);
  });

  it('connections of a pod serve no other cluster, though it has the same address', async t => {
    const upstream = await RawUpstream.start(t);
    const cluster = { balance: { policy: 'least-request' } } as const;
    const routes = ['/a', '/b'].map(path => ({ path, to: upstream, cluster }));
    const proxy = await startProxy(t, 'wire', { routes });
    await proxy.get('/a');
    await eventually('an idle connection', () => proxy.counters.get('upstreamIdle') === 1);
    await proxy.get('/b');
    await eventually('two idle connections', () => proxy.counters.get('upstreamIdle') === 2);
    assert.equal(upstream.connections.length, 2);
  });

  it('a cluster that is balanced from now on begins with connections of its own, and its endpoints stay', async t => {
    const upstream = await RawUpstream.start(t);
    const balanced = await startBalanced(t, {
      endpoints: [{ at: upstream }],
      cluster: { balance: { policy: 'service' } },
    });
    for (const policy of ['service', 'ewma', 'round-robin', 'service'] as const) {
      balanced.serve([{ at: upstream }], { balance: { policy } });
      assert.equal((await balanced.proxy.get('/v')).status, 200, policy);
      await eventually('one idle connection', () => balanced.proxy.counters.get('upstreamIdle') === 1);
    }
    assert.equal(upstream.connections.length, 3);
    assert.deepEqual(balanced.inFlight, [0, 0]);
  });
});
