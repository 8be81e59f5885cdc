/** The Gateway API on a real API server: CRDs that come late and go, statuses beside another controller's, and a thousand routes. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { dig, listAt } from '../deploy/objects.ts';
import { podAddress } from '../support/cluster-network.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { installGatewayCrds, WITHOUT_CRDS } from '../support/gateway-crds.ts';
import { CONTROLLER, gateway, gatewayClass, httpRoute } from '../support/gateways.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { RealKube } from '../support/real-kube.ts';
import { grantClusterRole, grantGateways } from '../support/real-rights.ts';
import { expose } from '../support/real-services.ts';

const DEADLINE_MS = 180_000;
const API = '/apis/gateway.networking.k8s.io/v1';
const ROUTES = `${API}/namespaces/default/httproutes`;
const GATEWAYS = `${API}/namespaces/default/gateways`;
const LEASE = 'kube-entry/kube-entry-ingress';
const PORT = 80;
const MANY_GATEWAYS = 50;
const MANY_ROUTES = 1_000;
const AT_ONCE = 8;
const EDITS = 40;
const QUIET_MS = 2_000;
const FOREIGN = { name: 'theirs', group: 'gateway.networking.k8s.io', kind: 'Gateway' };

let kube: RealKube;
let backend: RealBackend;
let pod: string;

const skip = WITHOUT_CRDS;

before(async () => {
  if (skip !== false) return;
  kube = await RealKube.start();
  await grantClusterRole(kube);
  await grantGateways(kube);
  backend = await RealBackend.start();
  pod = podAddress();
  await backend.serve(pod);
  await expose(kube.kubectl, backend, 'shop', { annotations: {} });
  const ports = [{ name: 'http', port: backend.port, protocol: 'TCP' }];
  await kube.kubectl.apply(endpointSlice('shop', { ports, endpoints: [endpoint(pod)] }));
});

after(async () => {
  await backend?.stop();
  await kube?.stop();
});

function address(index: number): string {
  return `127.3.${Math.floor(index / 200)}.${(index % 200) + 1}`;
}

function start(...addresses: readonly string[]): Promise<RealEntry> {
  return RealEntry.start(
    ...['--kubeconfig', kube.kubeconfig('entry'), '--status-lease', LEASE],
    ...['--gateway-controller', CONTROLLER, '--gateway-addresses', addresses.join()],
  );
}

function route(name: string, more: object = {}): object {
  const rules = [{ backendRefs: [{ name: 'shop', port: backend.port }] }];
  const { metadata, ...object } = httpRoute(name, { rules, ...more });
  return { ...object, metadata: { name: metadata.name } };
}

function gate(name: string, more: object = {}): object {
  const { metadata, ...object } = gateway(name, more);
  return { ...object, metadata: { name: metadata.name } };
}

async function api(method: 'DELETE' | 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const answer = await kube.api(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function createClass(): Promise<void> {
  const { metadata, ...object } = gatewayClass();
  await kube.kubectl.apply({ ...object, metadata: { name: metadata.name } });
}

/** What a listener answers; 0 where nothing listens. */
async function statusAt(place: string, host: string, path = '/'): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  request({ host: place, port: PORT, path, headers: { host }, agent: false }, response => {
    void text(response).then(
      () => resolve(response.statusCode ?? 0),
      () => resolve(0),
    );
  })
    .on('error', () => resolve(0))
    .end();
  return await promise;
}

/** Our entry in the status of a route. */
async function ownParent(name: string): Promise<unknown> {
  const parents = itemsAt(await api('GET', `${ROUTES}/${name}`), 'status', 'parents');
  return parents.find(parent => dig(parent, 'controllerName') === CONTROLLER);
}

/** The list at a path; empty where nothing is there. */
function itemsAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const items = dig(value, ...path);
  return Array.isArray(items) ? items : [];
}

function conditionOf(object: unknown, type: string): unknown {
  return itemsAt(object, 'conditions').find(condition => dig(condition, 'type') === type);
}

async function isAccepted(name: string): Promise<boolean> {
  return dig(conditionOf(await ownParent(name).catch(() => undefined), 'Accepted'), 'status') === 'True';
}

