import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { dig, listAt } from '../deploy/objects.ts';
import { eventually } from '../support/eventually.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry, type RunningView, runCommand, type TableView } from '../support/real-entry.ts';
import { Hammer } from '../support/real-hammer.ts';
import { RealKube } from '../support/real-kube.ts';
import { grantClusterRole } from '../support/real-rights.ts';
import { expose } from '../support/real-services.ts';
import { manifest } from '../support/services.ts';

/** Far beyond the aim, which is 200 ms: how long it took is printed. */
const DEADLINE_MS = 60_000;
const EDITS = 10;

let kube: RealKube;
let backend: RealBackend;
let entry: RealEntry;

before(async () => {
  kube = await RealKube.start();
  await grantClusterRole(kube);
  backend = await RealBackend.start();
  entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
  await entry.ready();
});

after(async () => {
  await entry?.stop();
  await backend?.stop();
  await kube?.stop();
});

/** Whether the entry now sends this path to the backend at this address, which gets `/`. */
async function isServed(path: string, address: string): Promise<boolean> {
  const { status, body } = await entry.get(path);
  return status === 200 && body === `${address} /`;
}

async function isGone(path: string): Promise<boolean> {
  return (await entry.get(path)).status === 404;
}

/** @returns milliseconds until it is so */
async function timeUntil(what: string, probe: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  await eventually(what, probe, DEADLINE_MS);
  return performance.now() - start;
}

