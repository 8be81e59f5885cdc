import { isDeepStrictEqual } from 'node:util';
import type { Certificate, CertificateId } from '../../model/certificate.ts';
import type { TlsChanges } from '../../model/delta.ts';
import type { ClusterId } from '../../model/route.ts';
import type { TlsHost } from '../../model/tls-host.ts';
import { NameSets } from '../catalog/name-sets.ts';
import { settleHost, type TlsClaim, type TlsConflict } from './tls-claims.ts';

/** What a commit changes. */
export interface TlsCommit {
  /** Undefined: nothing. */
  readonly changes: TlsChanges | undefined;
  /** Clusters that bytes are passed through to from now on, and no longer: one for each host. */
  readonly come: readonly ClusterId[];
  readonly gone: readonly ClusterId[];
  /** Owners whose conflicts may be others than before. */
  readonly touched: ReadonlySet<string>;
}

/** The hosts and certificates of the TLS port, as Services claim them. Changes gather until {@link commit}. */
export class TlsRegistry {
  readonly #owned = new Map<string, TlsClaim>();
  /** By host, those that claim it. */
  readonly #claimants = new NameSets();
  /** Hosts whose claims have changed since the last commit. */
  readonly #dirty = new Set<string>();
  readonly #served = new Map<string, TlsHost>();
  readonly #conflicts = new Map<string, readonly TlsConflict[]>();
  /** By certificate, how many hosts have it. */
  readonly #uses = new Map<CertificateId, number>();

  /** Whether the host has TLS of its own, or a wildcard of one label above it has. As of the last commit. */
  serves(host: string): boolean {
    const dot = host.indexOf('.');
    return this.#served.has(host) || (dot > 0 && this.#served.has(`*${host.slice(dot)}`));
  }

  claimOf(owner: string): TlsClaim | undefined {
    return this.#owned.get(owner);
  }

  /** Replaces what an owner claims. */
  set(owner: string, claim: TlsClaim | undefined): void {
    for (const host of this.#owned.get(owner)?.hosts ?? []) {
      this.#claimants.delete(host, owner);
      this.#dirty.add(host);
    }
    if (claim === undefined) this.#owned.delete(owner);
    else this.#owned.set(owner, claim);
    for (const host of claim?.hosts ?? []) {
      this.#claimants.add(host, owner);
      this.#dirty.add(host);
    }
  }

  /** The conflicts that an owner loses. */
  conflictsOf(owner: string): TlsConflict[] {
    const claim = this.#owned.get(owner);
    const lost = claim?.hosts.flatMap(host => this.#conflicts.get(host) ?? []) ?? [];
    return lost.filter(({ loser }) => loser === claim?.service);
  }

  commit(): TlsCommit {
    const certificates = new Map<CertificateId, Certificate>();
    const before = new Map<CertificateId, number>();
    const hosts = { upserts: [] as TlsHost[], removals: [] as string[] };
    const [come, gone]: [ClusterId[], ClusterId[]] = [[], []];
    const touched = new Set<string>();
    const use = (id: CertificateId | undefined, change: 1 | -1): void => {
      if (id === undefined) return;
      const uses = this.#uses.get(id) ?? 0;
      if (!before.has(id)) before.set(id, uses);
      this.#uses.set(id, uses + change);
    };
    for (const name of this.#dirty) {
      const owners = this.#claimants.of(name);
      const claims = owners.flatMap(owner => this.#owned.get(owner) ?? []);
      const { host, certificate, conflicts } = settleHost(name, claims);
      for (const owner of owners) touched.add(owner);
      if (conflicts.length > 0) this.#conflicts.set(name, conflicts);
      else this.#conflicts.delete(name);
      const served = this.#served.get(name);
      if (isDeepStrictEqual(host, served)) continue;
      if (certificate !== undefined) certificates.set(certificate.id, certificate);
      use(host?.certificate, 1);
      use(served?.certificate, -1);
      if (host?.passthrough !== undefined) come.push(host.passthrough);
      if (served?.passthrough !== undefined) gone.push(served.passthrough);
      if (host === undefined) {
        this.#served.delete(name);
        hosts.removals.push(name);
      } else {
        this.#served.set(name, host);
        hosts.upserts.push(host);
      }
    }
    this.#dirty.clear();
    const upserts = [...certificates.values()].filter(({ id }) => before.get(id) === 0);
    const removals = [...before].filter(([id, uses]) => uses > 0 && this.#uses.get(id) === 0).map(([id]) => id);
    for (const id of before.keys()) if (this.#uses.get(id) === 0) this.#uses.delete(id);
    const isSame = hosts.upserts.length + hosts.removals.length === 0;
    return { changes: isSame ? undefined : { certificates: { upserts, removals }, hosts }, come, gone, touched };
  }
}
