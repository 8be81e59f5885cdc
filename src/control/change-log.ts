import type { TableDelta } from '../model/delta.ts';
import type { ServiceRef } from '../model/route.ts';
import type { RouteTable } from '../routing/table.ts';

export interface ChangedRoute {
  readonly host: string;
  readonly path: string;
  /** The owner after the change; of a removed route, the last owner. */
  readonly service: ServiceRef;
  readonly what: 'added' | 'changed' | 'removed';
}

/** One new version of the route table. */
export interface TableChange {
  readonly version: number;
  /** When the last worker served it; milliseconds since the epoch. */
  readonly at: number;
  /** From the change at its source until then; milliseconds. */
  readonly tookMs: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** The first {@link NAMED} of them. */
  readonly routes: readonly ChangedRoute[];
}

/** Changes kept; the newest. */
const KEPT = 50;
/** Routes named in one change: the first table of a large cluster adds thousands. */
const NAMED = 20;

/** The latest changes of the route table. */
export class ChangeLog {
  readonly #changes: TableChange[] = [];

  /** The newest first. */
  get changes(): readonly TableChange[] {
    return this.#changes;
  }

  /** @param before the table that the delta changed */
  record(delta: TableDelta, before: RouteTable, at: number, tookMs: number): void {
    const routes: ChangedRoute[] = [];
    const counts = { added: 0, changed: 0, removed: 0 };
    const note = (what: ChangedRoute['what'], { host, path, service }: Omit<ChangedRoute, 'what'>): void => {
      counts[what] += 1;
      if (routes.length < NAMED) routes.push({ host, path, service, what });
    };
    for (const place of delta.removals) {
      const gone = before.get(place);
      if (gone !== undefined) note('removed', gone);
    }
    for (const route of delta.upserts) {
      note(before.get(route) === undefined ? 'added' : 'changed', route);
    }
    if (counts.added + counts.changed + counts.removed === 0) return;
    this.#changes.unshift({ version: delta.version, at, tookMs, ...counts, routes });
    if (this.#changes.length > KEPT) this.#changes.pop();
  }
}
