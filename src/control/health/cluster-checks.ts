import type { Cluster, Endpoint } from '../../model/cluster.ts';
import type { CheckResult } from '../endpoint-report.ts';
import type { ActiveChecks, Checked } from './active-checks.ts';

type HealthCheck = Cluster['healthCheck'];

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
  #healthCheck: HealthCheck;

  /** @param onChange see {@link ActiveChecks.start}; also called with true for one that is no longer checked */
  constructor(checks: ActiveChecks, onChange: (endpoint: E, passes: boolean) => void) {
    this.#checks = checks;
    this.#onChange = onChange;
  }

  update(endpoints: readonly E[], healthCheck: HealthCheck): void {
    if (healthCheck === undefined && this.#healthCheck === undefined) return;
    const { path, intervalMs } = this.#healthCheck ?? {};
    const isSame = path === healthCheck?.path && intervalMs === healthCheck?.intervalMs;
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
