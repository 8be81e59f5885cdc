import { PREFIX } from '../resources/annotation-prefix.ts';

/** Stable words: they label a metric and are the reason of a Kubernetes Event. */
export type RefusalReason =
  | 'BadAnnotation'
  | 'UnknownAnnotation'
  | 'UnknownPort'
  | 'NoPort'
  | 'HeadlessService'
  | 'NoClusterIP'
  | 'ExternalNameNotAllowed'
  | 'BadExternalName'
  | 'NeedsEngineWire'
  | 'NoTlsPort'
  | 'AuthoritiesNotUsable';

/** A value of an object that keeps it from being served. The translation turns it into a Diagnostic. */
export class RefusalError extends Error {
  readonly reason: RefusalReason;
  /** Full key of the annotation at fault, where there is one. */
  readonly field: string | undefined;

  constructor(reason: RefusalReason, message: string, field?: string) {
    super(message);
    this.reason = reason;
    this.field = field;
  }
}

/** @param problem what is wrong with the value */
export function badAnnotation(name: string, problem: string): RefusalError {
  const field = PREFIX + name;
  return new RefusalError('BadAnnotation', `${field}: ${problem}`, field);
}