/** Does it to all of them, several at a time. */
async function each<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function writesOf(entry: RealEntry): Promise<number> {
  return (await entry.metrics()).get('kube_entry_gateway_status_writes_total{result="written"}') ?? 0;
}

/** Waits until no status has been written for a while. @returns how many have been */
async function untilQuiet(entry: RealEntry): Promise<number> {
  return await eventually(
    'no status is written any more',
    async () => {
      const before = await writesOf(entry);
      await delay(QUIET_MS);
      return (await writesOf(entry)) === before && { count: before };
    },
    DEADLINE_MS,
  ).then(({ count }) => count);
}

function complaintsOf(entry: RealEntry): string[] {
  return entry
    .log()
    .filter(({ msg }) => /may not/.test(msg))
    .map(({ msg }) => msg);
}

describe('CRDs of the Gateway API', { skip }, () => {
  it('may come after the start, in parts, and go again', async () => {
    await using entry = await start(address(0));
    await entry.ready();
    await installGatewayCrds(kube, 'grpcroutes');
    await createClass();
    await api('POST', GATEWAYS, gate('early'));
    const parentRefs = [{ name: 'early' }];
    await api('POST', ROUTES, route('late', { parentRefs }));
    await eventually('it is served', async () => (await statusAt(address(0), 'late.example')) === 200, DEADLINE_MS);
    await eventually('it says so', () => isAccepted('late'), DEADLINE_MS);
    const isProgrammed = async (): Promise<boolean> => {
      const status = dig(await api('GET', `${GATEWAYS}/early`), 'status');
      const counted = dig(status, 'listeners', 0, 'attachedRoutes') === 1;
      return dig(conditionOf(status, 'Programmed'), 'status') === 'True' && counted;
    };
    await eventually('the Gateway says so', isProgrammed, DEADLINE_MS);
    assert.equal(dig(await api('GET', `${GATEWAYS}/early`), 'status', 'addresses', 0, 'value'), address(0));
    const definition = 'httproutes.gateway.networking.k8s.io';
    await kube.kubectl.run(['delete', 'crd', definition, '--timeout=60s']);
    await eventually('it is gone', async () => (await statusAt(address(0), 'late.example')) === 404, DEADLINE_MS);
    await installGatewayCrds(kube);
    await api('POST', ROUTES, route('again', { parentRefs }));
    await eventually(
      'another is served',
      async () => (await statusAt(address(0), 'again.example')) === 200,
      DEADLINE_MS,
    );
    assert.deepEqual(complaintsOf(entry), []);
    await api('DELETE', `${ROUTES}/again`);
    await api('DELETE', `${GATEWAYS}/early`);
  });
});

