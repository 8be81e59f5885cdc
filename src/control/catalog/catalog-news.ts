import type { Conflict } from '../../routing/ledger.ts';
import type { RemarksByOwner } from './remarks.ts';

/** What may be otherwise than it was, for those who tell people: as little as changed, whatever the number of Services. */
export interface CatalogNews {
  /** By Service or pushed backend, all that keeps it from being served; none where all is well now. */
  readonly refusals: RemarksByOwner;
  readonly warnings: RemarksByOwner;
  /** By place, all conflicts there. */
  readonly conflicts: ReadonlyMap<string, readonly Conflict[]>;
}
