/** What one process holds of the machine's memory, from /proc. */
import { readFileSync } from 'node:fs';

export interface Memory {
  /** Resident bytes, those of files that other processes share included. */
  readonly rss: number;
  /** Resident bytes, each page divided by the number of processes that have it. */
  readonly pss: number;
  /** The most that was resident at any time. */
  readonly peakRss: number;
}

export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return { rss: bytes(rollup, 'Rss'), pss: bytes(rollup, 'Pss'), peakRss: bytes(status, 'VmHWM') };
}

function bytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
}
