import type { Host } from '../../measure/machine.ts';
import type { Memory } from '../../measure/memory.ts';
import type { NginxReload } from '../measure/nginx-reload.ts';
import type { Relist } from '../measure/relist.ts';
import type { ChangeTimes } from '../measure/single-changes.ts';
import type { SteadyChanges } from '../measure/steady-changes.ts';
import type { Scale } from '../options.ts';

/** Everything that a run yields; what scale.json holds. Times are in milliseconds, memory in bytes. */
export interface ScaleReport {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Host;
  readonly versions: { readonly kubeEntry: string; readonly node: string; readonly kubernetes: string };
  readonly scale: Scale;
  readonly workers: number;
  /** Of each start, in order. */
  readonly firstSyncs: readonly { readonly fromStartMs: number; readonly fromListeningMs: number }[];
  readonly memory: {
    /** Some seconds after the first sync. */
    readonly settled: Memory;
    /** After all the changes. */
    readonly afterChanges: Memory;
  };
  readonly changes: { readonly few: ChangeTimes; readonly many: ChangeTimes };
  readonly steady: SteadyChanges;
  readonly relist: Relist;
  /** Or why it was not measured. */
  readonly nginx: NginxReload | string;
}

/** The median; of an even number the higher one in the middle. */
export function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
