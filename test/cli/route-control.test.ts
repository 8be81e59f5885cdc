import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Announcer } from '../../src/control/announcer.ts';
import { Catalog } from '../../src/control/catalog.ts';
import { ControlErrors } from '../../src/control/control-errors.ts';
import { RouteControl, type RouteSource } from '../../src/control/route-control.ts';
import { SettingsError } from '../../src/errors.ts';
import type { Delta } from '../../src/model/delta.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { silentLogger } from '../../src/observe/logger.ts';
import { RouteTable } from '../../src/routing/table.ts';
import { DEFAULTS, type Settings } from '../../src/settings/schema.ts';
import type { Receipt } from '../../src/workers/distribution.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { service } from '../support/services.ts';

/** As long as changes wait behind one that went out. */
const GATHER_MS = 4;

/** Stands in for the workers: takes a table, and acknowledges it when it is told to. */
class HeldFleet {
  readonly board = new CounterBoard();
  table = RouteTable.EMPTY;
  restarts = 0;
  alive = 2;
  settings: Settings = DEFAULTS;
  readonly deltas: Delta[] = [];
  #acknowledge: (() => void)[] = [];

  publish(delta: Delta): Receipt {
    this.deltas.push(delta);
    this.table = this.table.apply({ version: delta.version, ...delta.routes });
    return this.#receipt();
  }

  cluster(): undefined {
    return undefined;
  }

  readonly affinityKeys = [];

  clusters(): [] {
    return [];
  }

  updateSettings(settings: Settings): Receipt {
    this.settings = settings;
    return this.#receipt();
  }

  report(): [] {
    return [];
  }

  #receipt(): Receipt {
    const answering = new Promise<void>(resolve => this.#acknowledge.push(resolve));
    return { answering, everywhere: answering };
  }

  /** @param count of the oldest that wait; absent: all of them */
  acknowledge(count = this.#acknowledge.length): void {
    for (const resolve of this.#acknowledge.splice(0, count)) resolve();
  }
}

function parts(settings: Partial<Settings> = {}, committed?: RouteSource['committed']) {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'services' });
  const fleet = new HeldFleet();
  const propagations: number[] = [];
  const clock = new FakeClock();
  const logger = silentLogger();
  const control = new RouteControl({
    failures: { report: () => [] },
    settings: { ...DEFAULTS, logLevel: 'error', ...settings },
    catalog,
    fleet,
    announcer: new Announcer(catalog, logger),
    errors: new ControlErrors(logger),
    descriptors: { exhausted: 0 },
    logger,
    health: { reportOf: () => undefined, outOfUse: () => [], settingsChanged: () => undefined },
    source: {
      report: () => ({ kind: 'manifests', synced: true }),
      watchState: () => undefined,
      ...(committed && { committed }),
    },
    metrics: () => ({
      observePropagation: seconds => void propagations.push(seconds),
      scrape: async () => ({ contentType: 'text/plain', body: Buffer.alloc(0) }),
    }),
    clock,
  });
  return { catalog, clock, fleet, control, propagations };
}

function paths({ table }: HeldFleet): string[] {
  return [...table.routes()].map(({ path }) => path).sort();
}

