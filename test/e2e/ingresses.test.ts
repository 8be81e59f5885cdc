/** Ingresses of a real API server: served, edited, broken and deleted under load; their status, their Events, and the rights that this takes. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { dig } from '../deploy/objects.ts';
import { podAddress } from '../support/cluster-network.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { configMap, ingress, ingressClass } from '../support/ingresses.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry } from '../support/real-entry.ts';
import { Hammer } from '../support/real-hammer.ts';
import { ENTRY_ACCOUNT, RealKube } from '../support/real-kube.ts';
import { grantClusterRole, grantIngresses } from '../support/real-rights.ts';
import { expose } from '../support/real-services.ts';
import { servesSlices } from '../support/real-slices.ts';

const DEADLINE_MS = 120_000;
const HOSTS = 200;
const INGRESSES_OF_HOST = 5;
const SERVICES = 20;
const AT_ONCE = 8;
const EDITS = 40;
const INGRESSES = '/apis/networking.k8s.io/v1/namespaces/default/ingresses';
const LEASE = 'kube-entry/kube-entry-ingress';
const ADDRESS = '192.0.2.1';
const SETTINGS = ['--ingress-class', 'nginx', '--ingress-configmap', LEASE, '--status-lease', LEASE];

let kube: RealKube;
let backend: RealBackend;
/** By Service, what a right answer begins with: its ClusterIP where the API server is too old for slices, else the pod of all. */
const addresses = new Map<string, string>();

before(async () => {
  kube = await RealKube.start();
  await grantClusterRole(kube);
  await grantIngresses(kube);
  backend = await RealBackend.start();
  const hasSlices = await servesSlices(kube);
  const pod = podAddress();
  if (hasSlices) await backend.serve(pod);
  for (let index = 0; index < SERVICES; index += 1) {
    const name = `service-${index}`;
    const clusterIP = await expose(kube.kubectl, backend, name, { annotations: {} });
    const ports = [{ name: 'http', port: backend.port, protocol: 'TCP' }];
    if (hasSlices) await kube.kubectl.apply(endpointSlice(name, { ports, endpoints: [endpoint(pod)] }));
    addresses.set(name, hasSlices ? pod : clusterIP);
  }
  const { metadata, ...nginx } = ingressClass('nginx');
  await kube.kubectl.apply({ ...nginx, metadata: { name: metadata.name } });
  await kube.kubectl.apply(configMap('kube-entry-ingress', { 'hide-headers': 'X-Secret' }, 'kube-entry'));
});

after(async () => {
  await backend?.stop();
  await kube?.stop();
});

interface Shop {
  readonly name: string;
  readonly host: string;
  readonly path: string;
  readonly service: string;
}

function all(): Shop[] {
  return Array.from({ length: HOSTS * INGRESSES_OF_HOST }, (_, index) => ({
    name: `shop-${index}`,
    host: `host-${index % HOSTS}.example`,
    path: `/part-${Math.floor(index / HOSTS)}`,
    service: `service-${index % SERVICES}`,
  }));
}

function toApi(shop: Shop): object {
  const { metadata, ...object } = ingress(shop.name, shop);
  return { ...object, metadata: { name: metadata.name, annotations: metadata.annotations } };
}

async function create(shop: Shop): Promise<void> {
  const { status } = await kube.api('POST', INGRESSES, toApi(shop));
  assert.equal(status, 201, shop.name);
}

async function patch({ name }: Shop, change: object): Promise<void> {
  const { status } = await kube.api('PATCH', `${INGRESSES}/${name}`, change);
  assert.equal(status, 200, name);
}

async function remove({ name }: Shop): Promise<void> {
  const { status } = await kube.api('DELETE', `${INGRESSES}/${name}`);
  assert.equal(status, 200, name);
}

