/** What waits for a busy worker, and what a worker that starts gets: each leads to the state of a worker that took every change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterRegistry } from '../../src/control/catalog/cluster-registry.ts';
import { PrivateKey } from '../../src/model/certificate.ts';
import { type Balance, plainEndpoint } from '../../src/model/cluster.ts';
import type { PublishedDelta, TlsChanges } from '../../src/model/delta.ts';
import type { PortChanges } from '../../src/model/gateway-port.ts';
import { type Route, routeKey } from '../../src/model/route.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';
import { EndpointSlots } from '../../src/workers/endpoint-slots.ts';
import { InForce } from '../../src/workers/in-force.ts';
import { pack, unpack } from '../../src/workers/packed-delta.ts';
import { PendingDelta } from '../../src/workers/pending-delta.ts';
import fc from '../support/property.ts';
import { clusterOf, route } from '../support/routes.ts';

/** What a worker has, as it takes change by change. */
class Worker {
  version = -1;
  readonly routes = new Map<string, unknown>();
  readonly clusters = new Map<string, unknown>();
  readonly endpoints = new Map<string, unknown>();
  readonly certificates = new Map<string, unknown>();
  readonly hosts = new Map<string, unknown>();
  readonly portCertificates = new Map<string, unknown>();
  readonly ports = new Map<string, unknown>();

  take(delta: PublishedDelta): void {
    for (const part of pack(delta)) this.#take(unpack(part));
  }

  #take({ version, routes, clusters, endpoints, tls, ports }: PublishedDelta): void {
    this.version = version;
    if (ports !== undefined) this.#takePorts(ports);
    for (const one of tls?.certificates.upserts ?? [])
      this.certificates.set(one.id, [`${one.chain}`, one.key.reveal()]);
    for (const host of tls?.hosts.upserts ?? []) {
      assert.ok(this.certificates.has(host.certificate ?? ''), `${host.host} has a certificate that has not come`);
      this.hosts.set(host.host, host);
    }
    for (const host of tls?.hosts.removals ?? []) this.hosts.delete(host);
    for (const id of tls?.certificates.removals ?? []) this.certificates.delete(id);
    for (const published of clusters.upserts) this.clusters.set(published.cluster.id, published);
    for (const set of endpoints) this.endpoints.set(set.cluster, set);
    for (const place of routes.removals) this.routes.delete(routeKey(place));
    for (const upsert of routes.upserts) {
      assert.ok(this.clusters.has(upsert.cluster), `${upsert.path} leads to a cluster that has not come`);
      this.routes.set(routeKey(upsert), upsert);
    }
    for (const id of clusters.removals) {
      this.clusters.delete(id);
      this.endpoints.delete(id);
    }
  }

  #takePorts({ certificates, ports }: PortChanges): void {
    for (const { id, key } of certificates.upserts) this.portCertificates.set(id, key.reveal());
    for (const port of ports.upserts) {
      const [certificate = ''] = port.listeners[0]?.certificates ?? [];
      assert.ok(this.portCertificates.has(certificate), `${port.id} has a certificate that has not come`);
      this.ports.set(port.id, port);
    }
    for (const id of ports.removals) this.ports.delete(id);
    for (const id of certificates.removals) this.portCertificates.delete(id);
  }

  get state(): unknown {
    const sorted = (map: Map<string, unknown>): unknown[] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    const { routes, clusters, endpoints, certificates, hosts, portCertificates, ports } = this;
    const maps = [routes, clusters, endpoints, certificates, hosts, portCertificates, ports];
    return [this.version, ...maps.map(sorted)];
  }
}

const PATHS = ['/a', '/b', '/c'];
const NAMES = ['one', 'two', 'three'];
const HOSTS = ['a.example', '*.example'];

const step = fc.record({
  /** By path, which Service has it now. */
  owners: fc.tuple(...PATHS.map(() => fc.option(fc.constantFrom(...NAMES), { nil: undefined }))),
  policy: fc.constantFrom<Exclude<Balance['policy'], 'hash'>>('service', 'least-request'),
  name: fc.constantFrom(...NAMES),
  ports: fc.uniqueArray(fc.constantFrom(1, 2, 3, 4)),
  /** By host, the certificate that it has now. */
  certificates: fc.tuple(...HOSTS.map(() => fc.option(fc.constantFrom(...NAMES), { nil: undefined }))),
});

