/** A coordination.k8s.io/v1 Lease, as client-go's leader election writes it. */
import type { ServiceRef } from '../../model/route.ts';
import { isObject } from '../../resources/service-object.ts';

export interface Lease {
  readonly resourceVersion: string;
  /** Empty: it was released. */
  readonly holder: string;
  /** 0 where it says none. */
  readonly durationSeconds: number;
  /** How often another one has taken it. */
  readonly transitions: number;
  /** As it is written: it is given back, and never compared with a clock. */
  readonly acquireTime: string;
  readonly renewTime: string;
}

/** Whoever wrote it: what is missing or has another type counts as not said. */
export function readLease(value: unknown): Lease {
  const { metadata, spec } = isObject(value) ? value : {};
  const { resourceVersion } = isObject(metadata) ? metadata : {};
  const { holderIdentity, leaseDurationSeconds, leaseTransitions, acquireTime, renewTime } = isObject(spec) ? spec : {};
  return {
    resourceVersion: textOf(resourceVersion),
    holder: textOf(holderIdentity),
    durationSeconds: countOf(leaseDurationSeconds),
    transitions: countOf(leaseTransitions),
    acquireTime: textOf(acquireTime),
    renewTime: textOf(renewTime),
  };
}

/** The Lease as it is made, or as it replaces the one of that version. */
export function leaseObject({ namespace, name }: ServiceRef, lease: Lease) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name, ...(lease.resourceVersion !== '' && { resourceVersion: lease.resourceVersion }) },
    spec: {
      holderIdentity: lease.holder,
      leaseDurationSeconds: lease.durationSeconds,
      acquireTime: lease.acquireTime,
      renewTime: lease.renewTime,
      leaseTransitions: lease.transitions,
    },
  };
}

/** Go's MicroTime wants six digits. @param now milliseconds since 1970 */
export function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
