import { type Cluster, type ClusterEndpoint, type ClusterInForce, plainEndpoint } from '../../model/cluster.ts';
import type { Canary, ClusterId, Route } from '../../model/route.ts';
import { RecordProblem } from '../../resources/pushed-record.ts';
import { PushError, type PushedBackend } from '../../sources/pushed.ts';
import { type PushedMeaning, translatePolicy, withMeaning } from '../../translate/pushed.ts';

interface Known {
  readonly backend: PushedBackend;
  readonly meaning: PushedMeaning;
}

/** The records that were pushed together, and what they say of clusters with their names. */
export class PushedSet {
  static readonly EMPTY: PushedSet = new PushedSet([], 'wire');
  readonly backends: readonly PushedBackend[];
  readonly #known = new Map<string, Known>();
  /** Those that another record names as its alternative. */
  readonly #alternatives = new Set<string>();

  /**
   * @param before what is the same there is taken from it
   * @throws PushError with the place and the reason; nothing of a bad set is used
   */
  constructor(backends: readonly PushedBackend[], engine: 'wire' | 'node', before?: PushedSet) {
    this.backends = backends;
    for (const [index, backend] of backends.entries()) {
      const known = (before ?? this).#known.get(backend.name);
      const isSame = known?.backend === backend;
      this.#known.set(backend.name, isSame ? known : { backend, meaning: meaningOf(backend, `[${index}]`, engine) });
    }
    for (const { policy } of backends) {
      const [alternative] = policy.alternativeBackends;
      if (alternative !== undefined && this.#known.has(alternative)) this.#alternatives.add(alternative);
    }
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  get(name: string): PushedBackend | undefined {
    return this.#known.get(name)?.backend;
  }

  /** Names of records that came, went, or mean something else than in another set. */
  changedSince(before: PushedSet): Set<string> {
    const names = new Set([...before.#known.keys(), ...this.#known.keys()]);
    return new Set([...names].filter(name => !this.#meansTheSame(before, name)));
  }

  /** A cluster and its endpoints as the record of its name wants them. */
  applied({ cluster, endpoints }: ClusterInForce): ClusterInForce {
    const known = this.#known.get(cluster.name);
    if (known === undefined) return { cluster, endpoints };
    const { backend, meaning } = known;
    const wanted = withMeaning(cluster, meaning);
    // Several endpoints take turns where nothing else is said: they are no ClusterIP. Nor is one that a cookie binds to.
    const isPlain =
      wanted.balance.policy === 'service' && (backend.endpoints.length > 1 || wanted.affinity !== undefined);
    return {
      cluster: isPlain ? { ...wanted, balance: { policy: 'round-robin' } } : wanted,
      endpoints: endpointsOf(backend),
    };
  }

  /** The cluster of a record that others name as their alternative; undefined for any other. */
  alternative(name: string): ClusterInForce | undefined {
    const backend = this.#alternatives.has(name) ? this.get(name) : undefined;
    if (backend === undefined) return undefined;
    const cluster: Cluster = {
      id: pushedOwner(name),
      name,
      service: backend.ref,
      balance: { policy: 'service' },
      maxRequests: 0,
      slowStartMs: 0,
    };
    return this.applied({ cluster, endpoints: [] });
  }

  /** Routes that lead to the cluster with a name, with the alternative of its record. */
  routes(name: string, routes: readonly Route[]): readonly Route[] {
    const canary = this.#canaryOf(name);
    return canary === undefined ? routes : routes.map(route => ({ ...route, canary }));
  }

  /** What a record means depends on the one that it leaves requests to, and on whether another leaves requests to it. */
  #meansTheSame(other: PushedSet, name: string): boolean {
    const alternative = this.#alternativeOf(name);
    return (
      this.get(name) === other.get(name) &&
      this.get(alternative) === other.get(alternative) &&
      this.#alternatives.has(name) === other.#alternatives.has(name)
    );
  }

  /** As in ingress-nginx 0.25, only the first alternative counts. */
  #alternativeOf(name: string): string {
    return this.get(name)?.policy.alternativeBackends[0] ?? '';
  }

  #canaryOf(name: string): Canary | undefined {
    const alternative = this.#alternativeOf(name);
    const rule = this.#known.get(alternative)?.meaning.canary;
    return rule && { ...rule, cluster: pushedOwner(alternative) };
  }
}

/** A pushed object comes without the Secrets and Services that it names. */
const NOT_READ = { fault: 'Secrets are read for Services of the Kubernetes API and of manifests' };
export const PUSHED_LOOKUPS = { isPushed: true, authorities: () => NOT_READ, credentials: () => NOT_READ } as const;

/** A pushed backend of its own is another owner than the watched Service it may be named after, and comes after it. */
export function pushedOwner(name: string): ClusterId {
  return `~pushed ${name}`;
}

/** A place that is pushed twice is one endpoint. */
function endpointsOf({ endpoints }: PushedBackend): readonly ClusterEndpoint[] {
  return [...new Map(endpoints.map(plainEndpoint).map(endpoint => [endpoint.id, endpoint])).values()];
}

function meaningOf({ policy }: PushedBackend, place: string, engine: 'wire' | 'node'): PushedMeaning {
  try {
    const meaning = translatePolicy(policy);
    if (engine === 'node') refuseBeyondTurns(meaning);
    return meaning;
  } catch (error) {
    if (!(error instanceof RecordProblem)) throw error;
    throw new PushError(`${place}.${error.message}`);
  }
}

/** @throws RecordProblem for what the engine `node` cannot do */
function refuseBeyondTurns({ balance, affinity, canary }: PushedMeaning): void {
  const rows: [isAsked: boolean, field: string][] = [
    [affinity !== undefined, 'sessionAffinityConfig'],
    [balance?.policy === 'hash', 'upstreamHashByConfig'],
    [balance?.policy === 'ewma', 'load-balance'],
    [canary !== undefined, 'trafficShapingPolicy'],
  ];
  const found = rows.find(([isAsked]) => isAsked);
  if (found !== undefined)
    throw new RecordProblem(`${found[1]}: needs --engine wire: with --engine node, endpoints take turns`);
}
