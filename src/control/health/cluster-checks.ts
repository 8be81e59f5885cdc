import type { Cluster, Endpoint } from '../../model/cluster.ts';
import type { CheckResult } from '../endpoint-report.ts';
import type { ActiveChecks, Checked, HealthCheck } from './active-checks.ts';

export interface CheckedEndpoint {
  readonly id: string;
  readonly endpoint: Endpoint;
}

/** The active checks of one cluster: each endpoint that takes requests is checked, and no other. */
export class ClusterChecks<E extends CheckedEndpoint> {
  readonly #checks: ActiveChecks;
  readonly #onChange: (endpoint: E, passes: boolean) => void;
  /** Undefined before the first check: nearly all clusters have none. */
  #byEndpoint: Map<string, Checked> | undefined;
  #healthCheck: HealthCheck | undefined;

  /** @param onChange see {@link ActiveChecks.start}; also called with true for one that is no longer checked */
  constructor(checks: ActiveChecks, onChange: (endpoint: E, passes: boolean) => void) {
    this.#checks = checks;
    this.#onChange = onChange;
  }

  update(endpoints: readonly E[], cluster: Pick<Cluster, 'healthCheck' | 'protocol' | 'tls'>): void {
    if (cluster.healthCheck === undefined && this.#healthCheck === undefined) return;
    const healthCheck = cluster.healthCheck && checkOf(cluster.healthCheck, cluster);
    const isSame = JSON.stringify(healthCheck) === JSON.stringify(this.#healthCheck);
    this.#healthCheck = healthCheck;
    const stay = new Set(isSame ? endpoints.map(({ id }) => id) : []);
    const checked = this.#byEndpoint ?? new Map<string, Checked>();
    this.#byEndpoint = checked;
    for (const [id, check] of checked) {
      if (stay.has(id)) continue;
      check.stop();
      checked.delete(id);
    }
    for (const endpoint of endpoints) {
      if (checked.has(endpoint.id)) continue;
      if (!isSame) this.#onChange(endpoint, true);
      if (healthCheck === undefined) continue;
      const onChange = (passes: boolean): void => this.#onChange(endpoint, passes);
      checked.set(endpoint.id, this.#checks.start(endpoint.endpoint, healthCheck, onChange));
    }
  }

  /** Undefined for an endpoint that was not checked yet. */
  lastOf({ id }: Pick<E, 'id'>): CheckResult | undefined {
    return this.#byEndpoint?.get(id)?.last;
  }
}

function checkOf(
  { path, intervalMs }: NonNullable<Cluster['healthCheck']>,
  { protocol, tls }: Pick<Cluster, 'protocol' | 'tls'>,
): HealthCheck {
  return { path, intervalMs, ...(protocol && { protocol }), ...(tls && { tls }) };
}
