import type { Conflict } from '../../routing/ledger.ts';
import type { RemarksByOwner } from './remarks.ts';

/** What may have changed, for those who report it to people. It holds no more than that, whatever the number of Services. */
export interface CatalogNews {
  /** By Service or pushed backend, all that keeps it from being served; none where all is well now. */
  readonly refusals: RemarksByOwner;
  readonly warnings: RemarksByOwner;
  /** By place, all conflicts there. */
  readonly conflicts: ReadonlyMap<string, readonly Conflict[]>;
}
