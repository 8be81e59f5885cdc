import type { SourceReport } from './control-plane.ts';

/** A source may be lost for a moment, as when an API server ends a watch. Only a longer loss is reported. */
const GRACE_MS = 5_000;

/** Routes that may be out of date. */
export interface Staleness {
  /** Until when they were known to be true, as RFC 3339 writes it. */
  readonly since: string;
  readonly reason: string;
}

/** @param now milliseconds since the epoch @returns undefined while the source is followed */
export function stalenessOf(
  { staleSince, lostSince }: Pick<SourceReport, 'staleSince' | 'lostSince'>,
  now: number,
): Staleness | undefined {
  if (staleSince !== undefined) return { since: staleSince, reason: 'the routes are those of the state file' };
  if (lostSince === undefined || now - Date.parse(lostSince) < GRACE_MS) return undefined;
  return { since: lostSince, reason: 'the source of routes is lost, the last ones are served' };
}
