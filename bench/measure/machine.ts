import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { installedVersion } from '../contenders/installed.ts';

/** What figures have to be read with, wherever they come from. */
export interface Host {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly kernel: string;
  /** Of the minute before: what else the machine was doing. */
  readonly loadBefore: number;
}

/** The same where wrk makes the load. */
export interface Machine extends Host {
  readonly wrk: string;
}

/** @throws NotSupportedError without wrk, which every such run needs */
export function describeMachine(): Machine {
  return { ...describeHost(), wrk: installedVersion('wrk', ['-v'], /wrk \S*?(\d\S*)/) };
}

export function describeHost(): Host {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cpus: all.length,
    memoryBytes: totalmem(),
    system: /^PRETTY_NAME="(.*)"/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux',
    kernel: release(),
    loadBefore: loadavg()[0] ?? 0,
  };
}
