import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { UnavailableError } from '../../src/errors.ts';
import type { Place } from '../../src/model/route.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';
import { silentLogger } from '../../src/observe/logger.ts';
import { DEFAULTS } from '../../src/settings/schema.ts';
import { Fleet } from '../../src/workers/fleet.ts';
import { lockPort } from '../../src/workers/port-lock.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { deltaOf, route } from '../support/routes.ts';
import { ask, deltaTo, INDIFFERENT, startFleet } from './fleet-fixture.ts';

test('several workers share the port, and each of them serves', async context => {
  const upstream = await RawUpstream.start(context);
  const running = await startFleet(context, { settings: { workers: 3 } });
  assert.equal(running.fleet.size, 3);
  await running.fleet.publish(deltaTo(upstream, { version: 1, upserts: [route('/a')], removals: [] })).answering;
  const clients = await running.connectToAll();
  for (const [worker, client] of clients) {
    assert.equal((await ask(client, '/a/x')).status, 200);
    assert.equal(running.board.regions[worker]?.get('requests'), 1);
  }
  assert.equal(running.board.sum('requests'), 3);
});

for (const workers of [1, 2]) {
  test(`with ${workers}: 503 before the first table, which may be an empty one`, async context => {
    const running = await startFleet(context, { settings: { workers } });
    for (const client of (await running.connectToAll()).values()) {
      assert.equal((await ask(client, '/')).status, 503);
    }
    await running.fleet.publish(deltaOf({ version: 0, upserts: [], removals: [] })).answering;
    for (const client of (await running.connectToAll()).values()) {
      assert.equal((await ask(client, '/')).status, 404);
    }
  });

  test(`with ${workers}: once publish resolves, every worker serves the change`, async context => {
    const upstream = await RawUpstream.start(context);
    const running = await startFleet(context, { settings: { workers } });
    const { fleet } = running;
    const clients = [...(await running.connectToAll()).values()];
    let removals: Place[] = [];
    for (let version = 1; version <= 30; version += 1) {
      const added = route(`/v${version}`);
      await fleet.publish(deltaTo(upstream, { version, upserts: [added], removals })).answering;
      removals = [added];
      const statuses = clients.map(async client => [
        (await ask(client, `/v${version}`)).status,
        (await ask(client, `/v${version - 1}`)).status,
      ]);
      assert.deepEqual(
        await Promise.all(statuses),
        clients.map(() => [200, 404]),
      );
    }
    assert.equal(fleet.table.version, 30);
    assert.equal(fleet.table.size, 1);
  });

  test(`with ${workers}: under a storm of changes every answer is that of one version, no older than acknowledged`, async context => {
    const VERSIONS = 200;
    const UPSTREAMS = 8;
    // Upstream and target change together: a request that saw half a change would show another pair.
    const upstreams = await Promise.all(
      Array.from({ length: UPSTREAMS }, (_, index) =>
        RawUpstream.start(context, async request => {
          await request.connection.send(answer(`${index} ${request.target}`));
        }),
      ),
    );
    const running = await startFleet(context, { settings: { workers } });
    let published = 0;
    let acknowledged = 0;
    const publish = async (version: number): Promise<void> => {
      const upstream = upstreams[version % UPSTREAMS] as RawUpstream;
      const upsert = route('/p', { stripPrefix: version % 2 === 0 });
      published = version;
      await running.fleet.publish(deltaTo(upstream, { version, upserts: [upsert], removals: [] })).answering;
      acknowledged = version;
    };
    await publish(1);

    let answers = 0;
    const hammer = async (): Promise<void> => {
      const client = await running.connect();
      while (acknowledged < VERSIONS) {
        const oldest = acknowledged;
        const response = await ask(client, '/p/x');
        const possible = Array.from({ length: published - oldest + 1 }, (_, index) => {
          const version = oldest + index;
          return `${version % UPSTREAMS} ${version % 2 === 0 ? '/x' : '/p/x'}`;
        });
        const found = `${response.body}`;
        assert.equal(response.status, 200);
        assert.ok(possible.includes(found), `${found} is none of ${possible}`);
        answers += 1;
      }
    };
    const hammers = Promise.all(Array.from({ length: 6 }, hammer));
    for (let version = 2; version <= VERSIONS; version += 1) await publish(version);
    await hammers;
    assert.ok(answers > 6, `${answers} answers`);
  });

  test(`with ${workers}: new settings and a new error page hold from the next request`, async context => {
    const upstream = await RawUpstream.start(context, () => {});
    const running = await startFleet(context, { settings: { workers }, errorPage: 'the first page' });
    await running.fleet.publish(deltaTo(upstream, { version: 1, upserts: [route('/a')], removals: [] })).answering;
    const clients = [...(await running.connectToAll()).values()];
    const settings = { ...DEFAULTS, accessLog: 'off' as const, proxyReadTimeout: 30 };
    await running.fleet.updateSettings(settings).answering;
    for (const client of clients) {
      const { status, body } = await ask(client, '/a');
      assert.deepEqual([status, `${body}`], [504, 'the first page']);
    }
    await running.fleet.updateErrorPage('the second page').answering;
    for (const client of clients) assert.equal(`${(await ask(client, '/a')).body}`, 'the second page');
    await running.fleet.updateErrorPage(undefined).answering;
    for (const client of clients) assert.match(`${(await ask(client, '/a')).body}`, /This service does not answer/);
  });

  test(`with ${workers}: reopened logs go on in a new file`, async context => {
    const directory = await mkdtemp(join(tmpdir(), 'ke-fleet-'));
    atEnd(context, () => rm(directory, { recursive: true, force: true }));
    const path = join(directory, 'access.log');
    const running = await startFleet(context, {
      settings: { workers, accessLog: 'combined', accessLogPath: path },
    });
    const clients = [...(await running.connectToAll()).values()];
    const lines = async (file: string): Promise<number> => (await readFile(file, 'utf8')).split('\n').length - 1;
    for (const client of clients) await ask(client, '/before');
    await eventually('the first lines', async () => (await lines(path)) === workers);
    await rename(path, `${path}.1`);
    running.fleet.reopenLogs();
    // Workers take messages in order: who has taken this one has reopened its log. A request could overtake both.
    await running.fleet.publish(deltaOf({ version: 1, upserts: [], removals: [] })).answering;
    for (const client of clients) await ask(client, '/after');
    await eventually('the next lines', async () => (await lines(path).catch(() => 0)) === workers);
    assert.equal(await lines(`${path}.1`), workers);
    assert.doesNotMatch(await readFile(path, 'utf8'), /before/);
  });

  test(`with ${workers}: a port that is taken is named`, async context => {
    const other = createServer().listen({ host: '127.0.0.1', port: 0 });
    context.after(() => other.close());
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    const board = new CounterBoard();
    const fleet = new Fleet({
      failures: { take: () => undefined },
      health: INDIFFERENT,
      settings: { ...DEFAULTS, workers, listen: { host: '127.0.0.1', port: address.port } },
      board,
      endpoints: new EndpointBoard(workers),
      logger: silentLogger(),
      errorPage: undefined,
      affinityKeys: [],
      defaultCertificate: undefined,
      ticketKeys: Buffer.alloc(48),
    });
    await assert.rejects(fleet.start(), error => {
      assert.ok(error instanceof UnavailableError);
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${address.port}.*--listen`));
      return true;
    });
    await fleet.close();
  });
}

test('a fleet whose port another fleet shares among its workers is told so, too', async context => {
  const running = await startFleet(context, { settings: { workers: 2 } });
  await assert.rejects(startFleet(context, { settings: { workers: 2, listen: running.address } }), UnavailableError);
});

test('a fleet that starts while another on its port has looked, but does not listen yet, is told', async context => {
  const before = await startFleet(context, { settings: { workers: 1 } });
  await before.fleet.close();
  const settings = { workers: 2, listen: before.address };
  // The first worker is started between the two.
  const looked = once(process, 'worker');
  const first = startFleet(context, { settings });
  await looked;
  await assert.rejects(startFleet(context, { settings }), error => {
    assert.ok(error instanceof UnavailableError);
    assert.match(error.message, /another program listens (?:there|on 127\.[\d.]+:\d+):/);
    return true;
  });
  assert.equal((await first).address.port, before.address.port);
});

test('who holds the lock of a port for ever keeps nobody from starting', { timeout: 300_000 }, async context => {
  const free = await startFleet(context, { settings: { workers: 1 } });
  await free.fleet.close();
  context.after(await lockPort(free.address.port));
  const running = await startFleet(context, { settings: { workers: 1, listen: free.address } });
  assert.equal(running.address.port, free.address.port);
});

test('an address that this machine does not have is named', async context => {
  const settings = { listen: { host: '192.0.2.1', port: 8080 } };
  await assert.rejects(startFleet(context, { settings }), /192\.0\.2\.1:8080: this machine has no such address/);
});
