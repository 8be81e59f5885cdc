/** A worker dies under load: its own connections end with it, and no others. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { startBackend } from './backend.ts';
import { INSPECTED, Inspector } from './inspector.ts';
import { KeptConnection } from './kept-connection.ts';

const WORKERS = 3;
/** Enough that each worker has some. */
const CONNECTIONS = 60;

/** For threads on a busy machine. */
const PATIENCE_MS = 60_000;

const TOTALS =
  /^(?:nginx_connections_(?:accepted|handled)|nginx_http_requests_total|kube_entry_\w+_(?:total|count|sum))$/;

it('a worker that dies under load takes only its own connections along, and is replaced', {
  timeout: 600_000,
}, async t => {
  const backend = await startBackend(t);
  const program = await ServingProgram.start(t, {
    manifests: [backend],
    workers: WORKERS,
    args: ['--access-log', 'off'],
    nodeArgs: INSPECTED,
  });
  const inspector = await Inspector.attach(t, program);
  const counted = watchTotals(t, program);

  const load = await Promise.all(Array.from({ length: CONNECTIONS }, () => KeptConnection.open(t, program.address)));
  await Promise.all(load.map(one => one.answered(3)));
  const [first = '', ...others] = await inspector.workers(WORKERS);

  inspector.crash(first);
  await program.logged('replacing a worker');
  const outcomes = await Promise.allSettled(load.map(one => one.answered(3)));
  const survivors = load.filter((_, index) => outcomes[index]?.status === 'fulfilled');
  assert.ok(survivors.length > 0 && survivors.length < CONNECTIONS, `${survivors.length} of ${CONNECTIONS} survive`);
  // New clients get a worker that is left.
  const newcomers = await Promise.all(Array.from({ length: 10 }, () => KeptConnection.open(t, program.address)));
  await Promise.all([...survivors, ...newcomers].map(one => one.answered(3)));

  await replaced(program, 1);
  await inspector.workers(WORKERS);

  // In the end all workers are replacements.
  for (const [index, other] of others.entries()) {
    inspector.crash(other);
    await replaced(program, index + 2);
    await inspector.workers(WORKERS);
  }
  const latest = await Promise.all(
    Array.from({ length: 20 }, () => eventually('a connection', () => reachable(t, program), PATIENCE_MS)),
  );
  await Promise.all(latest.map(one => one.answered(3)));
  // Newcomers may have met the first replacement, which lives on.
  await eventually('no connection to outlive its worker', () => load.every(({ isOpen }) => !isOpen));
  assert.deepEqual(await counted.decreases(), []);
  assert.equal((await program.readiness()).status, 200);
  for (const { failure } of [...load, ...newcomers, ...latest]) assert.equal(failure, undefined);
});

async function replaced(program: ServingProgram, times: number): Promise<void> {
  const restarts = (): Promise<number> => metric(program, 'kube_entry_worker_restarts_total');
  await eventually(`replacement ${times}`, async () => (await restarts()) === times, PATIENCE_MS);
}

/** Until a replacement listens, no worker may listen. */
async function reachable(t: Parameters<typeof KeptConnection.open>[0], program: ServingProgram) {
  return KeptConnection.open(t, program.address).catch(() => undefined);
}

async function metric(program: ServingProgram, wanted: string): Promise<number> {
  return (await program.metrics()).filter(({ name }) => name === wanted).reduce((sum, { value }) => sum + value, 0);
}

/** Scrapes for as long as the test takes, as fast as it can without getting in the way. */
function watchTotals(t: Parameters<typeof KeptConnection.open>[0], program: ServingProgram) {
  const highest = new Map<string, number>();
  const decreases: string[] = [];
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  const scrape = async (): Promise<void> => {
    for (const { name, labels, value } of await program.metrics()) {
      if (!TOTALS.test(name)) continue;
      const key = `${name} ${JSON.stringify(labels)}`;
      const before = highest.get(key) ?? 0;
      if (value < before) decreases.push(`${key}: ${before} → ${value}`);
      highest.set(key, value);
    }
  };
  const running = (async () => {
    while (!isOver) {
      await scrape();
      await delay(20);
    }
  })();
  // When the test has failed already, the program may end in the middle of a scrape.
  running.catch(() => undefined);
  return {
    async decreases(): Promise<readonly string[]> {
      isOver = true;
      await running;
      assert.ok(highest.size > 5, 'totals were seen');
      return decreases;
    },
  };
}