describe('the statuses of two replicas and another controller', { skip }, () => {
  it('do not get in each other’s way, and the second replica goes on when the first is killed', async t => {
    await installGatewayCrds(kube);
    await createClass();
    await api('POST', GATEWAYS, gate('gate'));
    await api('POST', GATEWAYS, gate('theirs', { gatewayClassName: 'another' }));
    const parentRefs = [{ name: 'theirs' }, { name: 'gate' }];
    const first = await start(address(0));
    try {
      await first.ready();
      await api('POST', ROUTES, route('both', { parentRefs }));
      await eventually('ours is written', () => isAccepted('both'), DEADLINE_MS);
      await using second = await start(address(1));
      await second.ready();

      // Their controller writes all the time, as one that never settles, and each time what it has read.
      const theirs = { parentRef: FOREIGN, controllerName: 'example.com/theirs' };
      const condition = (round: number): object => ({
        ...{
          type: 'Accepted',
          status: 'True',
          reason: 'Accepted',
          message: `round ${round}`,
          observedGeneration: round,
        },
        lastTransitionTime: '2026-01-01T00:00:00Z',
      });
      const rounds = 30;
      for (let round = 1; round <= rounds; round += 1) {
        await eventually('theirs is written', async () => {
          const stored = await api('GET', `${ROUTES}/both`);
          const others = itemsAt(stored, 'status', 'parents').filter(
            each => dig(each, 'controllerName') === CONTROLLER,
          );
          const parents = [{ ...theirs, conditions: [condition(round)] }, ...others];
          const { status } = await kube.api('PUT', `${ROUTES}/both/status`, { ...Object(stored), status: { parents } });
          return status === 200;
        });
        if (round % 3 === 0) {
          await kube.api('PATCH', `${ROUTES}/both`, { spec: { hostnames: [`round-${round}.example`] } });
        }
      }
      const catchesUp = async (): Promise<boolean> => {
        const stored = await api('GET', `${ROUTES}/both`);
        const own = conditionOf(await ownParent('both'), 'Accepted');
        return dig(own, 'observedGeneration') === dig(stored, 'metadata', 'generation');
      };
      await eventually('ours has caught up', catchesUp, DEADLINE_MS);
      const parents = listAt(await api('GET', `${ROUTES}/both`), 'status', 'parents');
      assert.equal(parents.length, 2);
      assert.deepEqual(parents[0], { ...theirs, conditions: [condition(rounds)] });
      const written = await writesOf(first);
      t.diagnostic(`${written} writes while another controller wrote ${rounds} times and 10 generations came`);
      assert.ok(written < 40, `${written} writes`);
      assert.equal(await writesOf(second), 0);

      // A condition of another program in the status of a Gateway, and in that of its listener.
      const checked = { ...condition(1), type: 'example.com/Checked' };
      await eventually('it is added', async () => {
        const stored = Object(await api('GET', `${GATEWAYS}/gate`)) as { status: Record<string, unknown> };
        const { conditions, listeners } = stored.status as Record<string, readonly Record<string, unknown>[]>;
        const status = {
          ...stored.status,
          conditions: [checked, ...(conditions ?? [])],
          listeners: (listeners ?? []).map(each => ({ ...each, conditions: [checked, ...listAt(each, 'conditions')] })),
        };
        return (await kube.api('PUT', `${GATEWAYS}/gate/status`, { ...stored, status })).status === 200;
      });
      await kube.api('PATCH', `${GATEWAYS}/gate`, { spec: { infrastructure: { labels: { a: 'b' } } } });
      const isBumped = async (): Promise<boolean> => {
        const status = dig(await api('GET', `${GATEWAYS}/gate`), 'status');
        return dig(conditionOf(status, 'Accepted'), 'observedGeneration') === 2;
      };
      await eventually('the Gateway has caught up', isBumped, DEADLINE_MS);
      const status = dig(await api('GET', `${GATEWAYS}/gate`), 'status');
      assert.deepEqual(listAt(status, 'conditions')[0], checked);
      assert.deepEqual(dig(status, 'listeners', 0, 'conditions', 0), checked);

      await first.stop();
      const killedAt = performance.now();
      await api('POST', ROUTES, route('later'));
      await eventually('the other one goes on', () => isAccepted('later'), DEADLINE_MS);
      t.diagnostic(
        `the other replica wrote ${((performance.now() - killedAt) / 1000).toFixed(1)} s after the first was killed`,
      );
      assert.deepEqual(complaintsOf(second), []);

      // A route that no longer names our Gateway keeps the entry of the other one alone.
      await kube.api('PATCH', `${ROUTES}/both`, { spec: { parentRefs: [{ name: 'theirs' }] } });
      await eventually('ours is taken away', async () => (await ownParent('both')) === undefined, DEADLINE_MS);
      assert.deepEqual(listAt(await api('GET', `${ROUTES}/both`), 'status', 'parents'), [
        { ...theirs, conditions: [condition(rounds)] },
      ]);
    } finally {
      await first.stop();
      for (const name of ['both', 'later']) await kube.api('DELETE', `${ROUTES}/${name}`);
      for (const name of ['gate', 'theirs']) await kube.api('DELETE', `${GATEWAYS}/${name}`);
    }
  });
});

