/** Routes for tests that care about their host and path only, and the clusters that they lead to. */

import { AffinityKeys } from '../../src/dataplane/clusters/affinity/affinity-keys.ts';
import type { ClusterContext } from '../../src/dataplane/clusters/balancing.ts';
import { PasswordVerifier } from '../../src/dataplane/passwords/password-verifier.ts';
import { AuthCache } from '../../src/dataplane/pipeline/filters/auth-cache.ts';
import type { FilterServices } from '../../src/dataplane/pipeline/filters/filter-services.ts';
import { CopyMemory } from '../../src/dataplane/pipeline/subrequests/body-copy.ts';
import { TokenVerifier } from '../../src/dataplane/tokens/token-verifier.ts';
import { LimitBoard, openLimits } from '../../src/limits/limits.ts';
import { type Cluster, type ClusterEndpoint, type Endpoint, plainEndpoint } from '../../src/model/cluster.ts';
import type { Delta, PublishedDelta, ServedCluster, TableDelta } from '../../src/model/delta.ts';
import type { Route } from '../../src/model/route.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';
import { FakeClock } from './fake-clock.ts';
import { runningClock } from './running-clock.ts';

const AT: readonly Endpoint[] = [{ address: '127.0.0.1', port: 80 }];

export function route(path: string, fields: Partial<Route> = {}): Route {
  const service = fields.service ?? { namespace: 'default', name: 'web' };
  return {
    host: '',
    path,
    stripPrefix: true,
    rewriteRedirects: false,
    overrides: {},
    cluster: `${service.namespace}/${service.name}:80`,
    service,
    createdAt: '',
    ...fields,
  };
}

/** What clusters need, with endpoints that are counted nowhere else. */
export function clusterContext(fields: Partial<ClusterContext> = {}): ClusterContext {
  const row = fields.row ?? new EndpointBoard(1).row(0);
  const affinityKeys = new AffinityKeys([Buffer.from('a key of the tests')]);
  return {
    affinityKeys,
    clock: runningClock,
    random: Math.random,
    row,
    failed: () => undefined,
    pending: () => undefined,
    ...fields,
  };
}

/** What filters of policies share. */
export function filterServices(fields: Partial<FilterServices> = {}): FilterServices {
  const clock = fields.clock ?? runningClock;
  return {
    clock,
    limits: openLimits(new LimitBoard(1).share(0)),
    authCache: new AuthCache(clock),
    passwords: new PasswordVerifier(new FakeClock()),
    tokens: new TokenVerifier(clock),
    copyMemory: new CopyMemory(),
    random: Math.random,
    ...fields,
  };
}

/** The cluster that a route leads to. */
export function clusterOf({ cluster, service }: Pick<Route, 'cluster' | 'service'>): Cluster {
  const name = `${service.namespace}-${service.name}-80`;
  return { id: cluster, name, service, balance: { policy: 'service' }, maxRequests: 0, slowStartMs: 0 };
}

/** A delta of routes, with the clusters that they lead to, all at the same endpoints. */
export function deltaOf({ version, upserts, removals }: TableDelta, at: readonly Endpoint[] = AT): Delta {
  const clusters = new Map(upserts.map(one => [one.cluster, clusterOf(one)]));
  const endpoints = at.map(plainEndpoint);
  return {
    version,
    routes: { upserts, removals },
    clusters: { upserts: [...clusters.values()], removals: [] },
    endpoints: [...clusters.keys()].map(cluster => ({ cluster, revision: version, endpoints })),
  };
}

/** The same delta as workers get it. */
export function published(delta: Delta, blockOf: (cluster: Cluster) => number = () => 0): PublishedDelta {
  const upserts = delta.clusters.upserts.map(cluster => ({ cluster, counterBlock: blockOf(cluster) }));
  return { ...delta, clusters: { upserts, removals: delta.clusters.removals } };
}

/** The cluster that a route leads to, as it is served. */
export function served(
  leading: Pick<Route, 'cluster' | 'service'>,
  fields: { readonly name?: string; readonly counterBlock?: number; readonly at?: readonly Endpoint[] } = {},
): ServedCluster {
  const { name, counterBlock = 0, at = AT } = fields;
  const cluster = clusterOf(leading);
  const endpoints: readonly ClusterEndpoint[] = at.map(plainEndpoint);
  return { cluster: { ...cluster, name: name ?? cluster.name }, counterBlock, endpoints };
}
