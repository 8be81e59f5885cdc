import { Canaries } from '../control/catalog/canaries.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Translation } from '../translate/service.ts';

/** The Services whose primary has an older canary, which counts. By key of the Service. */
export function canaryConflicts(translations: Iterable<Translation>): ReadonlyMap<string, readonly Diagnostic[]> {
  const conflicts = new Map<string, readonly Diagnostic[]>();
  const canaries = new Canaries({ set: (key, _topic, found) => void conflicts.set(key, found) });
  for (const { service, canary } of translations) canaries.set(service, canary);
  return conflicts;
}
