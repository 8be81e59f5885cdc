import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import type { Clock } from '../../src/clock.ts';
import { KeyedHash } from '../../src/limits/keyed-hash.ts';
import { RateTable, rateOf } from '../../src/limits/rate-table.ts';
import { RedisRates } from '../../src/limits/redis/redis-rates.ts';
import type { Spent } from '../../src/limits/spending.ts';
import { RateLeases, type RateStore } from '../../src/workers/rate-leases.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { needs } from '../support/installed.ts';
import { RawClient } from '../support/raw-client.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { startRedis } from '../support/redis.ts';
import { route } from '../support/routes.ts';
import { serverPort } from '../support/server-port.ts';
import { ask, deltaTo, startFleet } from './fleet-fixture.ts';

/** A minute is longer than any test: what is granted at once is the burst. */
const RATE = rateOf(1, 60_000, 50);
const NOW = 1_000_000;

/** Knows what has been charged. */
class CountingStore implements RateStore {
  charged = 0;
  readonly #store: RedisRates;

  /** @param timeLimits by itself a clock by which no time passes */
  constructor(t: TestContext, url: string, timeLimits: Clock = new FakeClock()) {
    this.#store = new RedisRates(url, timeLimits);
    atEnd(t, () => this.close());
  }

  async charge(spent: readonly Spent[]): Promise<readonly number[]> {
    const ahead = await this.#store.charge(spent);
    for (const { count } of spent) this.charged += count;
    return ahead;
  }

  close(): void {
    this.#store.close();
  }

  hasCharged(count: number): Promise<unknown> {
    return eventually(`${count} requests to be charged`, () => this.charged === count);
  }
}

/** What one replica has: its own table, with hashes of its own, and a connection to the store. */
class Replica {
  readonly log: { readonly msg: string; readonly [field: string]: unknown }[] = [];
  readonly clock = new FakeClock();
  readonly leases: RateLeases;
  readonly store: CountingStore;
  readonly #rates = new RateTable();
  readonly #hash: KeyedHash;

  constructor(t: TestContext, url: string, hashKey: number, timeLimits?: Clock) {
    this.store = new CountingStore(t, url, timeLimits);
    this.#hash = new KeyedHash(hashKey, hashKey);
    this.leases = new RateLeases({
      store: this.store,
      rates: this.#rates,
      ask: () => undefined,
      clock: this.clock,
      now: () => NOW,
      logger: pino({ base: null }, { write: line => void this.log.push(JSON.parse(line)) }),
    });
    atEnd(t, () => this.leases.close());
  }

