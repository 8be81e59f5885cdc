/** What a program and all its descendants have used, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux shows times to user space in hundredths of a second, whatever the kernel's own clock does. */
const TICK_MICROS = 10_000;

interface ProcessStat {
  readonly parent: number;
  /** User and system time of all its threads, those that have ended included, and of its children that have been reaped. */
  readonly ticks: number;
}

/** Microseconds of CPU, user and system, so far. Of a process that has ended only what its parent inherited counts. */
export function cpuMicros(root: number): number {
  return [...family(root).values()].reduce((sum, { ticks }) => sum + ticks, 0) * TICK_MICROS;
}

/** Process ids, the oldest first. */
export function childrenOf(pid: number): number[] {
  const children = [...family(pid)].filter(([, { parent }]) => parent === pid);
  return children.map(([child]) => child).sort((a, b) => a - b);
}

/** Resident bytes; pages that processes share count in each. */
export function residentBytes(root: number): number {
  const kibibytes = [...family(root).keys()].map(pid =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readOf(pid, 'status'))?.[1] ?? 0),
  );
  return kibibytes.reduce((sum, each) => sum + each, 0) * 1024;
}

function family(root: number): Map<number, ProcessStat> {
  const all = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? readOf(pid, 'stat') : '';
    if (stat !== '') all.set(pid, parseStat(stat));
  }
  return new Map([...all].filter(([pid]) => descends(pid, root, all)));
}

function descends(pid: number, root: number, all: ReadonlyMap<number, ProcessStat>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = all.get(at)?.parent) if (at === root) return true;
  return false;
}

/** @returns nothing when the process is gone */
function readOf(pid: number, file: 'stat' | 'status'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/** @param text of /proc/PID/stat: proc_pid_stat(5) numbers its fields from 1 */
function parseStat(text: string): ProcessStat {
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17) };
}
