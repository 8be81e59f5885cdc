import type { ServiceRef } from './route.ts';

/**
 * How serious a diagnostic is. `refused`: the object is not served. `conflict`: another object has the place that it asks for.
 * `warning`: it is served, but probably not as its author meant.
 */
export type Severity = 'refused' | 'conflict' | 'warning';

/** The kinds of the Gateway API that diagnostics are about. */
export type GatewayApiKind =
  | 'GatewayClass'
  | 'Gateway'
  | 'ListenerSet'
  | 'HTTPRoute'
  | 'GRPCRoute'
  | 'TLSRoute'
  | 'ReferenceGrant'
  | 'BackendTLSPolicy';

/** Names an object that a diagnostic is about. */
export interface ObjectRef extends ServiceRef {
  /** Absent: a Service. */
  readonly kind?: 'Ingress' | 'ConfigMap' | GatewayApiKind;
}

/** Something is wrong with an object: the one form in which every part of the program says so. */
export interface Diagnostic {
  readonly object: ObjectRef;
  /** The full key of the annotation at fault, where there is one. */
  readonly field?: string;
  /** The line of the manifest, counted from 1, where the object was read from one. */
  readonly line?: number;
  readonly severity: Severity;
  /** A stable word: the reason of a Kubernetes Event, and the label of a metric. */
  readonly reason: string;
  /** For people: what is wrong, where, and what to do. */
  readonly message: string;
  /** The path prefixes that the object asks for and does not get, as far as they can be read; empty for a warning. */
  readonly paths: readonly string[];
}

/** One object that a bug meets must not keep the others from being served. @param problem what was thrown */
export function bugDiagnostic(object: ObjectRef, problem: string): Diagnostic {
  const message = `a bug in kube-entry, not a fault of this ${object.kind ?? 'Service'}: ${problem}; the program's log says where`;
  return { object, severity: 'refused', reason: 'InternalError', message, paths: [] };
}
