/** A pod of the suite: its server as a process in a network namespace of its own, and what that has printed. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { eventually } from '../../support/eventually.ts';
import { pathOf } from '../../support/installed.ts';
import { START_DEADLINE_MS } from '../../support/real-process.ts';
import type { PodNetwork } from './pod-network.ts';

/** Each of its servers listens there, whatever else it listens on. */
const PORT = 3000;

export interface EchoPodFields {
  /** A program and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** It serves nothing: nothing is waited for. */
  readonly isSilent: boolean;
}

interface LogLine {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

export class EchoPod {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #log: LogLine[] = [];
  readonly #partial = new Map<Readable, string>();
  readonly #isSilent: boolean;

  /** It waits for {@link serve}. */
  constructor({ command, environment, isSilent }: EchoPodFields) {
    this.#isSilent = isSilent;
    // It waits for its device, and then becomes the program.
    const script = `echo; while read -r line && [ -n "$line" ]; do ${pathOf('ip')} $line || exit 1; done; exec "$@"`;
    this.#process = spawn(pathOf('unshare'), ['--net', 'sh', '-c', script, 'sh', ...command], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process.stdin.on('error', () => undefined);
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => this.#note(output, text));
    }
  }

  /** Resolves when it serves. @returns its address */
  async serve(network: PodNetwork): Promise<string> {
    const { pid, stdin, stdout } = this.#process;
    await once(stdout, 'data');
    if (pid === undefined) throw new Error('a pod could not be started');
    const { address, setUp } = await network.join(pid);
    stdin.end(`${setUp.join('\n')}\n\n`);
    const listens = async (): Promise<boolean> => {
      if (this.#hasEnded) throw new Error(`a pod ended: ${this.log()}`);
      return canConnect(address);
    };
    if (!this.#isSilent) await eventually('a pod serves', listens, START_DEADLINE_MS);
    return address;
  }

  /** What it has printed. @param since milliseconds since 1970 */
  log(since = 0): string {
    const lines = this.#log.filter(({ at }) => at >= since);
    return lines.map(({ text }) => `${text}\n`).join('');
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  #note(output: Readable, text: string): void {
    const lines = ((this.#partial.get(output) ?? '') + text).split('\n');
    this.#partial.set(output, lines.pop() ?? '');
    this.#log.push(...lines.map(line => ({ at: Date.now(), text: line })));
  }
}

function canConnect(host: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(PORT, host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