  /** How many of so many requests of a client are granted here. */
  grants(name: string, requests: number): number {
    this.#hash.hash(name);
    let granted = 0;
    while (granted < requests && this.#rates.take(this.#hash, NOW, RATE) === 0) granted += 1;
    return granted;
  }

  /** Says what its workers have granted. */
  report(name: string, count: number): void {
    this.#hash.hash(name);
    const { low, high } = this.#hash;
    const spent: Spent = { name, low, high, interval: RATE.interval, count };
    this.leases.take([spent]);
  }
}

describe('rate limits that replicas share', { ...needs('redis'), concurrency: 4 }, () => {
  it('are used up by what all replicas grant', async t => {
    const port = await serverPort();
    await startRedis(t, port);
    const [one, other] = [11, 22].map(key => new Replica(t, `redis://127.0.0.1:${port}`, key)) as [Replica, Replica];
    assert.equal(one.grants('client', 60), 50);
    one.report('client', 50);
    await one.store.hasCharged(50);
    // The other one does not know of them before it has asked; what it grants meanwhile is charged, too.
    assert.equal(other.grants('client', 1), 1);
    other.report('client', 1);
    await other.store.hasCharged(1);
    assert.equal(other.grants('client', 1), 0);
    assert.equal(other.grants('another', 60), 50);
    assert.deepEqual([one.leases.figures, other.leases.figures], Array(2).fill({ isUp: true, unshared: 0 }));
  });

  it('are charged for thousands of clients at once', async t => {
    const port = await serverPort();
    await startRedis(t, port);
    const store = new CountingStore(t, `redis://127.0.0.1:${port}`);
    const spent = Array.from({ length: 2_345 }, (_, index) => ({
      name: `client ${index}`,
      low: index,
      high: 0,
      interval: 3_600_000,
      count: 1 + (index % 3),
    }));
    const ahead = await store.charge(spent);
    assert.deepEqual(
      ahead,
      spent.map(({ count }) => count * 3_600_000),
    );
    const again = await store.charge(spent.slice(0, 1));
    assert.ok((again[0] ?? 0) > 3_600_000 && (again[0] ?? 0) <= 7_200_000);
  });

  it('are kept by each replica alone while Redis is away, which is said once, and shared when it is back', async t => {
    const port = await serverPort();
    const replica = new Replica(t, `redis://127.0.0.1:${port}`, 11);
    await eventually('the failure to be noticed', () => replica.log.length === 1);
    assert.equal(replica.grants('client', 60), 50);
    replica.report('client', 50);
    assert.deepEqual(replica.leases.figures, { isUp: false, unshared: 50 });
    for (let second = 0; second < 5; second += 1) await replica.clock.pass(1_000);
    assert.deepEqual(
      replica.log.map(({ msg, code }) => [msg, code]),
      [['rate-limit-redis does not answer: until it does, each replica keeps rate limits alone', 'ECONNREFUSED']],
    );
    await startRedis(t, port);
    await eventually('Redis to be used again', async () => {
      await replica.clock.pass(1_000);
      return replica.leases.figures.isUp;
    });
    assert.equal(replica.log[1]?.msg, 'rate-limit-redis answers again: replicas share their limits');
  });

  it('are kept alone where Redis accepts and never answers, and what waits is bounded', async t => {
    const silent = createServer();
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => void silent.close());
    const sockets = new Set<{ destroy(): void }>();
    silent.on('connection', socket => sockets.add(socket));
    atEnd(t, () => {
      for (const socket of sockets) socket.destroy();
    });
    const address = silent.address();
    assert.ok(typeof address === 'object' && address !== null);
    const timeLimits = new FakeClock();
    const replica = new Replica(t, `redis://127.0.0.1:${address.port}`, 11, timeLimits);
    for (let client = 0; client < 20_010; client += 1) replica.report(`client ${client}`, 1);
    assert.equal(replica.leases.figures.unshared, 10);
    await eventually('the failure to be noticed', async () => {
      await timeLimits.pass(1_000);
      return replica.log.length === 1;
    });
    assert.deepEqual(replica.leases.figures, { isUp: false, unshared: 20_010 });
  });

  it('are kept alone where Redis refuses the password, which no log shows', async t => {
    const port = await serverPort();
    await startRedis(t, port, '--requirepass', 'the-right-one');
    const wrong = new Replica(t, `redis://:a-secret@127.0.0.1:${port}`, 11);
    await eventually('the failure to be noticed', () => wrong.log.length === 1);
    assert.ok(!JSON.stringify(wrong.log).includes('a-secret'));
    const right = new Replica(t, `redis://:the-right-one@127.0.0.1:${port}`, 11);
    await eventually('Redis to answer', () => right.leases.figures.isUp);
  });

  it('hold over two programs with workers', async t => {
    const port = await serverPort();
    await startRedis(t, port);
    const upstream = await RawUpstream.start(t, answering());
    const policy = {
      kind: 'rate-limit',
      owner: 'default/web',
      requests: 1,
      periodMs: 3_600_000,
      burst: 5,
      per: 'client',
    } as const;
    const upserts = [route('/limited', { policies: [policy] })];
    const [one, other] = await Promise.all(
      ['one', 'other'].map(async () => {
        const store = new CountingStore(t, `redis://127.0.0.1:${port}`);
        const { fleet, ...running } = await startFleet(t, { settings: { workers: 1 }, rateStore: store });
        await fleet.publish(deltaTo(upstream, { version: 1, upserts, removals: [] })).everywhere;
        return { store, client: await RawClient.connect(running.address) };
      }),
    );
    assert.ok(one !== undefined && other !== undefined);
    atEnd(t, () => {
      for (const { client } of [one, other]) client.destroy();
    });
    const statuses = [];
    for (let turn = 0; turn < 6; turn += 1) statuses.push((await ask(one.client, '/limited')).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429]);
    await one.store.hasCharged(5);
    assert.equal((await ask(other.client, '/limited')).status, 200);
    await other.store.hasCharged(1);
    assert.equal((await ask(other.client, '/limited')).status, 429);
  });
});
