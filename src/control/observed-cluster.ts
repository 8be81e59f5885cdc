import type { Cluster } from '../model/cluster.ts';
import { serviceKey } from '../model/route.ts';
import type { ClusterReport } from './endpoint-report.ts';

/** A cluster with what is known of its endpoints. */
export interface ObservedCluster extends Pick<ClusterReport, 'usesAll' | 'endpoints' | 'more'> {
  readonly cluster: Cluster;
}

/** @param wanted a backend, `namespace-service-port`, or a Service, `name` or `namespace/name` */
export function isNamed({ name, service }: Cluster, wanted: string): boolean {
  return wanted === name || wanted === service.name || wanted === serviceKey(service);
}