/** @param before by host, the certificate that it had @returns undefined where nothing changes */
function tlsChanges(
  before: readonly (string | undefined)[],
  now: readonly (string | undefined)[],
): TlsChanges | undefined {
  const at = HOSTS.map((host, index) => ({ host, was: before[index], is: now[index] }));
  const [had, has] = [new Set(before), new Set(now)];
  const come = NAMES.filter(id => has.has(id) && !had.has(id));
  if (at.every(({ was, is }) => was === is)) return undefined;
  return {
    certificates: {
      upserts: come.map(id => ({ id, chain: SharedText.of(`chain of ${id}`), key: new PrivateKey(`key of ${id}`) })),
      removals: NAMES.filter(id => had.has(id) && !has.has(id)),
    },
    hosts: {
      upserts: at.flatMap(({ host, was, is }) => (is === undefined || is === was ? [] : { host, certificate: is })),
      removals: at.flatMap(({ host, was, is }) => (is === undefined && was !== undefined ? host : [])),
    },
  };
}

/** The same as ports of Gateways: each host is the listener of one. */
function portChanges({ certificates, hosts }: TlsChanges): PortChanges {
  const upserts = hosts.upserts.map(({ host, certificate }, index) => ({
    id: host,
    listen: { host: '127.0.0.1', port: index },
    publicPort: 443,
    transport: 'tls' as const,
    listeners: [{ name: host, hostname: host, serves: 'http' as const, certificates: [certificate ?? ''] }],
  }));
  return { certificates, ports: { upserts, removals: hosts.removals } };
}

test('changes put together, and a snapshot, lead where all changes one by one lead', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), fc.nat(8), (steps, busyFrom) => {
      const registry = new ClusterRegistry();
      const inForce = new InForce(new CounterBoard(), new EndpointSlots(new EndpointBoard(1)));
      const [quick, busy, late] = [new Worker(), new Worker(), new Worker()];
      const pending = new PendingDelta();
      let served = new Map<string, Route>();
      let hosts: readonly (string | undefined)[] = [];
      for (const [index, { owners, policy, name, ports, certificates }] of steps.entries()) {
        const wanted = new Map(
          PATHS.flatMap((path, at) => {
            const owner = owners[at];
            return owner === undefined ? [] : [[path, route(path, { service: { namespace: 'default', name: owner } })]];
          }),
        );
        const come = [...wanted].filter(([path, { cluster }]) => served.get(path)?.cluster !== cluster);
        const away = [...served].filter(([path, { cluster }]) => wanted.get(path)?.cluster !== cluster);
        for (const owner of NAMES) {
          const cluster = clusterOf(route('/', { service: { namespace: 'default', name: owner } }));
          const balance: Balance = owner === name ? { policy } : { policy: 'least-request' };
          const endpoints = (owner === name ? ports : [9]).map(port => plainEndpoint({ address: '10.0.0.1', port }));
          registry.set({ ...cluster, balance }, endpoints);
        }
        const upserts = come.map(([, one]) => one);
        const removals = away.filter(([path]) => !wanted.has(path)).map(([, { host, path }]) => ({ host, path }));
        const changes = registry.commit(
          upserts,
          away.map(([, one]) => one),
        );
        served = wanted;
        const tls = tlsChanges(hosts, certificates);
        hosts = certificates;
        const delta = inForce.apply(
          {
            ...{ version: index + 1, routes: { upserts, removals }, ...changes },
            ...(tls && { tls, ports: portChanges(tls) }),
          },
          index + 1,
        );
        quick.take(delta);
        if (index < busyFrom) busy.take(delta);
        else pending.add(delta);
      }
      if (steps.length === 0) return;
      if (steps.length > busyFrom) busy.take(pending.toDelta());
      late.take(inForce.snapshot() as PublishedDelta);
      assert.deepEqual(busy.state, quick.state);
      assert.deepEqual(late.state, quick.state);
      assert.deepEqual(
        [...quick.clusters.keys()].sort(),
        [...new Set([...served.values()].map(({ cluster }) => cluster))].sort(),
        'workers have the clusters that routes lead to, and no others',
      );
    }),
    { numRuns: 300 },
  );
});