describe('a thousand HTTPRoutes of fifty Gateways', { skip }, () => {
  it('get their statuses by few writes, by none once nothing changes, and soon after a change', async t => {
    await installGatewayCrds(kube);
    await createClass();
    const gates = Array.from({ length: MANY_GATEWAYS }, (_, index) => `gate-${index}`);
    await using entry = await start(...gates.map((_, index) => address(index)));
    await entry.ready();
    await each(gates, name => api('POST', GATEWAYS, gate(name)));
    const names = Array.from({ length: MANY_ROUTES }, (_, index) => `route-${index}`);
    const gateOf = (name: string): string => `gate-${Number(name.slice('route-'.length)) % MANY_GATEWAYS}`;
    await each(names, name => api('POST', ROUTES, route(name, { parentRefs: [{ name: gateOf(name) }] })));
    const count = async (): Promise<number> => {
      const items = listAt(await api('GET', ROUTES), 'items');
      return items.filter(item => conditionOf(dig(item, 'status', 'parents', 0), 'Accepted') !== undefined).length;
    };
    await eventually('all have a status', async () => (await count()) === MANY_ROUTES, DEADLINE_MS);
    const attached = async (): Promise<boolean> => {
      const items = listAt(await api('GET', GATEWAYS), 'items');
      const each = MANY_ROUTES / MANY_GATEWAYS;
      return items.every(item => dig(item, 'status', 'listeners', 0, 'attachedRoutes') === each);
    };
    await eventually('all Gateways count their routes', attached, DEADLINE_MS);
    const built = await untilQuiet(entry);
    t.diagnostic(`${built} writes for ${MANY_ROUTES} routes and ${MANY_GATEWAYS} Gateways, one after the other`);
    // A Gateway counts its routes while they come: some of its counts are written on the way.
    assert.ok(built < MANY_ROUTES + MANY_GATEWAYS * (MANY_ROUTES / MANY_GATEWAYS) + 200, `${built} writes`);

    const versions = async (): Promise<string> => {
      const items = [...listAt(await api('GET', ROUTES), 'items'), ...listAt(await api('GET', GATEWAYS), 'items')];
      return items.map(item => dig(item, 'metadata', 'resourceVersion')).join();
    };
    const before = await versions();
    // A Service that changes makes the entry translate again what leads to it.
    for (const value of ['a', 'b', 'c'])
      await kube.kubectl.run(['label', 'service', 'shop', `step=${value}`, '--overwrite']);
    assert.equal(await untilQuiet(entry), built);
    assert.equal(await versions(), before);

    const places = new Map(
      listAt(await api('GET', GATEWAYS), 'items').map(item => [
        dig(item, 'metadata', 'name'),
        String(dig(item, 'status', 'addresses', 0, 'value')),
      ]),
    );
    const served: number[] = [];
    const written: number[] = [];
    for (const name of names.slice(0, EDITS)) {
      await kube.api('PATCH', `${ROUTES}/${name}`, { spec: { hostnames: [`edited-${name}.example`] } });
      const changedAt = performance.now();
      const place = places.get(gateOf(name)) ?? '';
      await eventually(
        'it is served',
        async () => (await statusAt(place, `edited-${name}.example`)) === 200,
        DEADLINE_MS,
      );
      served.push(performance.now() - changedAt);
      const isWritten = async (): Promise<boolean> =>
        dig(conditionOf(await ownParent(name), 'Accepted'), 'observedGeneration') === 2;
      await eventually('its status is written', isWritten, DEADLINE_MS);
      written.push(performance.now() - changedAt);
    }
    report(t, 'from the answer of the API server to the changed answer', served);
    report(t, 'from the answer of the API server to the status', written);
    const edited = await writesOf(entry);
    t.diagnostic(`${edited - built} writes for ${EDITS} edits`);
    assert.ok(edited - built <= 2 * EDITS, `${edited - built} writes`);
    const memory = ((await entry.metrics()).get('process_resident_memory_bytes') ?? 0) / 2 ** 20;
    t.diagnostic(`memory: ${memory.toFixed()} MiB`);
    assert.ok(memory < 768, `${memory} MiB`);
    assert.deepEqual(complaintsOf(entry), []);
  });
});

function report(t: TestContext, what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.ceil(sorted.length * part) - 1] ?? 0).toFixed(1);
  t.diagnostic(`${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms of ${sorted.length}`);
}