/** Does it to all of them, several at a time. */
async function each(shops: readonly Shop[], act: (shop: Shop) => Promise<void>): Promise<void> {
  const left = shops.values();
  const worker = async (): Promise<void> => {
    for (const shop of left) await act(shop);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function answers({ host, path, service }: Shop, entry: RealEntry, status: number): Promise<boolean> {
  const answer = await entry.get(`${path}/x`, { host });
  return answer.status === status && (status !== 200 || answer.body === `${addresses.get(service)} ${path}/x`);
}

function untilAll(what: string, shops: readonly Shop[], entry: RealEntry, status: number): Promise<unknown> {
  return eventually(
    what,
    async () => {
      for (const shop of shops) if (!(await answers(shop, entry, status))) return false;
      return true;
    },
    DEADLINE_MS,
  );
}

/** The bound of the histogram's bucket that holds this part of the changes. */
async function propagation(entry: RealEntry, part: number): Promise<string> {
  const metrics = await entry.metrics();
  const total = metrics.get('kube_entry_config_propagation_seconds_count') ?? 0;
  for (const [name, count] of metrics) {
    const bound = /^kube_entry_config_propagation_seconds_bucket\{.*le="([^"]+)"/.exec(name)?.[1];
    if (bound !== undefined && count >= total * part) return `${bound} s (of ${total} changes)`;
  }
  return 'unknown';
}

function report(t: TestContext, what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.ceil(sorted.length * part) - 1] ?? 0).toFixed(1);
  t.diagnostic(`${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms of ${sorted.length}`);
}

describe('a thousand Ingresses of two hundred hosts', () => {
  it('come, change, break, are mended and go, and no request to a host that nobody touches fails', async t => {
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'), ...SETTINGS);
    await entry.ready();
    const steady: Shop = { name: 'steady', host: 'steady.example', path: '/steady', service: 'service-0' };
    await create(steady);
    await untilAll('the other host is served', [steady], entry, 200);
    await using hammer = new Hammer(`${entry.origin}/steady/x`, `${addresses.get(steady.service)} /steady/x`, {
      headers: { host: steady.host },
    });
    const shops = all();
    const few = shops.filter((_, index) => index % 41 === 0);
    await each(shops, create);
    await untilAll('all are served', shops, entry, 200);
    const memory = async (): Promise<number> => (await entry.metrics()).get('process_resident_memory_bytes') ?? 0;
    const full = await memory();

    const times: number[] = [];
    for (const [index, shop] of shops.slice(0, EDITS).entries()) {
      const moved = { ...shop, path: `/moved-${index}` };
      const { spec } = ingress(shop.name, moved);
      await patch(shop, { spec });
      const changedAt = performance.now();
      await untilAll('the change is served', [moved], entry, 200);
      times.push(performance.now() - changedAt);
      await patch(shop, { spec: ingress(shop.name, shop).spec });
    }
    report(t, 'from the answer of the API server to the changed answer', times);

    const waf = 'nginx.ingress.kubernetes.io/enable-modsecurity';
    await each(shops, shop => patch(shop, { metadata: { annotations: { [waf]: 'true' } } }));
    await untilAll('a protection that is missing is not dropped', few, entry, 503);
    await each(shops, shop => patch(shop, { metadata: { annotations: { [waf]: null } } }));
    await untilAll('all are mended', shops, entry, 200);

    await each(shops, remove);
    await untilAll('all are gone', few, entry, 404);
    const { requests, failures, longestGapMs } = await hammer.stop();
    t.diagnostic(`${requests} requests to the other host, the longest pause ${longestGapMs.toFixed()} ms`);
    t.diagnostic(
      `from the watch to all workers: p50 ${await propagation(entry, 0.5)}, p99 ${await propagation(entry, 0.99)}`,
    );
    t.diagnostic(
      `memory: ${(full / 2 ** 20).toFixed()} MiB with all, ${((await memory()) / 2 ** 20).toFixed()} MiB at the end`,
    );
    assert.deepEqual(failures, {});
    assert.ok(requests > 100, `${requests} requests are no proof`);
    assert.ok((await memory()) < 768 * 2 ** 20, 'memory is bounded');
    const complaints = entry.log().filter(({ msg }) => msg.startsWith('forbidden: '));
    assert.deepEqual(complaints, [], 'the rights of the overlay are enough');
    await remove(steady);
  });
});

