import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { BenchError } from './bench-error.ts';

export interface CpuSplit {
  /** One CPU, for the proxy under test and nothing else. */
  readonly proxy: string;
  /** All the others: load generator, backend and the benchmark itself. */
  readonly load: string;
}

/** Splits the CPUs that this process may use. @throws BenchError when there is only one */
export function splitCpus(): CpuSplit {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cpus = list.split(',').flatMap(range => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const proxy = cpus.at(-1);
  if (proxy === undefined || cpus.length < 2) throw new BenchError('two CPUs are needed: one for the proxy alone');
  return { proxy: String(proxy), load: cpus.slice(0, -1).join(',') };
}

/** What it starts inherits this. */
export function pinThisProcess(cpus: string): void {
  const { status, stderr } = spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cpus, String(process.pid)]);
  if (status !== 0) throw new BenchError(`taskset (of util-linux) does not work: ${stderr}`);
}
