/**
 * Everything that deploy/monitoring asks of Prometheus is asked of a real one, which scrapes running instances while they
 * have traffic, errors, refusals, conflicts and changes of routes.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { atEnd } from '../support/cleanup.ts';
import { needs } from '../support/installed.ts';
import { panels, substituted, variables } from './dashboard-file.ts';
import { Prometheus } from './prometheus.ts';
import { alerts, records } from './rule-files.ts';
import { Scenario } from './scenario.ts';

const DEADLINE_MS = 90_000;
const PAUSE_MS = 200;
/** Over a few scrapes, one a second. */
const RATE_INTERVAL = '5s';

/** Panels that are empty when all is well, and why. */
const MAY_BE_EMPTY = new Map([['Age of a stale table', 'no instance here started while the Kubernetes API was away']]);

/** What the scenario makes true; each then waits for its time, which is minutes. */
const ACTIVE_ALERTS = [
  'KubeEntryCertificateProblem',
  'KubeEntryErrors',
  'KubeEntryRateLimitsNotShared',
  'KubeEntryRouteConflict',
  'KubeEntryServiceRefused',
  'KubeEntryUpstreamConnects',
];

/** Begins where the machine stands still for a second while routes change, and stays for half an hour. */
const MAY_BE_ACTIVE = 'KubeEntryPropagationSlow';

/** A Prometheus, and waiting for what it comes to know while the scenario goes on. */
async function observed(t: TestContext) {
  const scenario = await Scenario.start(t);
  const { kube, manifests } = scenario.instances;
  const prometheus = await Prometheus.start(t, { 'entry-1': kube.status, 'entry-2': manifests.status });
  let isOver = false;
  let failure: unknown;
  const acting = (async () => {
    while (!isOver) {
      await scenario.act();
      await delay(PAUSE_MS);
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  atEnd(t, async () => {
    isOver = true;
    await acting;
  });
  const soon = async <T>(what: () => string, probe: () => Promise<T | undefined>): Promise<T> => {
    const end = performance.now() + DEADLINE_MS;
    for (;;) {
      if (failure !== undefined) throw failure;
      const found = await probe();
      if (found !== undefined) return found;
      if (performance.now() > end) assert.fail(`not in ${DEADLINE_MS} ms: ${what()}`);
      await delay(PAUSE_MS);
    }
  };
  return { prometheus, soon };
}

test('a real Prometheus answers what deploy/monitoring asks', needs('prometheus'), async t => {
  const { prometheus, soon } = await observed(t);

  await t.test('every choice of the dashboard has values', async () => {
    const found = new Map<string, readonly string[]>();
    for (const { name, choice } of variables()) {
      if (choice === undefined) continue;
      const values = await soon(
        () => `values for ${name}`,
        async () => {
          const some = await prometheus.labelValues(choice.label, substituted(choice.series, RATE_INTERVAL));
          return some.length >= (name === 'instance' ? 2 : 1) ? some : undefined;
        },
      );
      found.set(name, values);
    }
    assert.deepEqual([...found.keys()], ['job', 'instance', 'namespace', 'service']);
    assert.deepEqual(found.get('job'), ['kube-entry']);
    assert.equal(found.get('instance')?.length, 2);
  });

  await t.test('every panel shows a number, but those that may be empty', async () => {
    const asked = panels().flatMap(({ title, queries }) =>
      queries.map(query => ({ title, expr: substituted(query, RATE_INTERVAL) })),
    );
    const empty = new Set(asked);
    await soon(
      () => [...empty].map(({ title, expr }) => `a number for ${title}: ${expr}`).join('\n'),
      async () => {
        for (const query of empty) {
          const series = await prometheus.query(query.expr);
          if (series.some(({ value }) => Number.isFinite(value)) || MAY_BE_EMPTY.has(query.title)) empty.delete(query);
        }
        return empty.size === 0 || undefined;
      },
    );
    const titles = new Set(asked.map(({ title }) => title));
    for (const title of MAY_BE_EMPTY.keys()) assert.ok(titles.has(title), title);
  });

  await t.test('every recorded series is there', async () => {
    const missing = new Set(records());
    await soon(
      () => [...missing].join(', '),
      async () => {
        for (const name of missing) if ((await prometheus.query(name)).length > 0) missing.delete(name);
        return missing.size === 0 || undefined;
      },
    );
  });

  await t.test('every rule is evaluated, and those alerts begin that the scenario is about', async () => {
    let active: string[] = [];
    const rules = await soon(
      () => `every rule evaluated, and ${ACTIVE_ALERTS}; active are ${active}`,
      async () => {
        const now = await prometheus.rules();
        active = now
          .filter(({ name, state }) => (state === 'pending' || state === 'firing') && name !== MAY_BE_ACTIVE)
          .map(({ name }) => name);
        const areEvaluated = now.every(({ health }) => health !== 'unknown');
        return areEvaluated && isDeepStrictEqual(active.sort(), ACTIVE_ALERTS) ? now : undefined;
      },
    );
    assert.equal(rules.length, alerts().length + records().length);
    for (const { name, health, lastError } of rules) assert.deepEqual([health, lastError], ['ok', ''], name);
  });

  await t.test('a request is told by the Service it was for, an instance by its pod', async () => {
    for (const expr of [
      'kube_entry_requests_total{namespace="default",service="shop",pod="entry-1",code="200"}',
      'nginx_connections_active{namespace="kube-entry",pod="entry-1"}',
    ]) {
      // Where a scrape was late there is nothing until the next.
      await soon(
        () => expr,
        async () => (await prometheus.query(expr)).length === 1 || undefined,
      );
    }
  });
});
