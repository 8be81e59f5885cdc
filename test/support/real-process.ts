/** Programs that end-to-end tests run, and the folders they write to. Nothing of either outlives the test process. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './eventually.ts';

/** For an API server, or a Node process that loads everything, on a busy machine. */
export const START_DEADLINE_MS = 180_000;

const PATIENT_POLL_MS = 100;

/** Waits for what takes seconds, without taking the processor from those who do it. @throws AssertionError if it does not come */
export async function patiently(what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
  const unhurried = async (): Promise<boolean> => {
    const isSo = await probe();
    if (!isSo) await delay(PATIENT_POLL_MS);
    return isSo;
  };
  await eventually(what, unhurried, START_DEADLINE_MS);
}

/** What is to be undone even where no after() hook runs. */
const leftovers = new Set<() => void>();

process.once('exit', () => {
  for (const undo of leftovers) undo();
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));

export class RealProcess {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #name: string;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');
  #errors = '';

  /** @param environment all that it sees, besides $PATH */
  constructor(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#name = [program, args[0]].join(' ');
    const env = { PATH: process.env.PATH, ...environment };
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    leftovers.add(this.#kill);
    this.#child.once('close', () => leftovers.delete(this.#kill));
    this.#child.once('error', error => {
      this.#errors += error.message;
    });
    // Read, so that it never waits for a full pipe.
    this.#child.stdout.resume();
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
  }

  /** All of standard error so far. */
  get errors(): string {
    return this.#errors;
  }

  /** @throws Error with the end of its log when it is gone */
  assertRuns(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) return;
    const why = signalCode ?? exitCode ?? 'it could not be started';
    throw new Error(`${this.#name} ended (${why}); the end of its log: ${this.#errors.slice(-2_000)}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** kill -9. Resolves when the process is gone, if it was there. */
  async end(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#kill();
    await closed;
  }
}

/** An empty folder in the system's place for such. */
export class TemporaryFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'kube-entry-e2e-'));
  readonly remove = (): void => {
    rmSync(this.path, { recursive: true, force: true });
    leftovers.delete(this.remove);
  };

  constructor() {
    leftovers.add(this.remove);
  }
}
