import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { installedVersion } from '../contenders/installed.ts';

/** What figures have to be read with. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly kernel: string;
  readonly wrk: string;
  /** Of the minute before: what else the machine was doing. */
  readonly loadBefore: number;
}

/** @throws NotSupportedError without wrk, which every run needs */
export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cpus: all.length,
    memoryBytes: totalmem(),
    system: /^PRETTY_NAME="(.*)"/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux',
    kernel: release(),
    wrk: installedVersion('wrk', ['-v'], /wrk \S*?(\d\S*)/),
    loadBefore: loadavg()[0] ?? 0,
  };
}
