/** A node of a cluster, as far as its pods are concerned: the process that runs their servers (real-pod-host.ts). */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { HostAnswer, HostCommand, PodPlace } from './real-pod-host.ts';

const HOST = join(import.meta.dirname, 'real-pod-host.ts');

export class RealNode {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: HostAnswer) => void>();
  #commands = 0;

  constructor(name: string) {
    this.name = name;
    this.#child = fork(HOST, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (answer: HostAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#child.once('exit', () => {
      for (const tell of this.#waiting.values()) tell({ id: 0, failure: 'the node has ended' });
    });
  }

  /** @returns whether the address was free */
  async startPod(place: PodPlace): Promise<boolean> {
    const { failure } = await this.#ask({ do: 'start', ...place });
    if (failure === 'EADDRINUSE') return false;
    if (failure !== undefined) throw new Error(`${place.pod} does not start at ${place.address}: ${failure}`);
    return true;
  }

  /** Its server listens no more. Resolves when it has no connection any more. */
  async stopPod(pod: string): Promise<void> {
    await this.#ask({ do: 'stop', pod });
  }

  /** Whatever it is doing. */
  async killPod(pod: string): Promise<void> {
    await this.#ask({ do: 'kill', pod });
  }

  /** Its pods keep their sockets, and the kernel takes connections for them, but nothing answers. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #ask(command: DistributiveOmit<HostCommand, 'id'>): Promise<HostAnswer> {
    if (!this.#child.connected) return Promise.resolve({ id: 0, failure: 'the node has ended' });
    const id = ++this.#commands;
    return new Promise(resolve => {
      this.#waiting.set(id, resolve);
      this.#child.send({ ...command, id });
    });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
