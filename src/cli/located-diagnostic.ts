import type { Diagnostic } from '../model/diagnostic.ts';

/** A diagnostic at its place in a manifest. It names no object, because a text may be too broken to hold one. */
export interface LocatedDiagnostic extends Required<Pick<Diagnostic, 'line' | 'severity' | 'message'>> {
  readonly file: string;
}
