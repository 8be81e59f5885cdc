/** What a program and all its descendants have used, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux shows times to user space in hundredths of a second, whatever the kernel's own clock does. */
const TICK_MICROS = 10_000;

interface ProcessStat {
  readonly parent: number;
  /** User and system time of all its threads, those that have ended included, and of its children that have been reaped. */
  readonly ticks: number;
  readonly residentPages: number;
}

const PAGE_BYTES = 4096;

/** Microseconds of CPU, user and system, so far. Of a process that has ended only what its parent inherited counts. */
export function cpuMicros(root: number): number {
  return family(root).reduce((sum, { ticks }) => sum + ticks, 0) * TICK_MICROS;
}

/** Resident bytes; pages that processes share count in each. */
export function residentBytes(root: number): number {
  return family(root).reduce((sum, { residentPages }) => sum + residentPages, 0) * PAGE_BYTES;
}

function family(root: number): ProcessStat[] {
  const all = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? readStat(pid) : undefined;
    if (stat !== undefined) all.set(pid, stat);
  }
  return [...all].filter(([pid]) => descends(pid, root, all)).map(([, stat]) => stat);
}

function descends(pid: number, root: number, all: ReadonlyMap<number, ProcessStat>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = all.get(at)?.parent) if (at === root) return true;
  return false;
}

/** @returns undefined when the process is gone */
function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  return parseStat(text);
}

/** @param text of /proc/PID/stat: proc_pid_stat(5) numbers its fields from 1 */
export function parseStat(text: string): ProcessStat {
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17), residentPages: field(24) };
}
