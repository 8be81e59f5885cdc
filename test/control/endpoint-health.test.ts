import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { EndpointHealth } from '../../src/control/health/endpoint-health.ts';
import { HealthAnnouncer } from '../../src/control/health/health-announcer.ts';
import type { Cluster, ClusterEndpoint } from '../../src/model/cluster.ts';
import { EJECTED, EndpointBoard, NO_SLOT, TRIAL, USABLE } from '../../src/observe/endpoint-board.ts';
import { DEFAULTS } from '../../src/settings/schema.ts';
import type { ServiceEvent } from '../../src/sources/kube/event-object.ts';
import { FakeClock } from '../support/fake-clock.ts';

const CART = { namespace: 'shop', name: 'cart' };

function cluster(fields: Partial<Cluster> = {}): Cluster {
  return {
    id: 'cart:80',
    name: 'shop-cart-80',
    service: CART,
    balance: { policy: 'least-request' },
    maxRequests: 0,
    slowStartMs: 0,
    ...fields,
  };
}

function pod(number: number, fields: Partial<ClusterEndpoint> = {}): ClusterEndpoint {
  const address = `10.0.0.${number}`;
  return {
    id: `uid-${number}`,
    address,
    port: 8080,
    pod: `cart-${number}`,
    zone: '',
    weight: 1,
    state: 'ready',
    ...fields,
  };
}

const PODS = [pod(0), pod(1), pod(2)];
const SLOTS = [0, 1, 2];

class Scene {
  readonly board = new EndpointBoard(2);
  readonly row = this.board.row(1);
  readonly clock = new FakeClock();
  readonly events: ServiceEvent[] = [];
  readonly log: { readonly msg: string; readonly service?: string; readonly endpoints?: string }[] = [];
  /** Addresses whose check fails. */
  readonly ill = new Set<string>();
  checks = 0;
  readonly health = new EndpointHealth({
    board: this.board,
    clock: this.clock,
    settings: DEFAULTS,
    random: () => 0.5,
    probe: {
      check: async ({ address }) => {
        this.checks += 1;
        return this.ill.has(address) ? { passed: false, detail: 'status 503' } : { passed: true, detail: 'status 200' };
      },
    },
    announcer: new HealthAnnouncer({
      logger: pino({ base: null }, { write: line => void this.log.push(JSON.parse(line)) }),
      events: () => ({ record: event => void this.events.push(event) }),
      subjectOf: service => ({ ...service, uid: 'service-uid' }),
    }),
  });

  fail(slot: number, id = 'cart:80'): void {
    for (let count = 0; count < 5; count += 1) this.row.failed(slot);
    this.health.suspect(id, slot);
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      this.clock.advance(1000);
      await turn();
    }
  }

  verdicts(slots = SLOTS): number[] {
    return slots.map(slot => this.board.verdict(slot));
  }

  get said(): string[] {
    return this.events
      .splice(0)
      .map(({ service, type, reason, message }) => `${service.name} ${type} ${reason} ${message}`);
  }
}

test('a message of a worker ejects at once, without waiting for the sweep; one about an unknown slot or cluster does nothing', () => {
  const scene = new Scene();
  scene.health.update(cluster(), PODS, SLOTS);
  scene.health.suspect('cart:80', 77);
  scene.health.suspect('other', 1);
  scene.fail(1);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
});

test('clusters are judged apart: one with one endpoint keeps it', () => {
  const scene = new Scene();
  scene.health.update(cluster(), PODS, SLOTS);
  scene.health.update(cluster({ id: 'cart:81' }), [pod(0)], [5]);
  scene.fail(5, 'cart:81');
  assert.equal(scene.board.verdict(5), USABLE);
});

test('a cluster whose ClusterIP is used is not judged, also when its endpoints were', async () => {
  const scene = new Scene();
  scene.health.update(cluster(), PODS, SLOTS);
  scene.fail(1);
  scene.health.update(cluster({ balance: { policy: 'service' } }), [pod(0)], undefined);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  assert.equal(scene.health.reportOf('cart:80'), undefined);
});

