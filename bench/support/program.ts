import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from './bench-error.ts';

const STOP_MS = 3_000;

export interface ProgramOptions {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** As taskset's --cpu-list has it. */
  readonly cpus: string;
  /** Where it runs, and where its output goes. */
  readonly folder: string;
  /** Standard output goes to this file, for a program that can log nowhere else. */
  readonly outputTo?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The signal that ends it at once, its children included. */
  readonly stopSignal?: NodeJS.Signals;
}

/** A long-running program of the benchmark: bound to its CPUs, and gone when the benchmark is, however that ends. */
export class Program {
  readonly name: string;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;
  readonly #errorFile: string;
  readonly #exited: Promise<void>;
  #isRunning = true;

  /** @throws BenchError when it cannot be started */
  constructor({ name, command, cpus, folder, outputTo, environment, stopSignal = 'SIGTERM' }: ProgramOptions) {
    this.name = name;
    this.#stopSignal = stopSignal;
    this.#errorFile = join(folder, `${name}.err`);
    const error = openSync(this.#errorFile, 'a');
    const output = outputTo === undefined ? error : openSync(outputTo, 'a');
    const [file, ...args] = pinned(command, cpus);
    this.#process = spawn(file, args, {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', output, error],
    });
    if (output !== error) closeSync(output);
    closeSync(error);
    this.#exited = new Promise(resolve => {
      const ended = (): void => {
        this.#isRunning = false;
        resolve();
      };
      this.#process.once('exit', ended).once('error', ended);
    });
    if (this.#process.pid === undefined) throw new BenchError(`${name} could not be started: ${file} is missing`);
    this.pid = this.#process.pid;
  }

  /** @throws BenchError when it has ended, with a line of what it wrote: the one that names an error, else the last */
  assertRunning(): void {
    if (this.#isRunning) return;
    const lines = readFileSync(this.#errorFile, 'utf8').trim().split('\n');
    const line = lines.find(text => /error|alert|emerg/i.test(text)) ?? lines.at(-1);
    throw new BenchError(`${this.name} has ended: ${line || 'it wrote nothing'}`);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#isRunning) this.#process.kill(signal);
  }

  async stop(): Promise<void> {
    this.signal(this.#stopSignal);
    const patience = new AbortController();
    const late = sleep(STOP_MS, undefined, { signal: patience.signal }).then(
      () => this.signal('SIGKILL'),
      () => undefined,
    );
    await this.#exited;
    patience.abort();
    await late;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * The command under taskset, and ended by the kernel when its parent is. Each of the wrappers becomes the next by exec:
 * the process id stays.
 */
export function pinned(command: readonly [string, ...string[]], cpus: string): [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'TERM', 'taskset', '--cpu-list', cpus, ...command];
}
