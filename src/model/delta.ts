import type { Route } from './route.ts';

/** What turns one version of a table into the next. */
export interface TableDelta {
  readonly version: number;
  /** Routes that are new or changed. */
  readonly upserts: readonly Route[];
  /** Keys (routeKey) of the routes that are gone. */
  readonly removals: readonly string[];
}
