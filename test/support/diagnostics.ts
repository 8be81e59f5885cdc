import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { ServiceRef } from '../../src/model/route.ts';

/** A Service that is refused. @param paths what it asks for */
export function refused(
  object: ServiceRef,
  reason: string,
  message: string,
  paths: readonly string[] = [],
): Diagnostic {
  return { object, severity: 'refused', reason, message, paths };
}

/** A Service that is served, with a warning about one of its annotations. */
export function warned(object: ServiceRef, reason: string, message: string, field: string): Diagnostic {
  return { object, field, severity: 'warning', reason, message, paths: [] };
}
