import type { ObjectRef } from '../../model/diagnostic.ts';
import type { Route } from '../../model/route.ts';
import type { Translation } from '../../translate/service.ts';
import { hostConflicts } from './host-conflicts.ts';
import type { HostProfiles } from './host-profiles.ts';
import type { Remarks } from './remarks.ts';

export interface ServiceHostsOptions {
  readonly profiles: HostProfiles;
  readonly remarks: Pick<Remarks, 'set'>;
  /** Ingresses are served, too, or Gateways on the same ports. Where none is, all hosts are those of Services. */
  readonly isShared: boolean;
}

/** The hosts that watched Services name, and which of them belong to Ingresses or Gateways. */
export class ServiceHosts {
  readonly #options: ServiceHostsOptions;

  constructor(options: ServiceHostsOptions) {
    this.#options = options;
  }

  /** A Service as it is now. */
  set(key: string, { service, routes }: Translation): void {
    const { profiles, isShared } = this.#options;
    if (!isShared) return;
    const hosts = [...new Set(routes.map(({ host }) => host))].filter(host => host !== '');
    profiles.set('services', key, hosts, { object: service, createdAt: routes[0]?.createdAt ?? '' });
  }

  forget(key: string): void {
    const { profiles, isShared } = this.#options;
    if (isShared) profiles.set('services', key, [], { object: { namespace: '', name: '' }, createdAt: '' });
  }

  /** Those for hosts that belong to no Ingress and no Gateway. */
  ownRoutes(key: string, { service, routes }: Translation): readonly Route[] {
    const { profiles, remarks, isShared } = this.#options;
    if (!isShared) return routes;
    const lost = new Map<string, ObjectRef>();
    const own = routes.filter(({ host }) => {
      const owner = host === '' ? undefined : profiles.foreignOwner('services', host);
      if (owner !== undefined) lost.set(host, owner);
      return owner === undefined;
    });
    remarks.set(key, 'host', hostConflicts(service, lost));
    return own;
  }
}