describe('the status of Ingresses', () => {
  it('is written once by one of two replicas, and by the other one when the first is killed', async t => {
    const args = ['--kubeconfig', kube.kubeconfig('entry'), ...SETTINGS, '--publish-address', ADDRESS];
    const shops = all().slice(0, 20);
    const seen = new Map<string, number>();
    const watching = new AbortController();
    const watched = (async () => {
      for await (const { type, object } of kube.watch(INGRESSES, watching.signal)) {
        const name = String(dig(object, 'metadata', 'name'));
        if (type === 'MODIFIED') seen.set(name, (seen.get(name) ?? 0) + 1);
      }
    })();
    await each(shops, create);
    const holds = async (): Promise<string | undefined> => {
      const { body } = await kube.api(
        'GET',
        '/apis/coordination.k8s.io/v1/namespaces/kube-entry/leases/kube-entry-ingress',
      );
      const holder = dig(body, 'spec', 'holderIdentity');
      return typeof holder === 'string' && holder !== '' ? holder : undefined;
    };
    const isWritten = async ({ name }: Shop): Promise<boolean> => {
      const { body } = await kube.api('GET', `${INGRESSES}/${name}`);
      return dig(body, 'status', 'loadBalancer', 'ingress', 0, 'ip') === ADDRESS;
    };
    const first = await RealEntry.start(...args);
    try {
      const holder = await eventually('one holds the Lease', holds, DEADLINE_MS);
      await using second = await RealEntry.start(...args);
      await second.ready();
      for (const shop of shops) await eventually('it is written', () => isWritten(shop), DEADLINE_MS);
      const isSeen = ({ name }: Shop): boolean => seen.has(name);
      await eventually('the watch tells of each', () => shops.every(isSeen), DEADLINE_MS);
      assert.deepEqual(new Set(seen.values()), new Set([1]), JSON.stringify([...seen]));
      assert.equal(await holds(), holder);
      await first.stop();
      const killedAt = performance.now();
      const late: Shop = { name: 'late', host: 'late.example', path: '/', service: 'service-0' };
      await create(late);
      await eventually('the other one goes on', () => isWritten(late), DEADLINE_MS);
      t.diagnostic(
        `the other replica wrote ${((performance.now() - killedAt) / 1000).toFixed(1)} s after the first was killed`,
      );
      assert.notEqual(await holds(), holder);
      assert.ok(await isWritten(shops[0] as Shop), 'nothing is emptied');
      const complaints = second.log().filter(({ msg }) => /may not/.test(msg));
      assert.deepEqual(complaints, []);
      await each([...shops, late], remove);
    } finally {
      await first.stop();
      watching.abort();
      await watched;
    }
  });
});

describe('the owner of an Ingress', () => {
  it('reads in kubectl describe where it is served, and what is wrong with it', async () => {
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'), ...SETTINGS);
    await entry.ready();
    const shop: Shop = { name: 'told', host: 'told.example', path: '/told', service: 'service-0' };
    await create(shop);
    await patch(shop, { metadata: { annotations: { 'nginx.ingress.kubernetes.io/unheard-of': 'x' } } });
    const described = (): Promise<string> => kube.kubectl.run(['describe', 'ingress', shop.name]);
    const tells = async (): Promise<boolean> => {
      const text = await described();
      return /Normal\s+Sync\s.*served at told\.example\/told/.test(text) && /Warning\s+\w+\s.*unheard-of/.test(text);
    };
    await eventually('it is told', tells, DEADLINE_MS);
    await remove(shop);
  });
});

describe('the rights of the overlay', () => {
  it('are no more than what is asked for', async () => {
    const can = async (...words: readonly string[]): Promise<boolean> => {
      const args = ['auth', 'can-i', ...words, '--as', ENTRY_ACCOUNT];
      return (await kube.kubectl.run(args).catch((error: unknown) => String(error))).startsWith('yes');
    };
    assert.ok(await can('list', 'ingresses.networking.k8s.io', '--all-namespaces'));
    assert.ok(await can('patch', 'leases.coordination.k8s.io/kube-entry-ingress', '--namespace', 'kube-entry'));
    for (const words of [
      ['patch', 'ingresses.networking.k8s.io'],
      ['delete', 'ingresses.networking.k8s.io'],
      ['update', 'ingresses.networking.k8s.io', '--subresource', 'status'],
      ['list', 'configmaps'],
      ['list', 'configmaps', '--namespace', 'kube-entry'],
      ['patch', 'leases.coordination.k8s.io/other', '--namespace', 'kube-entry'],
      ['create', 'leases.coordination.k8s.io'],
      ['list', 'pods'],
    ]) {
      assert.ok(!(await can(...words)), words.join(' '));
    }
  });
});
