/** The pods that stand behind the proxies. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverPort } from '../../../test/support/server-port.ts';
import { nginxConfiguration, startNginxProgram } from '../../contenders/nginx.ts';
import { exchange } from '../../load/exchange.ts';
import { BenchError } from '../../support/bench-error.ts';
import { eventually } from '../../support/poll.ts';
import { Program } from '../../support/program.ts';
import type { Pods } from '../contenders/balancer.ts';
import type { PodServerArguments, PodState } from './pod-server.ts';

export const PODS = 10;

const START_MS = 20_000;

/** On the machine itself, one for each pod. */
function addresses(): string[] {
  return Array.from({ length: PODS }, (_, index) => `127.0.1.${index + 1}`);
}

/**
 * An nginx at every address of the machine, which is never the slowest. It answers `/small` with a short JSON, and anything
 * else with the address at which it was asked.
 */
export async function startFastPods(folder: string, cpus: string): Promise<{ program: Program; pods: Pods }> {
  mkdirSync(folder, { recursive: true });
  const port = await serverPort();
  const http = `
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  default_type application/json;
  server {
    listen 0.0.0.0:${port} backlog=4096;
    location = /small { return 200 '{"status":"ok","pools":[{"name":"rbd","size":3},{"name":"cephfs","size":2}]}'; }
    location / { return 200 $server_addr; }
  }`;
  writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(folder, http));
  return { program: startNginxProgram('pods', folder, cpus), pods: { addresses: addresses(), port } };
}

/** Pods of which each takes its time, and can be made to fail. */
export class WorkingPods implements AsyncDisposable {
  readonly pods: Pods;
  readonly #program: Program;
  readonly #controlPort: number;

  private constructor(program: Program, pods: Pods, controlPort: number) {
    this.#program = program;
    this.pods = pods;
    this.#controlPort = controlPort;
  }

  static async start(
    folder: string,
    cpus: string,
    work: Pick<PodServerArguments, 'places' | 'workMs'>,
  ): Promise<WorkingPods> {
    mkdirSync(folder, { recursive: true });
    const pods = { addresses: addresses(), port: await serverPort() };
    const controlPort = await serverPort();
    const args: PodServerArguments = { ...work, ...pods, controlPort };
    const script = join(import.meta.dirname, 'pod-server.ts');
    const command = [process.execPath, script, JSON.stringify(args)] as const;
    const working = new WorkingPods(
      new Program({ name: 'pods', command: [...command], cpus, folder }),
      pods,
      controlPort,
    );
    await eventually(() => working.become(0, 'normal'), START_MS);
    return working;
  }

  async become(index: number, state: PodState): Promise<void> {
    this.#program.assertRunning();
    const { status } = await exchange({ port: this.#controlPort, path: `/${index}/${state}`, method: 'POST' });
    if (status !== 200) throw new BenchError(`pod ${index} does not become ${state}: ${status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
  }
}
