import type { Place, Route } from './route.ts';

/** What turns one version of a table into the next. */
export interface TableDelta<R extends Place = Route> {
  readonly version: number;
  /** Routes that are new or changed. */
  readonly upserts: readonly R[];
  /** Where no route is served any more. */
  readonly removals: readonly Place[];
}
