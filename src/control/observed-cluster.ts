import type { Cluster } from '../model/cluster.ts';
import type { ClusterReport } from './endpoint-report.ts';

/** A cluster with what is known of its endpoints. */
export interface ObservedCluster extends Pick<ClusterReport, 'usesAll' | 'endpoints' | 'more'> {
  readonly cluster: Cluster;
}
