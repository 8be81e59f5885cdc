import type { Clock } from '../../clock.ts';
import type { Cluster } from '../../model/cluster.ts';
import type { ClusterId } from '../../model/route.ts';
import { type EndpointRow, TRIAL, USABLE } from '../../observe/endpoint-board.ts';
import type { AffinityKeys } from './affinity/affinity-keys.ts';
import type { Balancer, Outcome, PickRequest, Random } from './balancers/balancer.ts';
import { createBalancer } from './balancers/create-balancer.ts';
import { EndpointAdmission, type Strictness } from './endpoint-admission.ts';
import type { EndpointState } from './endpoint-state.ts';
import { RequestQueue } from './request-queue.ts';

/** Retries in flight, of the requests in flight. More would add to the load of endpoints that fail because of their load. */
const RETRY_SHARE = 0.2;
/** So many retries in flight are always allowed. */
const MIN_RETRIES = 3;

/** What clusters of a worker need. */
export interface ClusterContext {
  readonly affinityKeys: AffinityKeys;
  readonly clock: Clock;
  readonly random: Random;
  /** What this worker counts of endpoints. */
  readonly row: EndpointRow;
  /** A request to an endpoint has failed. @param inARow failures of all workers */
  readonly failed: (cluster: ClusterId, slot: number, inARow: number) => void;
  /** The number of waiting requests has changed by so many. */
  readonly pending: (change: number) => void;
}

/** Chooses among the endpoints of a cluster, and counts what is in flight at each. */
export class Balancing {
  /** Requests that wait because each endpoint has as many as it may. */
  readonly queue: RequestQueue;
  /** Requests that wait because the cluster has as many retries in flight as it may. */
  readonly retries: RequestQueue;
  readonly #context: ClusterContext;
  readonly #admission: EndpointAdmission;
  #cluster: Cluster;
  #slot: number;
  #balancer: Balancer<EndpointState>;
  #endpoints: readonly EndpointState[] = [];

  /** @param slot where the retries of the cluster are counted */
  constructor(cluster: Cluster, slot: number, context: ClusterContext) {
    this.#context = context;
    this.#cluster = cluster;
    this.#slot = slot;
    this.#admission = new EndpointAdmission(context.row, context.random, context.clock);
    this.#balancer = this.#createBalancer(cluster);
    this.queue = new RequestQueue(context);
    this.retries = new RequestQueue(context);
    this.#limit(cluster);
  }

  /** The settings of the cluster are these now. */
  change(cluster: Cluster, slot: number): void {
    const isBalancedAsBefore = JSON.stringify(cluster.balance) === JSON.stringify(this.#cluster.balance);
    this.#cluster = cluster;
    this.#slot = slot;
    this.#limit(cluster);
    if (isBalancedAsBefore) return;
    this.#balancer = this.#createBalancer(cluster);
    this.#balancer.changed(this.#endpoints);
  }

  changed(endpoints: readonly EndpointState[]): void {
    this.#endpoints = endpoints;
    this.#balancer.changed(endpoints);
    this.queue.advance();
    this.retries.advance();
  }

  get endpoints(): readonly EndpointState[] {
    return this.#endpoints;
  }

  /** An endpoint would take a request if it had fewer in flight. */
  get isFull(): boolean {
    return this.#endpoints.some(endpoint => this.#admission.isFull(endpoint));
  }

  /**
   * Chooses an endpoint, and counts a request in flight there until {@link end}.
   * @param tried endpoints that must not be chosen again
   */
  pick(request: PickRequest, tried: readonly EndpointState[]): EndpointState | undefined {
    for (;;) {
      const endpoint = this.#choose(request, tried);
      // Another worker may have taken the last place at the same moment.
      if (endpoint !== undefined && !this.begin(endpoint)) continue;
      // It is tried by one request at a time until it answers.
      if (endpoint?.isSuspect === true) endpoint.suspect(this.#context.clock.monotonic());
      return endpoint;
    }
  }

  /** Whether an endpoint may have requests of the clients that are bound to it: it is not ejected, or this request tries it. */
  takesBound({ slot }: EndpointState): boolean {
    const { row } = this.#context;
    const verdict = row.verdict(slot);
    return verdict === USABLE || (verdict === TRIAL && row.takeTrial(slot));
  }

  /** Counts a request in flight at the endpoint. @returns false where it has as many as it may */
  begin({ slot }: EndpointState): boolean {
    const { maxRequests } = this.#cluster;
    if (maxRequests > 0) return this.#context.row.beginWithin(slot, maxRequests);
    this.#context.row.begin(slot);
    return true;
  }

  end({ slot }: EndpointState): void {
    this.#context.row.end(slot);
    this.queue.advance();
  }

  /** What an attempt says of its endpoint. @param firstByteMs to the first byte of the answer, or to the end without one */
  judge(endpoint: EndpointState, outcome: Outcome, firstByteMs: number): void {
    const { row, clock, failed } = this.#context;
    if (outcome === 'cancelled') return;
    if (outcome === 'ok') row.succeeded(endpoint.slot, firstByteMs);
    else failed(this.#cluster.id, endpoint.slot, row.failed(endpoint.slot));
    if (outcome === 'connect') endpoint.suspect(clock.monotonic());
    else if (endpoint.isSuspect && (outcome === 'ok' || outcome === 'status'))
      endpoint.answered(clock.monotonic() - firstByteMs);
    this.#balancer.done?.(endpoint, outcome, firstByteMs);
  }

  /** The cluster has fewer retries in flight than it may, over all workers. */
  get mayRetry(): boolean {
    const { row } = this.#context;
    const retries = row.inFlight(this.#slot);
    if (retries < MIN_RETRIES) return true;
    return retries < RETRY_SHARE * this.#endpoints.reduce((sum, { slot }) => sum + row.inFlight(slot), 0);
  }

  /** Counts a retry until {@link endRetry}. @returns where it is counted */
  beginRetry(): number {
    this.#context.row.begin(this.#slot);
    return this.#slot;
  }

  /** @param slot of its {@link beginRetry}: the cluster may have another one by now */
  endRetry(slot: number): void {
    this.#context.row.end(slot);
    this.retries.advance();
  }

  #choose(request: PickRequest, tried: readonly EndpointState[]): EndpointState | undefined {
    const admission = this.#admission;
    admission.begin(tried);
    for (;;) {
      const endpoint = this.#balancer.pick(request, admission);
      const chosen = admission.trial ?? endpoint;
      if (chosen !== undefined || admission.strictness >= admission.loosest) return chosen;
      admission.strictness = (admission.strictness + 1) as Strictness;
    }
  }

  #limit({ maxRequests, slowStartMs, balance }: Cluster): void {
    this.#admission.avoidsClosing = balance.policy !== 'hash';
    this.#admission.maxRequests = maxRequests;
    this.#admission.slowStartMs = slowStartMs;
  }

  #createBalancer({ balance }: Cluster): Balancer<EndpointState> {
    const { row, random, clock } = this.#context;
    return createBalancer(balance, {
      inFlight: ({ slot, tunnels }) => row.inFlight(slot) + tunnels,
      firstByte: ({ slot }) => row.firstByteMs(slot),
      random,
      now: () => clock.monotonic(),
    });
  }
}
