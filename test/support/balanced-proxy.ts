/** A proxy with one balanced cluster, whose endpoints and settings a test changes while requests are under way. */
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import { AffinityKeys } from '../../src/dataplane/clusters/affinity/affinity-keys.ts';
import { RouteCompiler } from '../../src/dataplane/route-compiler.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { Cluster, ClusterEndpoint } from '../../src/model/cluster.ts';
import type { RouteOverrides } from '../../src/model/route.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';
import type { Settings } from '../../src/settings/schema.ts';
import { type ProxyUnderTest, startProxy } from './proxy-under-test.ts';
import { clusterOf, filterServices, route } from './routes.ts';
import { runningClock } from './running-clock.ts';

/** The slot of the cluster; endpoints have those from 0 on. */
const CLUSTER_SLOT = 1_000;

export interface BalancedEndpoint {
  readonly at: { readonly address: ListenAddress } | ListenAddress;
  readonly id?: string;
  readonly state?: ClusterEndpoint['state'];
}

export interface BalancedDescription {
  readonly endpoints: readonly BalancedEndpoint[];
  readonly cluster?: Partial<Cluster>;
  readonly clock?: Clock;
  readonly settings?: Partial<Settings>;
  readonly overrides?: RouteOverrides;
  readonly random?: () => number;
  readonly affinityKeys?: AffinityKeys;
}

export class BalancedProxy {
  readonly proxy: ProxyUnderTest;
  readonly board: EndpointBoard;
  readonly #compiler: RouteCompiler;
  readonly #slots = new Map<string, number>();
  #version = 0;

  constructor(proxy: ProxyUnderTest, board: EndpointBoard, compiler: RouteCompiler) {
    this.proxy = proxy;
    this.board = board;
    this.#compiler = compiler;
  }

  /** The slot of an endpoint. */
  slotOf(id: string): number {
    return this.#slots.get(id) ?? -1;
  }

  /** Of all endpoints that there were, and of the retries. */
  get inFlight(): number[] {
    return [...this.#slots.values(), CLUSTER_SLOT].map(slot => this.board.inFlight(slot));
  }

  /** Serves `/v` of any host by the cluster. */
  serve(endpoints: readonly BalancedEndpoint[], fields: Partial<Cluster> = {}, overrides: RouteOverrides = {}): void {
    const to = route('/v', { service: { namespace: 'test', name: 'web' }, overrides });
    const cluster = { ...clusterOf(to), balance: { policy: 'least-request' }, ...fields } as const;
    this.#version += 1;
    this.proxy.state.table = this.#compiler.apply(this.proxy.state.table, {
      version: this.#version,
      routes: { upserts: [to], removals: [] },
      clusters: { upserts: [{ cluster, counterBlock: 1, slot: CLUSTER_SLOT }], removals: [] },
      endpoints: [this.#setOf(endpoints, cluster.id)],
    });
  }

  #setOf(described: readonly BalancedEndpoint[], cluster: string) {
    const endpoints = described.map(({ at, id, state = 'ready' }): ClusterEndpoint => {
      const { host: address, port } = 'address' in at ? at.address : at;
      return { id: id ?? `${address}:${port}`, address, port, pod: '', zone: '', weight: 1, state };
    });
    for (const { id } of endpoints) if (!this.#slots.has(id)) this.#slots.set(id, this.#slots.size);
    return { cluster, revision: this.#version, endpoints, slots: endpoints.map(({ id }) => this.slotOf(id)) };
  }
}

export async function startBalanced(t: TestContext, description: BalancedDescription): Promise<BalancedProxy> {
  const { endpoints, cluster, clock = runningClock, settings = {}, overrides, random = Math.random } = description;
  const { affinityKeys = new AffinityKeys([Buffer.from('a key of the tests')]) } = description;
  const proxy = await startProxy(t, 'wire', { routes: null, settings, clock });
  const board = new EndpointBoard(1);
  const compiler = new RouteCompiler(
    {
      affinityKeys,
      clock,
      random,
      row: board.row(0),
      failed: () => undefined,
      pending: change => proxy.counters.add('upstreamPending', change),
    },
    filterServices(),
  );
  const balanced = new BalancedProxy(proxy, board, compiler);
  balanced.serve(endpoints, cluster, overrides);
  return balanced;
}
