import { NoPathError, PathEditError } from '../../../routing/path-edit-error.ts';
import { PatternCostError } from '../../../routing/pattern/pattern-cost-error.ts';
import { Refusal } from './filter.ts';

/** Runs what a pattern decides. A path that it cannot decide is refused: to pass it on unchanged could get around the policy. */
export function decided<T>(decide: () => T): T | Refusal {
  try {
    return decide();
  } catch (error) {
    if (error instanceof PatternCostError) return new Refusal('pattern_too_costly', error.message);
    if (error instanceof PathEditError) return new Refusal('path_edit_refused', error.message);
    if (error instanceof NoPathError) return new Refusal('path_edit_empty', error.message);
    throw error;
  }
}
