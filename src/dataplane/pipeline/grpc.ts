/** What gRPC asks of a proxy: statuses of its own, deadlines, and patience with streams that are quiet. */

import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import type { RouteLimits } from '../../model/route.ts';
import type { Answer, RequestView } from './ports.ts';

// Statuses of gRPC.
const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** A call may be silent for so long in either direction, unless its Service says otherwise: whether it is a stream, no proxy knows. */
const QUIET_MS = 60 * 60_000;

/** With its encoding or parameters; gRPC-Web is another protocol. */
const CONTENT_TYPE = /^application\/grpc(?:[+;]|$)/i;
/** At most 8 digits, and a unit. */
const TIMEOUT = /^([0-9]{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** By the status of HTTP, as gRPC's clients take it. */
const BY_STATUS: ReadonlyMap<number, number> = new Map([
  [400, INTERNAL],
  [401, UNAUTHENTICATED],
  [403, PERMISSION_DENIED],
  [404, UNIMPLEMENTED],
  [413, RESOURCE_EXHAUSTED],
  [429, UNAVAILABLE],
  [431, INTERNAL],
  [502, UNAVAILABLE],
  [503, UNAVAILABLE],
  [504, UNAVAILABLE],
]);

/** By the code of an RST_STREAM; others are INTERNAL. */
const BY_RESET: ReadonlyMap<number, number> = new Map([
  [0x7, UNAVAILABLE],
  [0x8, CANCELLED],
  [0xb, RESOURCE_EXHAUSTED],
  [0xc, PERMISSION_DENIED],
]);

/** How long a call may take, its rule has said. */
const RULE_TIMEOUTS: ReadonlySet<FailureReason> = new Set(['route_request_timeout', 'route_backend_timeout']);

/** Whether a request is a call: it needs HTTP/2 on the client's side, too. */
export function isGrpc(head: RequestView): boolean {
  return head.protocol === 'HTTP/2.0' && CONTENT_TYPE.test(head.field('content-type', ','));
}

/** What a call says that it may take; undefined where it says nothing that can be read. */
export function grpcTimeoutMs(head: RequestView): number | undefined {
  const [, digits, unit = ''] = TIMEOUT.exec(head.field('grpc-timeout', ',')) ?? [];
  return digits === undefined ? undefined : Math.max(1, Math.ceil(Number(digits) * (UNIT_MS[unit] as number)));
}

/** What a call may take. @param ownReadMs what its Service sets for reads; undefined where it sets nothing */
export function grpcLimits(limits: RouteLimits, ownReadMs: number | undefined, timeoutMs = Infinity): RouteLimits {
  return {
    ...limits,
    connectTimeoutMs: Math.min(limits.connectTimeoutMs, timeoutMs),
    readTimeoutMs: Math.min(ownReadMs ?? QUIET_MS, timeoutMs),
    sendTimeoutMs: Math.min(limits.sendTimeoutMs, timeoutMs),
  };
}

/** How a call failed. */
export interface GrpcFailure {
  readonly reason: FailureReason;
  /** Of the RST_STREAM that ended it; undefined without one. */
  readonly resetCode: number | undefined;
  /** Its own grpc-timeout was a limit. */
  readonly hasTimeout: boolean;
}

/** The answer to a call that failed: all of it is in the head, which the codec sends as the end of the stream. */
export function grpcErrorAnswer(failure: GrpcFailure, requestId: string): Answer {
  const { meaning } = FAILURES[failure.reason];
  const headers: [string, string][] = [
    ['grpc-status', String(statusOf(failure))],
    ['grpc-message', meaning.replaceAll('%', '%25')],
    ['X-Request-ID', requestId],
  ];
  return { status: 200, contentType: 'application/grpc', headers, body: '' };
}

function statusOf({ reason, resetCode, hasTimeout }: GrpcFailure): number {
  if (resetCode !== undefined) return BY_RESET.get(resetCode) ?? INTERNAL;
  if (reason === 'endpoints_busy') return RESOURCE_EXHAUSTED;
  if (RULE_TIMEOUTS.has(reason) || (hasTimeout && FAILURES[reason].status === 504)) return DEADLINE_EXCEEDED;
  return BY_STATUS.get(FAILURES[reason].status) ?? UNKNOWN;
}
