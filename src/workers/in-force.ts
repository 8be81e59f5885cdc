import type { Certificate, CertificateId } from '../model/certificate.ts';
import { changedPart } from '../model/changed-part.ts';
import type { Cluster, ClusterEndpoint, EndpointSet } from '../model/cluster.ts';
import type {
  Delta,
  PublishedCluster,
  PublishedDelta,
  PublishedEndpointSet,
  ServedCluster,
  TlsChanges,
} from '../model/delta.ts';
import type { GatewayPort, PortChanges, PortId } from '../model/gateway-port.ts';
import type { ClusterId, Route } from '../model/route.ts';
import type { TlsHost } from '../model/tls-host.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import { NO_SLOT } from '../observe/endpoint-board.ts';
import { RouteTable } from '../routing/table.ts';
import { CounterBlocks } from './counter-blocks.ts';
import type { EndpointSlots } from './endpoint-slots.ts';

/** Endpoints and their slots; absent: they have none. */
type PlacedSet = EndpointSet & Pick<PublishedEndpointSet, 'slots'>;

/**
 * The state that workers are to have: the table, its clusters and their endpoints, with their places in shared memory, the hosts
 * and certificates of the TLS port, and the ports of Gateways.
 */
export class InForce {
  readonly #blocks: CounterBlocks;
  readonly #slots: EndpointSlots;
  readonly #clusters = new Map<ClusterId, PublishedCluster>();
  readonly #endpoints = new Map<ClusterId, PlacedSet>();
  readonly #certificates = new Map<CertificateId, Certificate>();
  readonly #tlsHosts = new Map<string, TlsHost>();
  readonly #ports = new Map<PortId, GatewayPort>();
  readonly #portCertificates = new Map<CertificateId, Certificate>();
  #table: RouteTable | undefined;

  constructor(board: CounterBoard, slots: EndpointSlots) {
    this.#blocks = new CounterBlocks(board);
    this.#slots = slots;
  }

  /** Undefined before the first. */
  get table(): RouteTable | undefined {
    return this.#table;
  }

  /** The ports of Gateways that are to be listened on. */
  ports(): Iterable<GatewayPort> {
    return this.#ports.values();
  }

  cluster(id: ClusterId): ServedCluster | undefined {
    const published = this.#clusters.get(id);
    const { endpoints = [], slots } = this.#endpoints.get(id) ?? {};
    return published && { ...published, endpoints, ...(slots && { slots }) };
  }

