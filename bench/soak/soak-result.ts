import type { Journal } from './journal.ts';
import type { ResourceSample } from './verdict/sampler.ts';
import type { Snapshot } from './verdict/snapshot.ts';

/** All that a soak has brought to light. */
export interface Observations {
  readonly minutes: number;
  /** Requests per second of the steady clients without a pause, with all the others at work. */
  readonly capacity: number;
  /** The share of it that was asked for, and requests per second that were answered. */
  readonly load: number;
  readonly rate: number;
  /** CPUs that the proxy used, on average. */
  readonly cpus: number;
  readonly pushes: number;
  /** Times that the certificate was replaced. */
  readonly swaps: number;
  readonly journal: Journal;
  readonly samples: readonly ResourceSample[];
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** Requests that the steady backend could not read. */
  readonly malformedUpstream: number;
  /** Lines of the proxy's log that say something is broken. */
  readonly errorLines: readonly string[];
}

/** One question of the verdict. */
export interface Check {
  readonly name: string;
  /** undefined: the run was too short to tell. */
  readonly isMet: boolean | undefined;
  readonly detail: string;
}