describe('a Service of a real cluster', () => {
  it('is served when kubectl applied it, moves with its path, is gone when deleted, and no other request fails', async t => {
    const { kubectl } = kube;
    const steady = await expose(kubectl, backend, 'steady');
    await timeUntil('the other route is served', () => isServed('/steady', steady));
    await using hammer = new Hammer(`${entry.origin}/steady/ping?x=1`, `${steady} /ping?x=1`);

    const volume = await expose(kubectl, backend, 'volume', { annotations: { path: '/volume' } });
    report(t, 'created', [await timeUntil('it is served', () => isServed('/volume', volume))]);

    const moves: number[] = [];
    for (let edit = 1; edit <= EDITS; edit += 1) {
      const from = edit === 1 ? '/volume' : `/volume-${edit - 1}`;
      const to = `/volume-${edit}`;
      await kubectl.apply(manifest('volume', backend.port, { annotations: { path: to } }));
      moves.push(
        await timeUntil(`it moved to ${to}`, async () => (await isServed(to, volume)) && (await isGone(from))),
      );
    }
    report(t, 'moved', moves);

    await kubectl.run(['delete', 'service', 'volume']);
    report(t, 'deleted', [await timeUntil('it is gone', () => isGone(`/volume-${EDITS}`))]);

    const { requests, failures, longestGapMs } = await hammer.stop();
    t.diagnostic(`${requests} requests to the other route, the longest pause ${longestGapMs.toFixed()} ms`);
    assert.deepEqual(failures, {});
    assert.ok(requests > 100, `${requests} requests are no proof`);
  });

  it('keeps nothing when it is edited into something invalid, and comes back when it is mended', async () => {
    const { kubectl } = kube;
    const address = await expose(kubectl, backend, 'edited');
    await timeUntil('it is served', () => isServed('/edited', address));

    await kubectl.apply(manifest('edited', backend.port, { annotations: { path: '/edited', 'read-timeout': 'soon' } }));
    await timeUntil('its route is gone', () => isGone('/edited'));
    const { refusals } = await entry.table();
    const refusal = refusals.find(({ service }) => service.name === 'edited');
    assert.equal(refusal?.reason, 'BadAnnotation');
    assert.match(refusal.message, /kube-entry\.io\/read-timeout.*soon/);

    await kubectl.apply(manifest('edited', backend.port));
    await timeUntil('it is served again', () => isServed('/edited', address));
    await kubectl.run(['delete', 'service', 'edited']);
  });

  it('waits behind an older one with the same path, and takes over by itself when that one goes', async () => {
    const { kubectl } = kube;
    // By name the second would come first: only its age decides.
    const older = await expose(kubectl, backend, 'z-older', { annotations: { path: '/contested' } });
    await nextSecondAfterCreationOf('z-older');
    const newer = await expose(kubectl, backend, 'a-newer', { annotations: { path: '/contested' } });
    const conflict = await eventually('the conflict shows', async () => (await entry.table()).conflicts.at(0));
    assert.deepEqual(conflict, {
      host: '',
      path: '/contested',
      winner: { namespace: 'default', name: 'z-older' },
      loser: { namespace: 'default', name: 'a-newer' },
    });
    // The conflict shows before the workers have the table.
    await timeUntil('the older is served', () => isServed('/contested', older));

    await kubectl.run(['delete', 'service', 'z-older']);
    await timeUntil('the other takes over', () => isServed('/contested', newer));
    assert.deepEqual((await entry.table()).conflicts, []);
    await kubectl.run(['delete', 'service', 'a-newer']);
  });

  it('is refused with a reason when it cannot be served; socket, command and metrics agree on what is', async () => {
    const { kubectl } = kube;
    const { port } = backend;
    await kubectl.apply(
      manifest('good', port, { annotations: { path: '/good,/better', host: 'shop.example.com' } }),
      manifest('good-twin', port, { annotations: { path: '/better', host: 'shop.example.com' } }),
      manifest('bad-path', port, { annotations: { path: 'no-slash' } }),
      manifest('bad-switch', port, { annotations: { path: '/bad-switch', 'strip-prefix': 'yes' } }),
      manifest('unknown-port', port, { annotations: { path: '/unknown-port', port: 'admin' } }),
      manifest('headless', port, { spec: { clusterIP: 'None' } }),
      manifest('misspelt', port, { annotations: { paths: '/misspelt' } }),
      manifest('outside', port, { spec: { type: 'ExternalName', externalName: 'example.com' } }),
      manifest('not-asked-for', port, { annotations: {} }),
      manifest('last', port),
    );
    const table = await eventually('the last of them is served', async () => {
      const view = await entry.table();
      return view.routes.some(({ service }) => service.name === 'last') && view;
    });

    assert.deepEqual(table.refusals.map(({ service, reason }) => `${service.name} ${reason}`).sort(), [
      'bad-path BadAnnotation',
      'bad-switch BadAnnotation',
      'headless HeadlessService',
      'misspelt UnknownAnnotation',
      'outside ExternalNameNotAllowed',
      'unknown-port UnknownPort',
    ]);
    for (const path of ['/bad-switch', '/unknown-port', '/headless', '/misspelt', '/outside', '/not-asked-for']) {
      assert.equal((await entry.get(path)).status, 404, path);
    }

    const printed = await runCommand('routes', '--kubeconfig', kube.kubeconfig('entry'), '--output', 'json');
    assert.deepEqual(comparable(JSON.parse(printed) as TableView), comparable(table));

    const metrics = await entry.metrics();
    assert.equal(metrics.get('kube_entry_routes'), table.routes.length);
    assert.equal(metrics.get('kube_entry_route_conflicts'), table.conflicts.length);
    assert.equal(metrics.get('kube_entry_config_version'), table.version);
    assert.equal(metrics.get('kube_entry_kube_watch_synced'), 1);
    const refused = [...metrics].filter(([name]) => name.startsWith('kube_entry_route_refusals{'));
    assert.deepEqual(Object.fromEntries(refused.map(([name, value]) => [/reason="(\w+)"/.exec(name)?.[1], value])), {
      BadAnnotation: 2,
      ExternalNameNotAllowed: 1,
      HeadlessService: 1,
      UnknownAnnotation: 1,
      UnknownPort: 1,
    });
  });
});

