import type { Diagnostic } from '../../model/diagnostic.ts';
import { type Canary, type ServiceRef, serviceKey } from '../../model/route.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import { bySeniority } from '../../routing/ledger.ts';
import type { CanaryOf } from '../../translate/canary.ts';
import type { Remarks } from './remarks.ts';

/** A Service that takes requests of another. */
interface Claim extends CanaryOf {
  readonly service: ServiceRef;
}

/** Which Services are the canaries of which others. Of several of one Service the oldest counts, and the others wait. */
export class Canaries {
  readonly #remarks: Pick<Remarks, 'set'>;
  readonly #claims = new Map<string, Claim>();
  /** By primary, the keys of those that claim to be its canary. */
  readonly #claimants = new Map<string, Set<string>>();

  constructor(remarks: Pick<Remarks, 'set'>) {
    this.#remarks = remarks;
  }

  /** Says whose canary a Service is now. @returns the keys of the Services whose canary may be another than before */
  set(service: ServiceRef, asked: CanaryOf | undefined): string[] {
    const key = serviceKey(service);
    const before = this.#claims.get(key);
    if (before === undefined && asked === undefined) return [];
    const primaries = new Set<string>();
    if (before !== undefined) {
      const primary = serviceKey(before.primary);
      const claimants = this.#claimants.get(primary);
      claimants?.delete(key);
      if (claimants?.size === 0) this.#claimants.delete(primary);
      this.#claims.delete(key);
      this.#remarks.set(key, 'canary', []);
      primaries.add(primary);
    }
    if (asked !== undefined) {
      const primary = serviceKey(asked.primary);
      this.#claimants.set(primary, (this.#claimants.get(primary) ?? new Set()).add(key));
      this.#claims.set(key, { service, ...asked });
      primaries.add(primary);
    }
    for (const primary of primaries) this.#settle(primary);
    return [...primaries];
  }

  /** The canary of a Service; undefined where it has none. @param primary its key */
  of(primary: string): Canary | undefined {
    return this.#byAge(primary)[0]?.canary;
  }

  /** Those that wait are told which one counts. */
  #settle(primary: string): void {
    const [first, ...others] = this.#byAge(primary);
    if (first === undefined) return;
    this.#remarks.set(serviceKey(first.service), 'canary', []);
    for (const { service } of others) {
      this.#remarks.set(serviceKey(service), 'canary', [conflictOf(service, primary, first.service)]);
    }
  }

  #byAge(primary: string): Claim[] {
    const claimants = [...(this.#claimants.get(primary) ?? [])];
    return claimants.flatMap(key => this.#claims.get(key) ?? []).sort(bySeniority);
  }
}

function conflictOf(object: ServiceRef, primary: string, winner: ServiceRef): Diagnostic {
  const field = `${PREFIX}canary-of`;
  const advice = 'a Service has one canary; this one takes over when the other gives it up';
  const message = `${field}: the canary of ${primary} is the older Service ${serviceKey(winner)}: ${advice}`;
  return { object, field, severity: 'conflict', reason: 'CanaryConflict', message, paths: [] };
}
