import type { CpuSplit } from '../support/cpus.ts';

/** What each measurement of this folder gets. */
export interface Surroundings {
  /** For everything that programs read and write. */
  readonly folder: string;
  readonly cpus: CpuSplit;
  readonly progress: (line: string) => void;
}
