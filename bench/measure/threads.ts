/** What the threads of one process have used, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds of CPU by thread id; that of the main thread is the process's. @throws Error without CONFIG_SCHED_INFO */
export function threadNanos(pid: number): Map<number, number> {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  return new Map(threads.map(thread => [thread, nanosOf(pid, thread)]));
}

/** Nanoseconds of CPU of the main thread. */
export function mainThreadNanos(pid: number): number {
  return nanosOf(pid, pid);
}

function nanosOf(pid: number, thread: number): number {
  // The first of three numbers is the time spent on a CPU: Documentation/scheduler/sched-stats.rst.
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
}
