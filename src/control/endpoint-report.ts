/** What is known about the endpoints of a cluster, for people. */
import type { ClusterEndpoint } from '../model/cluster.ts';
import type { ClusterId } from '../model/route.ts';
import type { EjectionReason } from './health/ejection.ts';

/**
 * `ready`: takes requests. `draining`: ends, and takes only the requests that a cookie binds to it. `ejected`: gets no requests,
 * because they failed. `trial`: is ejected, and one request may try it. `unhealthy`: gets no requests, because its active check
 * fails.
 */
export const ENDPOINT_STATES = ['ready', 'draining', 'ejected', 'trial', 'unhealthy'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** How the last active check of an endpoint went. */
export interface CheckResult {
  readonly passed: boolean;
  /** A status code, or what went wrong. */
  readonly detail: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface EndpointReport extends ClusterEndpoint {
  readonly health: EndpointState;
  /** Requests of all workers now. */
  readonly inFlight: number;
  /** A moving average; undefined before the first answer. */
  readonly firstByteMs: number | undefined;
  /** Present while it is ejected or on trial. */
  readonly ejection?: {
    readonly reason: EjectionReason;
    /** In a row. */
    readonly times: number;
    /** When a trial may begin, or began; milliseconds since 1970. */
    readonly until: number;
  };
  /** Present once an active check has been made. */
  readonly check?: CheckResult;
}

export interface ClusterReport {
  readonly cluster: ClusterId;
  readonly name: string;
  /** All endpoints get requests, whatever is known about them, because less than half of them are usable. */
  readonly usesAll: boolean;
  readonly endpoints: readonly EndpointReport[];
  /** Endpoints beyond the most that a report lists. */
  readonly more: number;
}
