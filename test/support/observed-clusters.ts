/** Clusters and endpoints with what is known of them, for tests of what is shown. */

import type { EndpointReport } from '../../src/control/endpoint-report.ts';
import type { ObservedCluster } from '../../src/control/observed-cluster.ts';
import type { Balance, Cluster } from '../../src/model/cluster.ts';

/** An endpoint at 10.0.0.1:80 that is ready, unless the fields say otherwise. */
export function endpointReport(id: string, fields: Partial<EndpointReport> = {}): EndpointReport {
  const place = { id, pod: id, address: '10.0.0.1', port: 80, zone: '', weight: 1, state: 'ready' } as const;
  return { ...place, health: 'ready', inFlight: 0, firstByteMs: undefined, ...fields };
}

/** The cluster `shop-cart-80` of the Service shop/cart. */
export function observedCluster(
  endpoints: readonly EndpointReport[],
  balance: Balance = { policy: 'least-request' },
  fields: Partial<Cluster> = {},
): ObservedCluster {
  const service = { namespace: 'shop', name: 'cart' };
  const known: Cluster = { id: 'c', name: 'shop-cart-80', service, balance, maxRequests: 0, slowStartMs: 0 };
  return { cluster: { ...known, ...fields }, usesAll: false, endpoints, more: 0 };
}