test('a cluster that is removed is forgotten', () => {
  const scene = new Scene();
  scene.health.update(cluster(), PODS, SLOTS);
  scene.fail(1);
  scene.health.remove('cart:80');
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  assert.deepEqual([...scene.health.counts()], []);
});

test('settings that change while it runs count', async () => {
  const scene = new Scene();
  scene.health.update(cluster(), PODS, SLOTS);
  scene.health.settingsChanged({ ...DEFAULTS, outlierFailures: 2, outlierEjectionTime: 1000 });
  scene.row.failed(1);
  scene.row.failed(1);
  await scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  await scene.pass(1);
  assert.deepEqual(scene.verdicts(), [USABLE, TRIAL, USABLE]);
});

test('the owner of a Service is told by one Event which pods are out, and by one which are back', async () => {
  const scene = new Scene();
  const pods = Array.from({ length: 30 }, (_, number) => pod(number));
  scene.health.update(
    cluster(),
    pods,
    pods.map((_, slot) => slot),
  );
  for (let slot = 0; slot < 7; slot += 1) scene.fail(slot);
  assert.deepEqual(scene.said, []);
  await scene.pass(1);
  const out = [0, 1, 2, 3, 4].map(
    number => `cart-${number} (10.0.0.${number}:8080) gets no requests: requests to it failed, one after the other`,
  );
  assert.deepEqual(scene.said, [`cart Warning EndpointEjected ${out.join('; ')}; and 2 more`]);
  assert.equal(scene.log.length, 1);
  assert.equal(scene.log[0]?.service, 'shop/cart');
  await scene.pass(30);
  assert.ok(scene.row.takeTrial(3));
  scene.row.succeeded(3, 1);
  await scene.pass(1);
  assert.deepEqual(scene.said, ['cart Normal EndpointReturned cart-3 (10.0.0.3:8080) gets requests again']);
});

test('a trial that fails is no news', async () => {
  const scene = new Scene();
  scene.health.update(cluster(), PODS, SLOTS);
  scene.fail(1);
  await scene.pass(31);
  scene.events.splice(0);
  scene.row.takeTrial(1);
  scene.row.failed(1);
  await scene.pass(5);
  assert.deepEqual(scene.said, []);
  assert.deepEqual(scene.health.ejections, { failures_in_a_row: 1, failure_percentage: 0, failed_trial: 1 });
});

test('Services that lose endpoints all at the same time do not fill the log', async () => {
  const scene = new Scene();
  for (let number = 0; number < 100; number += 1) {
    const service = { namespace: 'shop', name: `s${number}` };
    const slots = SLOTS.map(slot => 3 * number + slot);
    scene.health.update(cluster({ id: service.name, service }), PODS, slots);
    scene.fail(3 * number, service.name);
  }
  await scene.pass(1);
  assert.equal(scene.events.length, 100);
  assert.equal(scene.log.length, 10);
});

test('the active check of a cluster takes an endpoint out and in again, and tells its owner', async () => {
  const scene = new Scene();
  scene.health.update(cluster({ healthCheck: { path: '/healthz', intervalMs: 5_000 } }), PODS, SLOTS);
  scene.ill.add('10.0.0.1');
  await scene.pass(6);
  assert.deepEqual(scene.verdicts(), [USABLE, EJECTED, USABLE]);
  assert.deepEqual(scene.said, [
    'cart Warning EndpointUnhealthy cart-1 (10.0.0.1:8080) gets no requests: its health check fails: status 503',
  ]);
  scene.ill.clear();
  await scene.pass(12);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  assert.deepEqual(scene.said, ['cart Normal EndpointReturned cart-1 (10.0.0.1:8080) gets requests again']);
});