/** Lets everything run that needs no event from outside. */
async function settled(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

test('what the catalog says of a change is said when the workers serve it, and not with an earlier one', async () => {
  const said: number[] = [];
  let commits = 0;
  const { catalog, clock, fleet, control } = parts({}, () => {
    commits += 1;
    const number = commits;
    return () => void said.push(number);
  });
  catalog.replace([service('a')]);
  const first = control.changed(clock.monotonic());
  await settled();
  const nothing = control.changed(clock.monotonic());
  clock.advance(GATHER_MS);
  await settled();
  assert.deepEqual([commits, said], [2, []], 'nothing has changed since, and the first table is still on its way');
  catalog.upsert(service('b'));
  const more = control.changed(clock.monotonic());
  clock.advance(GATHER_MS);
  await settled();
  fleet.acknowledge(1);
  await Promise.all([first, nothing]);
  await settled();
  assert.deepEqual([commits, said], [3, [1, 2]]);
  fleet.acknowledge();
  await more;
  assert.deepEqual(said, [1, 2, 3]);
});

test('nothing is published before the source is complete, and an empty table counts as the first', async () => {
  const { catalog, clock, fleet, control } = parts();
  await control.changed(clock.monotonic());
  assert.deepEqual(fleet.deltas, []);
  catalog.replace([]);
  const done = control.changed(clock.monotonic());
  await settled();
  assert.equal(control.isInitialised, false, 'no worker has acknowledged it yet');
  fleet.acknowledge();
  await done;
  assert.equal(control.isInitialised, true);
  assert.deepEqual(
    fleet.deltas.map(({ version, routes: { upserts } }) => ({ version, upserts })),
    [{ version: 0, upserts: [] }],
  );
});

test('a change right after one that changed nothing is not lost', async () => {
  const { catalog, clock, fleet, control } = parts();
  catalog.replace([service('a')]);
  const first = control.changed(clock.monotonic());
  await settled();
  fleet.acknowledge();
  await first;
  clock.advance(GATHER_MS);

  catalog.upsert(service('a'));
  void control.changed(clock.monotonic());
  catalog.upsert(service('b'));
  void control.changed(clock.monotonic());
  await settled();
  assert.deepEqual(paths(fleet), ['/a', '/b']);
});

test('the change that makes the source complete is not lost behind one that does not', async () => {
  const { catalog, clock, fleet, control } = parts();
  void control.changed(clock.monotonic());
  catalog.replace([service('a')]);
  void control.changed(clock.monotonic());
  await settled();
  assert.deepEqual(paths(fleet), ['/a']);
});

test('changes of one turn go out together, and none waits for the workers to take the last', async () => {
  const { catalog, clock, fleet, control, propagations } = parts();
  catalog.replace([service('a')]);
  const first = control.changed(clock.monotonic());
  await settled();
  clock.advance(GATHER_MS);
  const others = ['b', 'c', 'd'].map(name => {
    catalog.upsert(service(name));
    return control.changed(clock.monotonic());
  });
  await settled();
  assert.equal(fleet.deltas.length, 2);
  assert.deepEqual(paths(fleet), ['/a', '/b', '/c', '/d']);
  let served = false;
  void Promise.all([first, ...others]).then(() => {
    served = true;
  });
  await settled();
  assert.equal(served, false, 'no worker has acknowledged it yet');
  assert.deepEqual(propagations, []);
  clock.advance(1_000);
  fleet.acknowledge();
  await Promise.all([first, ...others]);
  await settled();
  assert.deepEqual(propagations, [1.004, 1]);
});

test('changes that follow one closely wait until four milliseconds after it, and go out together', async () => {
  const { catalog, clock, fleet, control, propagations } = parts();
  const change = (name: string): void => {
    catalog.upsert(service(name));
    void control.changed(clock.monotonic());
  };
  catalog.replace([]);
  void control.changed(clock.monotonic());
  await settled();
  clock.advance(1);
  change('a');
  await settled();
  clock.advance(2);
  change('b');
  await settled();
  assert.equal(fleet.deltas.length, 1);
  clock.advance(1);
  await settled();
  assert.equal(fleet.deltas.length, 2);
  assert.deepEqual(paths(fleet), ['/a', '/b']);
  clock.advance(GATHER_MS - 1);
  change('c');
  await settled();
  assert.equal(fleet.deltas.length, 2, 'one that waited begins another wait');
  clock.advance(1);
  await settled();
  assert.equal(fleet.deltas.length, 3);
  clock.advance(GATHER_MS);
  change('d');
  await settled();
  assert.equal(fleet.deltas.length, 4, 'one that comes alone goes at once');
  fleet.acknowledge();
  await settled();
  assert.deepEqual(propagations, [0.012, 0.011, 0.005, 0], 'from when the first of them came');
});

test('what changes nothing for the workers begins no wait', async () => {
  const { catalog, clock, fleet, control } = parts();
  catalog.replace([]);
  void control.changed(clock.monotonic());
  await settled();
  clock.advance(GATHER_MS);
  void control.changed(clock.monotonic());
  await settled();
  fleet.acknowledge();
  await settled();
  catalog.upsert(service('a'));
  void control.changed(clock.monotonic());
  await settled();
  assert.deepEqual(paths(fleet), ['/a']);
});

test('pushed settings are answered when every worker goes by them', async () => {
  const { control, fleet } = parts();
  let answered = false;
  const pushed = control.pushGeneral({ proxyReadTimeout: '7s' }).then(() => {
    answered = true;
  });
  await settled();
  assert.equal(fleet.settings.proxyReadTimeout, 7_000);
  assert.equal(answered, false);
  fleet.acknowledge();
  await pushed;
});

test('the metrics say when it is ready, when it drains, and what its workers take', async () => {
  const { catalog, clock, fleet, control } = parts();
  const shown = (): unknown[] => {
    const { ready, draining, workers, workerConnections } = control.programState();
    return [ready, draining, workers, workerConnections];
  };
  assert.deepEqual(shown(), [false, false, 2, DEFAULTS.workerConnections]);
  catalog.replace([]);
  const served = control.changed(clock.monotonic());
  await settled();
  fleet.acknowledge();
  await served;
  const pushed = control.pushGeneral({ workerConnections: 100 });
  await settled();
  fleet.acknowledge();
  await pushed;
  fleet.alive = 1;
  assert.deepEqual(shown(), [true, false, 1, 100]);
  control.isDraining = true;
  assert.deepEqual(shown(), [false, true, 1, 100]);
});

test('pushed settings must be an object', async () => {
  const { control, fleet } = parts();
  for (const value of [null, [], 'proxyReadTimeout', 3, true]) {
    await assert.rejects(control.pushGeneral(value), SettingsError, JSON.stringify(value));
  }
  await assert.rejects(control.pushGeneral({ controllerPodsCount: -1 }), SettingsError);
  await assert.rejects(control.pushGeneral({ controllerPodsCount: '2' }), SettingsError);
  const pushed = control.pushGeneral({ controllerPodsCount: 2 });
  fleet.acknowledge();
  await pushed;
  assert.equal(control.general().controllerPodsCount, 2);
});

test('a bad setting among good ones changes nothing', async () => {
  const { control, fleet } = parts();
  await assert.rejects(control.pushGeneral({ proxyReadTimeout: '1s', sendTimeout: 'soon' }), SettingsError);
  await assert.rejects(control.pushGeneral({ proxyReadTimeout: '1s', controllerPodsCount: 1.5 }), SettingsError);
  await assert.rejects(control.pushGeneral({ proxyReadTimeout: '1s', listen: '127.0.0.1:1' }), SettingsError);
  assert.equal(control.settings.proxyReadTimeout, DEFAULTS.proxyReadTimeout);
  assert.equal(fleet.settings, DEFAULTS, 'no worker was told anything');
});

test('settings read again leave alone what was pushed and what needs a restart', async () => {
  const { control, fleet } = parts();
  void control.pushGeneral({ proxyReadTimeout: '7s' });
  void control.reload({
    ...DEFAULTS,
    logLevel: 'error',
    proxyReadTimeout: 1_000,
    sendTimeout: 2_000,
    workers: DEFAULTS.workers + 1,
  });
  const { proxyReadTimeout, sendTimeout, workers } = fleet.settings;
  assert.deepEqual(
    { proxyReadTimeout, sendTimeout, workers },
    { proxyReadTimeout: 7_000, sendTimeout: 2_000, workers: DEFAULTS.workers },
  );
});