describe('kubectl describe service', () => {
  it('tells the whole story, once for all replicas, and a replica that starts adds nothing', async t => {
    const { kubectl } = kube;
    await using replica = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    await replica.ready();
    const events = async (name: string) => eventsPart(await kubectl.run(['describe', 'service', name]));
    const tells = (name: string, ...lines: readonly RegExp[]) =>
      eventually(
        `${name} tells ${lines.join(' ')}`,
        async () => {
          const told = await events(name);
          return lines.every(line => told.some(text => line.test(text)));
        },
        DEADLINE_MS,
      );

    const address = await expose(kubectl, backend, 'shown', { annotations: { path: '/shown,/also' } });
    const endpoint = `${address}:${backend.port}`;
    const exposed = `Normal +Exposed +\\S+ +kube-entry +exposed at /shown, /also \\(to ${endpoint}\\)`;
    await tells('shown', new RegExp(exposed));
    const bad = { annotations: { path: '/shown', 'read-timeout': 'soon' } };
    await kubectl.apply(manifest('shown', backend.port, bad));
    await tells('shown', /Warning +BadAnnotation +\S+ +kube-entry +kube-entry\.io\/read-timeout: .*"soon"/);
    await kubectl.apply(manifest('shown', backend.port, { annotations: { path: '/shown,/also' } }));
    await tells('shown', /Exposed +\S+ \(x2 over \S+\) +kube-entry +exposed at \/shown, \/also/);

    await expose(kubectl, backend, 'z-first', { annotations: { path: '/contested' } });
    await nextSecondAfterCreationOf('z-first');
    await expose(kubectl, backend, 'a-second', { annotations: { path: '/contested' } });
    await tells(
      'a-second',
      /Warning +Conflict .*\/contested belongs to the older Service default\/z-first; this Service/,
    );
    await kubectl.run(['annotate', 'service', 'z-first', 'kube-entry.io/path-']);
    await tells('a-second', /Normal +TookOver .*took over .* from default\/z-first/, /Exposed .*\/contested/);
    await tells('z-first', /Normal +Withdrawn .*no longer exposed at \/contested/);
    await kubectl.run(['annotate', 'service', 'z-first', 'kube-entry.io/path=/contested']);
    await tells('a-second', /Conflict +\S+ \(x2 over \S+\)/);
    await tells('z-first', /Exposed +\S+ \(x2 over \S+\)/);

    const before = await story();
    await using late = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    await late.ready();
    // The entry says this after all that it says at its start, and there is no other entry.
    await Promise.all([entry.stop(), replica.stop()]);
    await kubectl.apply(manifest('last-word', backend.port, { annotations: { path: 'no-slash' } }));
    await tells('last-word', /BadAnnotation/);
    assert.deepEqual(
      (await story()).filter(line => !line.includes('no-slash')),
      before.filter(line => !line.includes('no-slash')),
    );
    for (const name of ['shown', 'a-second', 'z-first', 'last-word']) {
      t.diagnostic(`${name}\n${(await events(name)).join('\n')}`);
      await kubectl.run(['delete', 'service', name]);
    }
  });
});

/** Lines of the table of Events. */
function eventsPart(description: string): string[] {
  const lines = description.trimEnd().split('\n');
  return lines.slice(lines.findIndex(line => line.startsWith('Events:')) + 1);
}

/** All that was said of the Services of this namespace, and how often, without what time alone changes. */
async function story(): Promise<string[]> {
  const events = listAt(await kube.kubectl.json(['get', 'events', '--namespace', 'default']), 'items');
  return events.map(event => ['reason', 'count', 'message'].map(field => dig(event, field)).join(' ')).sort();
}

/** Timestamps of Kubernetes count seconds. */
async function nextSecondAfterCreationOf(name: string): Promise<void> {
  const created = String(dig(await kube.kubectl.json(['get', 'service', name]), 'metadata', 'creationTimestamp'));
  await delay(Math.max(0, Date.parse(created) + 1_000 - Date.now()));
}

/** What both views have, in an order that does not depend on when it came. */
function comparable(view: TableView | RunningView): object {
  const sorted = (list: readonly object[]): string[] => list.map(item => JSON.stringify(item)).sort();
  return {
    routes: sorted(view.routes),
    refusals: sorted(view.refusals),
    warnings: sorted(view.warnings),
    conflicts: sorted(view.conflicts),
  };
}

function report(t: TestContext, what: string, times: readonly number[]): void {
  const slowest = Math.max(...times).toFixed(1);
  const often = times.length === 1 ? '' : `, the slowest of ${times.length}`;
  t.diagnostic(`${what}: ${slowest} ms after kubectl returned${often}`);
}