test('a cluster that is no longer to be checked, and a pod that leaves, are not asked any more', async () => {
  const scene = new Scene();
  const healthCheck = { path: '/healthz', intervalMs: 5_000 };
  scene.ill.add('10.0.0.1').add('10.0.0.2');
  scene.health.update(cluster({ healthCheck }), PODS, SLOTS);
  await scene.pass(5);
  assert.equal(scene.checks, 3);
  scene.health.update(cluster({ healthCheck }), PODS.slice(0, 1), [0]);
  await scene.pass(5);
  assert.equal(scene.checks, 4);
  scene.health.update(cluster({ healthCheck }), PODS, SLOTS);
  await scene.pass(5);
  scene.health.update(cluster(), PODS, SLOTS);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  const before = scene.checks;
  await scene.pass(30);
  assert.equal(scene.checks, before);
  scene.health.close();
  assert.equal(scene.clock.pending, 0);
});

test('a draining pod is neither judged nor checked', async () => {
  const scene = new Scene();
  const healthCheck = { path: '/healthz', intervalMs: 5_000 };
  scene.health.update(cluster({ healthCheck }), [pod(0), pod(1, { state: 'draining' }), pod(2)], SLOTS);
  scene.fail(1);
  await scene.pass(5);
  assert.deepEqual(scene.verdicts(), [USABLE, USABLE, USABLE]);
  assert.equal(scene.checks, 2);
});

test('a report says of each endpoint how it is', async () => {
  const scene = new Scene();
  const pods = [...PODS, pod(3, { state: 'draining' }), pod(4)];
  scene.health.update(cluster({ healthCheck: { path: '/', intervalMs: 2_000 } }), pods, [0, 1, 2, 3, NO_SLOT]);
  scene.ill.add('10.0.0.2');
  await scene.pass(2);
  scene.row.begin(0);
  scene.row.succeeded(0, 12);
  scene.fail(1);
  const report = scene.health.reportOf('cart:80');
  assert.ok(report);
  assert.equal(report.name, 'shop-cart-80');
  assert.equal(report.usesAll, false);
  assert.equal(report.more, 0);
  assert.deepEqual(
    report.endpoints.map(({ health, inFlight, firstByteMs, ejection, check }) => [
      health,
      inFlight,
      firstByteMs,
      ejection,
      check?.detail,
    ]),
    [
      ['ready', 1, 12, undefined, 'status 200'],
      [
        'ejected',
        0,
        undefined,
        { reason: 'failures_in_a_row', times: 1, until: scene.clock.now() + 30_000 },
        'status 200',
      ],
      ['unhealthy', 0, undefined, undefined, 'status 503'],
      ['draining', 0, undefined, undefined, undefined],
      ['ready', 0, undefined, undefined, 'status 200'],
    ],
  );
  assert.deepEqual(
    scene.health.outOfUse('cart:80', 2).map(({ health }) => health),
    ['ejected', 'unhealthy'],
  );
  await scene.pass(30);
  assert.equal(scene.health.reportOf('cart:80')?.endpoints[1]?.health, 'trial');
  assert.equal(scene.health.reportOf('other:80'), undefined);
});

test('a report lists a thousand endpoints at most, and says how many more there are', () => {
  const scene = new Scene();
  const pods = Array.from({ length: 1_200 }, (_, number) => pod(number));
  scene.health.update(
    cluster(),
    pods,
    pods.map((_, slot) => slot),
  );
  const report = scene.health.reportOf('cart:80');
  assert.equal(report?.endpoints.length, 1_000);
  assert.equal(report?.more, 200);
});

test('endpoints are counted by Service and state, over its clusters; without any, none is ready', () => {
  const scene = new Scene();
  scene.health.update(cluster(), PODS, SLOTS);
  scene.health.update(cluster({ id: 'cart:81' }), [pod(0), pod(1, { state: 'draining' })], [5, 6]);
  scene.health.update(cluster({ id: 'empty', service: { namespace: 'shop', name: 'empty' } }), [], []);
  scene.fail(2);
  assert.deepEqual(
    [...scene.health.counts()].map(({ service, counts }) => [service.name, Object.fromEntries(counts)]),
    [
      ['cart', { ready: 3, ejected: 1, draining: 1 }],
      ['empty', { ready: 0 }],
    ],
  );
});