  *clusters(): Generator<ServedCluster> {
    for (const id of this.#clusters.keys()) yield this.cluster(id) as ServedCluster;
  }

  /** @param number of the change, by which workers learn of it @returns it as workers get it. Where it throws, nothing has changed */
  apply(delta: Delta, number: number): PublishedDelta {
    const { version, routes, clusters, endpoints, tls, ports } = delta;
    const blocks = clusters.upserts.map(({ service }) => this.#blocks.assign(service));
    const table = (this.#table ?? RouteTable.EMPTY).apply({ version, ...routes });
    const coming = new Set(clusters.upserts.map(({ id }) => id));
    for (const route of routes.upserts) this.#assertCluster(route, coming);
    this.#table = table;
    const upserts = clusters.upserts.map((cluster, index) => this.#put(cluster, blocks[index] as number));
    const sets = new Map(endpoints.map(set => [set.cluster, set]));
    const moved = [...coming.union(sets)].flatMap(id => this.#place(id, sets.get(id), number) ?? []);
    for (const id of clusters.removals) this.#remove(id, number);
    if (tls !== undefined) this.#applyTls(tls);
    if (ports !== undefined) this.#applyPorts(ports);
    const published = { version, routes, clusters: { upserts, removals: clusters.removals }, endpoints: moved };
    return { ...published, ...(tls && { tls }), ...(ports && { ports }) };
  }

  /** All of it, for a worker that starts with nothing; undefined before the first table. */
  snapshot(): PublishedDelta | undefined {
    const table = this.#table;
    return (
      table && {
        version: table.version,
        routes: { upserts: [...table.routes()], removals: [] },
        clusters: { upserts: [...this.#clusters.values()], removals: [] },
        endpoints: [...this.#endpoints.values()],
        ...(this.#tlsHosts.size > 0 && { tls: this.#tlsSnapshot() }),
        ...(this.#ports.size > 0 && { ports: this.#portSnapshot() }),
      }
    );
  }

  #applyTls({ certificates, hosts }: TlsChanges): void {
    for (const certificate of certificates.upserts) this.#certificates.set(certificate.id, certificate);
    for (const host of hosts.upserts) this.#tlsHosts.set(host.host, host);
    for (const name of hosts.removals) this.#tlsHosts.delete(name);
    for (const id of certificates.removals) this.#certificates.delete(id);
  }

  #tlsSnapshot(): TlsChanges {
    return {
      certificates: { upserts: [...this.#certificates.values()], removals: [] },
      hosts: { upserts: [...this.#tlsHosts.values()], removals: [] },
    };
  }

  #applyPorts({ certificates, ports }: PortChanges): void {
    for (const certificate of certificates.upserts) this.#portCertificates.set(certificate.id, certificate);
    for (const port of ports.upserts) this.#ports.set(port.id, port);
    for (const id of ports.removals) this.#ports.delete(id);
    for (const id of certificates.removals) this.#portCertificates.delete(id);
  }

  #portSnapshot(): PortChanges {
    return {
      certificates: { upserts: [...this.#portCertificates.values()], removals: [] },
      ports: { upserts: [...this.#ports.values()], removals: [] },
    };
  }

  /** A worker could not serve it. */
  #assertCluster({ cluster }: Route, coming: ReadonlySet<ClusterId>): void {
    if (!coming.has(cluster) && !this.#clusters.has(cluster)) throw new Error(`there is no cluster ${cluster}`);
  }

  #put(cluster: Cluster, counterBlock: number): PublishedCluster {
    const known = this.#clusters.get(cluster.id);
    if (known === undefined) this.#blocks.count(cluster.service, 1);
    const { slot = hasSlots(cluster) ? this.#slots.take() : undefined } = known ?? {};
    const published = { cluster, counterBlock, ...(slot !== undefined && { slot }) };
    this.#clusters.set(cluster.id, published);
    return published;
  }

  /** Gives endpoints their slots. @param set undefined: as before @returns undefined where nothing has changed */
  #place(id: ClusterId, set: EndpointSet | undefined, number: number): PlacedSet | undefined {
    const known = this.#endpoints.get(id);
    const published = this.#clusters.get(id);
    const now = set ?? known;
    if (published === undefined || now === undefined) return undefined;
    const needsSlots = hasSlots(published.cluster);
    if (set === undefined && needsSlots === (known?.slots !== undefined)) return undefined;
    const { cluster, revision, endpoints } = now;
    const slots = this.#slotsFor(needsSlots ? endpoints : [], known, number);
    const placed = needsSlots ? { cluster, revision, endpoints, slots } : (set ?? { cluster, revision, endpoints });
    this.#endpoints.set(id, placed);
    return placed;
  }

  /** An endpoint that stays keeps its slot, and one without a slot asks for one again. */
  #slotsFor(endpoints: readonly ClusterEndpoint[], known: PlacedSet | undefined, number: number): readonly number[] {
    const before = known?.slots === undefined ? [] : known.endpoints;
    const slots = known?.slots ?? [];
    const { start, endBefore, endAfter } = changedPart(before, endpoints, (one, other) => one.id === other.id);
    const going = new Map(before.slice(start, endBefore).map(({ id }, index) => [id, slots[start + index] as number]));
    const coming = endpoints.slice(start, endAfter).map(({ id }) => {
      const slot = going.get(id);
      going.delete(id);
      return slot;
    });
    const kept = [...slots.slice(0, start), ...coming, ...slots.slice(endBefore)];
    const placed = kept.map(slot => (slot === undefined || slot === NO_SLOT ? this.#slots.take() : slot));
    this.#giveBack(going.values(), number);
    return placed;
  }

  #remove(id: ClusterId, number: number): void {
    const published = this.#clusters.get(id);
    if (published === undefined) return;
    this.#giveBack([published.slot ?? [], this.#endpoints.get(id)?.slots ?? []].flat(), number);
    this.#clusters.delete(id);
    this.#endpoints.delete(id);
    this.#blocks.count(published.cluster.service, -1);
  }

  #giveBack(slots: Iterable<number>, number: number): void {
    for (const slot of slots) this.#slots.giveBack(slot, number);
  }
}

/** Where kube-proxy chooses, nothing is counted for the ClusterIP. */
function hasSlots({ balance }: Cluster): boolean {
  return balance.policy !== 'service';
}
