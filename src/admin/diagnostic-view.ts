import type { Diagnostic, ObjectRef } from '../model/diagnostic.ts';

/** A diagnostic as people and scripts get it. */
export interface DiagnosticView {
  /** The object: a Service, unless it says its kind. */
  readonly service: ObjectRef;
  readonly reason: string;
  readonly message: string;
  /** Full key of the annotation at fault, where there is one. */
  readonly annotation?: string;
  /** What a refused Service asks for. */
  readonly paths?: readonly string[];
}

export function viewDiagnostic({ object, field, severity, reason, message, paths }: Diagnostic): DiagnosticView {
  return {
    service: object,
    reason,
    message,
    ...(field !== undefined && { annotation: field }),
    ...(severity === 'refused' && { paths }),
  };
}
