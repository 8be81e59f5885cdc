/** Whatever happens to requests, nothing stays counted: not at an endpoint, not as a retry, not as one that waits. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { ResponseRelay } from '../../../src/dataplane/pipeline/response-relay.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { type BalancedEndpoint, type BalancedProxy, startBalanced } from '../../support/balanced-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import fc from '../../support/property.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { answer, NOBODY, RawUpstream, type UpstreamHandler } from '../../support/raw-upstream.ts';

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** What an upstream does with a request, by the last segment of its path. */
const FATES: Readonly<Record<string, UpstreamHandler>> = {
  ok: request => request.connection.send(answer()),
  never: () => undefined,
  reset: request => request.connection.reset(),
  close: request => request.connection.finish(),
  half: request => request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
  cut: request => request.connection.finish('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
  broken: request => request.connection.send('no HTTP at all\r\n\r\n'),
  unavailable: request => request.connection.send(answer('no', '', '503 Service Unavailable')),
  interim: request => request.connection.send('HTTP/1.1 103 Early Hints\r\n\r\n'),
  tunnel: request => request.connection.send(SWITCH),
};

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      fate: fc.constantFrom(...Object.keys(FATES)),
      body: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('endpoints' as const),
      which: fc.subarray([0, 1, 2, 3]),
      draining: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('limit' as const), maxRequests: fc.nat(2) }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const balances = fc.constantFrom<Cluster['balance']>(
  { policy: 'least-request' },
  { policy: 'round-robin' },
  { policy: 'ewma' },
  { policy: 'service' },
);

async function play(t: TestContext, steps: readonly Step[], balance: Cluster['balance']): Promise<void> {
  const handler: UpstreamHandler = request => (FATES[request.target.slice(1)] as UpstreamHandler)(request);
  const upstreams = await Promise.all([0, 1].map(() => RawUpstream.start(t, handler)));
  for (const upstream of upstreams) upstream.toleratesMalformed = true;
  const all: BalancedEndpoint[] = [
    ...upstreams.map(at => ({ at })),
    { at: NOBODY },
    { at: { ...NOBODY, host: '127.0.0.2' } },
  ];
  const balanced = await startBalanced(t, { endpoints: all, cluster: { balance, maxRequests: 1 } });
  let served = all;
  let maxRequests = 1;
  const clients: RawClient[] = [];
  for (const one of steps) {
    if (one.do === 'ask') {
      const client = await balanced.proxy.connect();
      clients.push(client);
      const upgrade = one.fate === 'tunnel' ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : '';
      const body = one.body && upgrade === '' ? 'Content-Length: 5\r\n\r\nhe' : '\r\n';
      await client.send(`GET /v/${one.fate} HTTP/1.1\r\nHost: test\r\n${upgrade}${body}`);
    } else if (one.do === 'leave') {
      clients[one.which % Math.max(1, clients.length)]?.destroy();
    } else {
      if (one.do === 'limit') maxRequests = one.maxRequests;
      else
        served = one.which.map(index => ({
          ...(all[index] as BalancedEndpoint),
          state: index === one.draining ? 'draining' : 'ready',
        }));
      balanced.serve(served, { balance, maxRequests });
    }
  }
  await ended(balanced, clients);
}

/** All clients leave, and nothing is left of their requests. */
async function ended(balanced: BalancedProxy, clients: readonly RawClient[]): Promise<void> {
  const { counters } = balanced.proxy;
  for (const client of clients) client.destroy();
  await eventually('no client', () => counters.get('active') === 0);
  const left = [...balanced.inFlight, counters.get('upstreamPending'), counters.get('upstreamBusy')];
  assert.deepEqual(
    left,
    left.map(() => 0),
  );
  const cluster = balanced.proxy.state.table?.match('test', '/v')?.cluster;
  assert.deepEqual(
    cluster?.endpoints.map(({ tunnels }) => tunnels),
    cluster?.endpoints.map(() => 0),
  );
}

it('at the end of any history nothing is in flight', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), balances, async (steps, balance) => {
      await play(t, steps, balance);
    }),
    { numRuns: 25 },
  );
});

for (const method of ['responded', 'responseComplete', 'upstreamBroken'] as const) {
  it(`a bug in ${method}() leaves nothing in flight`, async t => {
    const upstream = await RawUpstream.start(t, request =>
      method === 'upstreamBroken' ? request.connection.finish() : request.connection.send(answer()),
    );
    const balanced = await startBalanced(t, { endpoints: [{ at: upstream }] });
    const client = await balanced.proxy.connect();
    const bug = t.mock.method(ResponseRelay.prototype, method, () => {
      throw new Error('a bug');
    });
    await client.send('GET /v HTTP/1.1\r\nHost: test\r\n\r\n');
    await balanced.proxy.logged(1);
    bug.mock.restore();
    await ended(balanced, [client]);
  });
}
