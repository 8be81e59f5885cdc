import { KubeEntryError } from '../../errors.ts';

/** A text would cost a pattern more steps than one match may take. Whether it matches is not known. */
export class PatternCostError extends KubeEntryError {
  readonly code = 'PATTERN_COST';

  constructor() {
    super('the pattern would take too many steps on this text');
  }
}
