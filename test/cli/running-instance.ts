/** The real admin server before a control plane that stands still: what the commands for a running instance ask. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AdminServer } from '../../src/admin/admin-server.ts';
import { Catalog } from '../../src/control/catalog.ts';
import type { CertificateReport } from '../../src/control/certificates/certificate-report.ts';
import { ClusterReports } from '../../src/control/cluster-reports.ts';
import type { ControlPlane } from '../../src/control/control-plane.ts';
import { isNamed } from '../../src/control/observed-cluster.ts';
import { RouteReports } from '../../src/control/route-reports.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import type { WorkerCounters } from '../../src/observe/counters.ts';
import { silentLogger } from '../../src/observe/logger.ts';
import { limitsOf } from '../../src/settings/limits.ts';
import { DEFAULTS } from '../../src/settings/schema.ts';
import { readManifestText } from '../../src/sources/manifest-file.ts';
import { scratchDirectory } from './cli-fixture.ts';

export interface RunningInstance {
  readonly socketPath: string;
  /** Of its only worker. */
  readonly counters: WorkerCounters;
}

/**
 * @param yaml Services that it serves; undefined for an instance that waits for its first table
 * @param moreMetrics lines of Prometheus text
 * @param certificates what it says of certificates
 */
export async function startInstance(
  context: TestContext,
  yaml?: string,
  moreMetrics = '',
  certificates: readonly CertificateReport[] = [],
): Promise<RunningInstance> {
  const catalog = new Catalog({ allowExternalName: false, waitsFor: 'services' });
  if (yaml !== undefined) {
    catalog.replace(readManifestText(yaml, 'services.yaml', 'default').services.map(({ object }) => object));
    catalog.commit();
  }
  const reports = new ClusterReports(catalog);
  const clusterIds = new Set([...catalog.table.routes()].map(({ cluster }) => cluster));
  const clusters = [...clusterIds].map(id => catalog.cluster(id)).filter(found => found !== undefined);
  const control: ControlPlane = {
    isInitialised: catalog.isInitialised,
    isDraining: false,
    table: catalog.table,
    gatewayPorts: () => catalog.gateways.ports(),
    cluster: id => {
      const known = catalog.cluster(id);
      return known && { ...known, counterBlock: 0 };
    },
    observedClusters: wanted =>
      clusters
        .filter(({ cluster }) => wanted === undefined || isNamed(cluster, wanted))
        .map(found => reports.observe(found)),
    reports,
    certificates: { all: () => certificates },
    routes: new RouteReports(catalog, () => DEFAULTS),
    mergeSlashes: true,
    limits: limitsOf(DEFAULTS),
    conflicts: () => catalog.conflicts(),
    refusals: () => catalog.refusals(),
    warnings: () => catalog.warnings(),
    source: () =>
      catalog.isInitialised
        ? { kind: 'manifests', synced: true }
        : { kind: 'kube', synced: false, problem: 'cannot reach the Kubernetes API' },
    pushedBody: undefined,
    backends: () => catalog.backends(),
    pushBackends: async () => {},
    general: () => ({}),
    pushGeneral: async () => {},
    metrics: async () => ({
      contentType: 'text/plain',
      body: Buffer.from(
        `# TYPE kube_entry_build_info gauge\nkube_entry_build_info{version="9.8.7",engine="node"} 1\n${moreMetrics}`,
      ),
    }),
  };
  const board = new CounterBoard();
  const counters = board.addRegion();
  const socketPath = join(await scratchDirectory(context), 'admin.sock');
  const server = await AdminServer.listen(socketPath, { control, board, logger: silentLogger() });
  context.after(() => server.close());
  return { socketPath, counters };
}
