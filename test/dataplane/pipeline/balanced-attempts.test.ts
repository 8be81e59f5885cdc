/** Where the requests of a balanced cluster are tried, and what is counted and logged of it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startBalanced } from '../../support/balanced-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { answer, answering, NOBODY, RawUpstream } from '../../support/raw-upstream.ts';
import { startSilentListener } from '../../support/silent-listener.ts';

/** Addresses that refuse every connection. */
const refusing = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ at: { ...NOBODY, host: `127.0.0.${index + 2}` } }));

/** An endpoint that is asked last of all that follow each other, and the cluster in which they do. */
async function inTurn(t: TestContext, dead: number) {
  const alive = await RawUpstream.start(t);
  const endpoints = [...refusing(dead), { at: alive }];
  const cluster = { balance: { policy: 'round-robin' } } as const;
  return { alive, balanced: await startBalanced(t, { endpoints, cluster, random: () => 0 }) };
}

describe('attempts in a balanced cluster', { concurrency: true }, () => {
  for (const method of ['GET', 'POST', 'PATCH']) {
    it(`a ${method} that two endpoints refuse goes to a third`, async t => {
      const { alive, balanced } = await inTurn(t, 2);
      const { proxy, board } = balanced;
      const request = `${method} /v HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello`;
      assert.equal((await proxy.exchange(request)).status, 200);
      assert.deepEqual(
        alive.requests.map(({ body }) => body),
        ['hello'],
      );
      const [line] = await proxy.logged(1);
      assert.deepEqual(
        line?.earlierAttempts?.map(({ upstream }) => upstream),
        ['127.0.0.2:1', '127.0.0.3:1'],
      );
      assert.equal(proxy.counters.get('retriesConnect'), 2);
      assert.deepEqual(
        [0, 1, 2].map(slot => [board.failures(slot), board.successes(slot)]),
        [
          [1, 0],
          [1, 0],
          [0, 1],
        ],
      );
      assert.deepEqual(balanced.inFlight, [0, 0, 0, 0]);
    });
  }

  it('after three endpoints that refuse there is no fourth, and none is tried twice', async t => {
    const { alive, balanced } = await inTurn(t, 5);
    const { proxy } = balanced;
    assert.equal((await proxy.get('/v')).status, 502);
    const [line] = await proxy.logged(1);
    const asked = [...(line?.earlierAttempts ?? []).map(({ upstream }) => upstream), line?.upstream];
    assert.deepEqual(asked, ['127.0.0.2:1', '127.0.0.3:1', '127.0.0.4:1']);
    assert.equal(line?.reason, 'upstream_refused');
    assert.equal(alive.connections.length, 0);
    assert.deepEqual(
      balanced.inFlight.filter(count => count !== 0),
      [],
    );
  });

  it('the only endpoint is asked once', async t => {
    const { proxy } = await startBalanced(t, { endpoints: refusing(1) });
    assert.equal((await proxy.get('/v')).status, 502);
    assert.equal(proxy.counters.get('connectsFailed'), 1);
  });

  it('nginx writes such attempts as lists, and so does the log', async t => {
    const { balanced } = await inTurn(t, 2);
    const { proxy } = balanced;
    proxy.changeSettings({ accessLog: 'combined' });
    await proxy.get('/v');
    await eventually('its line', () => proxy.logLines.length === 1);
    const seconds = String.raw`\d+\.\d{3}`;
    assert.match(
      proxy.logLines[0] as string,
      new RegExp(`127.0.0.2:1, 127.0.0.3:1, 127.0.0.1:\\d+ 502, 502, 200 ${seconds}, ${seconds}, ${seconds} -`),
    );
  });

  it('an endpoint that answers no SYN is given up for another after a second, without harm to a body', async t => {
    const clock = new FakeClock();
    const alive = await RawUpstream.start(t);
    const endpoints = [{ at: await startSilentListener(t) }, { at: alive }];
    const cluster = { balance: { policy: 'round-robin' } } as const;
    const { proxy, board } = await startBalanced(t, { endpoints, cluster, clock, random: () => 0 });
    const client = await proxy.connect();
    const { armed } = clock;
    await client.send('POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello');
    await eventually('the connect', () => clock.armed > armed);
    await clock.pass(999);
    assert.equal(proxy.counters.get('connectsTimedOut'), 0);
    await clock.pass(1);
    assert.equal((await client.response()).status, 200);
    assert.equal(alive.only.body, 'hello');
    assert.deepEqual([board.failures(0), proxy.counters.get('connectsTimedOut')], [1, 1]);
  });

  it('where no other could be asked, a connect may take all of connect-timeout', async t => {
    const clock = new FakeClock();
    const endpoints = [{ at: await startSilentListener(t) }];
    const { proxy } = await startBalanced(t, { endpoints, clock, overrides: { connectTimeoutMs: 7_000 } });
    const client = await proxy.connect();
    const { armed } = clock;
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    await eventually('the connect', () => clock.armed > armed);
    await clock.pass(6_999);
    assert.equal(proxy.counters.get('connectsTimedOut'), 0);
    await clock.pass(1);
    assert.equal((await client.response()).status, 504);
  });

  it('a stale kept connection leads to another endpoint, and to the same one where there is no other', async t => {
    const stale = await RawUpstream.start(t, async request => {
      await request.whole();
      if (request.connection.requests.length === 2) request.connection.reset();
      else await request.connection.send(answer('stale'));
    });
    const other = await RawUpstream.start(t, answering(answer('other')));
    const clock = new FakeClock();
    const balanced = await startBalanced(t, { endpoints: [{ at: stale }], clock, random: () => 0 });
    const { proxy, board } = balanced;
    const kept = () => eventually('an idle connection', () => proxy.counters.get('upstreamIdle') === 1);
    assert.equal((await proxy.get('/v')).body, 'stale');
    await kept();
    assert.equal((await proxy.get('/v')).body, 'stale');
    assert.equal(stale.connections.length, 2);
    await kept();
    // It is not asked last any more.
    await clock.pass(1_000);
    const id = `${stale.address.host}:${stale.address.port}`;
    balanced.serve([{ at: stale, id }, { at: other }], { balance: { policy: 'round-robin' } });
    assert.equal((await proxy.get('/v')).body, 'other');
    assert.equal(proxy.counters.get('retriesStale'), 2);
    assert.equal(board.failures(balanced.slotOf(id)), 0, 'it says nothing of the endpoint');
    assert.deepEqual(balanced.inFlight, [0, 0, 0]);
  });

  /** A pod that ends: what it has not accepted yet is reset. */
  const ending = (t: TestContext) => RawUpstream.start(t, request => request.connection.reset());

  it('a request whose new connection is reset before an answer goes to two more endpoints, if its method is idempotent', async t => {
    const pods = [
      await ending(t),
      await ending(t),
      await ending(t),
      await RawUpstream.start(t, answering(answer('alive'))),
    ];
    const cluster = { balance: { policy: 'round-robin' } } as const;
    const balanced = await startBalanced(t, { endpoints: pods.slice(1).map(at => ({ at })), cluster, random: () => 0 });
    const { proxy } = balanced;
    assert.equal((await proxy.get('/v')).body, 'alive');
    assert.deepEqual(
      [...pods.map(({ requests }) => requests.length), proxy.counters.get('retriesStale')],
      [0, 1, 1, 1, 2],
    );
    assert.deepEqual([balanced.board.failures(0), balanced.board.failures(1)], [1, 1]);
    assert.deepEqual(balanced.inFlight, [0, 0, 0, 0]);
    balanced.serve(
      pods.map((at, index) => ({ at, id: `again-${index}` })),
      cluster,
    );
    assert.equal((await proxy.get('/v')).status, 502, 'there is no fourth');
    assert.deepEqual(
      pods.map(({ requests }) => requests.length),
      [1, 2, 2, 1],
    );
    balanced.serve(
      pods.slice(2).map((at, index) => ({ at, id: `last-${index}` })),
      cluster,
    );
    const client = await proxy.connect();
    await client.send('POST /v HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
    assert.equal((await client.response()).status, 502);
    assert.equal(pods[3]?.requests.length, 1);
  });

  it('a failed connect and a connection that is reset count together', async t => {
    const alive = await RawUpstream.start(t, answering(answer('alive')));
    const endpoints = [...refusing(2), { at: await ending(t) }, { at: alive }];
    const cluster = { balance: { policy: 'round-robin' } } as const;
    const { proxy } = await startBalanced(t, { endpoints, cluster, random: () => 0 });
    assert.equal((await proxy.get('/v')).status, 502);
    assert.equal(alive.connections.length, 0);
  });

  it('a retry goes to an endpoint that keeps a connection open, however many others went at the same time', async t => {
    const alive = await RawUpstream.start(t, answering(answer('alive')));
    const cluster = { balance: { policy: 'round-robin' } } as const;
    const balanced = await startBalanced(t, { endpoints: [{ at: alive, id: 'alive' }], cluster, random: () => 0 });
    const { proxy } = balanced;
    assert.equal((await proxy.get('/v')).body, 'alive');
    await eventually('an idle connection', () => proxy.counters.get('upstreamIdle') === 1);
    balanced.serve([...refusing(6), { at: alive, id: 'alive' }]);
    for (let request = 0; request < 6; request += 1) assert.equal((await proxy.get('/v')).body, 'alive');
    assert.ok(proxy.counters.get('retriesConnect') > 0);
  });

  it('an endpoint that closes an idle connection soon after a request may be ending: others are asked first for a second', async t => {
    const clock = new FakeClock();
    const ending = await RawUpstream.start(t, answering(answer('ending')));
    const other = await RawUpstream.start(t, answering(answer('other')));
    const cluster = { balance: { policy: 'round-robin' } } as const;
    const balanced = await startBalanced(t, {
      endpoints: [{ at: ending, id: 'ending' }],
      cluster,
      clock,
      random: () => 0,
    });
    const { proxy } = balanced;
    const idle = (count: number) => eventually('idle connections', () => proxy.counters.get('upstreamIdle') === count);
    const ask = async (times: number) => {
      const bodies = new Set<string>();
      for (let request = 0; request < times; request += 1) bodies.add((await proxy.get('/v')).body);
      return [...bodies].sort();
    };
    assert.deepEqual(await ask(1), ['ending']);
    await idle(1);
    balanced.serve([{ at: ending, id: 'ending' }, { at: other }], cluster);
    ending.connections[0]?.finish();
    await idle(0);
    assert.deepEqual(await ask(4), ['other']);
    await clock.pass(1_000);
    assert.deepEqual(await ask(4), ['ending', 'other']);
    // An idle limit of the server's own says nothing.
    await clock.pass(1_100);
    const before = proxy.counters.get('upstreamIdle');
    ending.connections.at(-1)?.finish();
    await idle(before - 1);
    assert.deepEqual(await ask(4), ['ending', 'other']);
  });

  it('a key leads to its endpoint also when that closes its idle connections after each request', async t => {
    const upstreams = [
      await RawUpstream.start(t, answering(answer('0'))),
      await RawUpstream.start(t, answering(answer('1'))),
    ];
    const cluster = { balance: { policy: 'hash', key: { from: 'client-ip' } } } as const;
    const { proxy } = await startBalanced(t, { endpoints: upstreams.map(at => ({ at })), cluster });
    const { body } = await proxy.get('/v');
    for (let request = 0; request < 4; request += 1) {
      await eventually('an idle connection', () => proxy.counters.get('upstreamIdle') === 1);
      upstreams[Number(body)]?.connections.at(-1)?.finish();
      await eventually('none', () => proxy.counters.get('upstreamIdle') === 0);
      assert.equal((await proxy.get('/v')).body, body);
    }
  });

  for (const status of ['502 Bad Gateway', '503 Service Unavailable', '504 Gateway Timeout']) {
    it(`${status} goes on to the client, and counts as a failure of the endpoint`, async t => {
      const upstream = await RawUpstream.start(t, answering(answer('no', '', status)));
      const { proxy, board } = await startBalanced(t, { endpoints: [{ at: upstream }] });
      assert.equal((await proxy.get('/v')).status, Number(status.slice(0, 3)));
      assert.deepEqual([upstream.requests.length, board.failuresInARow(0)], [1, 1]);
    });
  }

  for (const [what, bytes, failures] of [
    ['500', answer('no', '', '500 Internal Server Error'), 0],
    ['404', answer('no', '', '404 Not Found'), 0],
    ['an answer that is no HTTP', 'SSH-2.0-x\r\n\r\n', 1],
    ['a connection that ends before an answer', '', 1],
    ['a connection that ends within an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 0],
  ] as const) {
    it(`${what} counts as ${failures} failures of the endpoint`, async t => {
      const upstream = await RawUpstream.start(t, request => request.connection.finish(bytes));
      upstream.toleratesMalformed = true;
      const balanced = await startBalanced(t, { endpoints: [{ at: upstream }] });
      const client = await balanced.proxy.connect();
      await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
      await client.responseOrCut();
      assert.equal(balanced.board.failures(0), failures);
      assert.deepEqual(balanced.inFlight, [0, 0]);
    });
  }

  it('an answer that does not begin in time counts as a failure of the endpoint, and is not asked for again', async t => {
    const clock = new FakeClock();
    const silent = await RawUpstream.start(t, () => undefined);
    const endpoints = [{ at: silent }, { at: await RawUpstream.start(t) }];
    const overrides = { readTimeoutMs: 7_000 };
    const cluster = { balance: { policy: 'round-robin' } } as const;
    const balanced = await startBalanced(t, { endpoints, cluster, clock, overrides, random: () => 0 });
    const client = await balanced.proxy.connect();
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    await silent.request(0);
    await clock.pass(7_200);
    assert.equal((await client.response()).status, 504);
    assert.deepEqual([balanced.board.failuresInARow(0), balanced.board.failures(1)], [1, 0]);
    assert.deepEqual(balanced.inFlight, [0, 0, 0]);
  });

  it('a client that leaves says nothing of the endpoint', async t => {
    const upstream = await RawUpstream.start(t, () => undefined);
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream }] });
    const client = await balanced.proxy.connect();
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    await upstream.request(0);
    assert.deepEqual(balanced.inFlight, [1, 0]);
    client.destroy();
    await balanced.proxy.logged(1);
    assert.deepEqual([balanced.board.failures(0), balanced.board.successes(0), ...balanced.inFlight], [0, 0, 0, 0]);
  });

  it('without endpoints there is 503, and when to ask again', async t => {
    const { proxy } = await startBalanced(t, { endpoints: [] });
    const { status, headers } = await proxy.get('/v');
    assert.deepEqual([status, headers.filter(([name]) => name === 'Retry-After')], [503, [['Retry-After', '1']]]);
  });

  /** Five requests meet an endpoint that refuses; three of them may be retried at once. */
  async function fiveRetries(t: TestContext) {
    const clock = new FakeClock();
    const held = await RawUpstream.start(t, () => undefined);
    const balanced = await startBalanced(t, { endpoints: [], clock, random: () => 0 });
    const clients = await Promise.all(Array.from({ length: 5 }, () => balanced.proxy.connect()));
    for (const [index, client] of clients.entries()) {
      // A new endpoint each time, so that it is not suspect yet. The last of those that are least busy is picked.
      balanced.serve([{ at: held }, ...refusing(1).map(one => ({ ...one, id: `${index}` }))]);
      await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
      await eventually('its connect to fail', () => balanced.proxy.counters.get('connectsFailed') === index + 1);
    }
    await eventually('three at the other endpoint', () => held.requests.length === 3);
    assert.equal(balanced.proxy.counters.get('upstreamPending'), 2);
    return { clock, held, balanced, clients };
  }

  it('retries beyond those that may be in flight wait for them to end, and none of the requests fails', async t => {
    const { held, balanced, clients } = await fiveRetries(t);
    for (let index = 0; index < 5; index += 1) {
      await (await held.request(index)).connection.send(answer());
      assert.ok((balanced.inFlight.at(-1) as number) <= 3);
    }
    for (const client of clients) assert.equal((await client.response()).status, 200);
    assert.equal(balanced.proxy.counters.get('retriesConnect'), 5);
    assert.deepEqual(new Set(balanced.inFlight), new Set([0]));
  });

  it('a retry that waits for a second fails with what failed before; a client that leaves waits no more', async t => {
    const { clock, held, balanced, clients } = await fiveRetries(t);
    clients[3]?.destroy();
    await eventually('one to wait', () => balanced.proxy.counters.get('upstreamPending') === 1);
    await clock.pass(1_000);
    assert.equal((await clients[4]?.response())?.status, 502);
    assert.equal(held.requests.length, 3);
    const reasons = (await balanced.proxy.logged(2)).map(({ reason }) => reason);
    assert.deepEqual(reasons, ['client_left', 'upstream_refused']);
  });
});
