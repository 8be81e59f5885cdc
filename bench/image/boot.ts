/** The image as the Deployment of deploy/base runs it: read-only, as user 1000, without any capability. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type Server } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { service, yamlOf } from '../../test/support/services.ts';
import { exchange } from '../load/exchange.ts';
import { cpuMicros, residentBytes } from '../measure/process-tree.ts';
import { BenchError } from '../support/bench-error.ts';
import { eventually } from '../support/poll.ts';

/** CPUs of the Deployment's limit. */
const WORKERS = 2;
const START_MS = 60_000;
const SETTLE_MS = 3_000;
const REQUESTS = 20_000;
const CONNECTIONS = 64;

export interface Boot {
  /** From the start of the process to the first 200 of /readyz. */
  readonly readyMs: number;
  /** CPU time until then: what else the machine does makes little of it. */
  readonly readyCpuMs: number;
  readonly idleBytes: number;
  readonly loadedBytes: number;
}

/** What a kubelet has a runtime do, in a mount namespace that ends with the program. Arguments: root, manifest, command. */
const IN_CONTAINER = `
  set -e
  root=$1 manifest=$2
  shift 2
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o size=1m,uid=1000,gid=1000 tmpfs "$root/run/kube-entry"
  mount -t tmpfs -o size=1m tmpfs "$root/mnt"
  cp "$manifest" "$root/mnt/services.yaml"
  mount -o remount,bind,ro "$root"
  exec chroot "$root" setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \\
    env --chdir=/run/kube-entry "$@"
`;

export async function boot(root: string, folder: string): Promise<Boot> {
  const backend = createServer((_request, response) => response.end('ok')).listen({ host: '127.0.0.1', port: 0 });
  await once(backend, 'listening');
  const manifest = join(folder, 'services.yaml');
  writeFileSync(manifest, yamlOf([service('web', { address: { host: '127.0.0.1', port: portOf(backend) } })]));
  const settings = ['--listen=127.0.0.1:0', '--status-listen=127.0.0.1:0', `--workers=${WORKERS}`, '--access-log=off'];
  const command = ['kube-entry', 'serve', '--manifests=/mnt/services.yaml', ...settings];
  const began = performance.now();
  const child = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', 'sh', '-c', IN_CONTAINER, 'sh', root, manifest, ...command],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    const { listen, status } = await ports(child);
    await eventually(async () => {
      const answer = await exchange({ port: status, path: '/readyz' });
      if (answer.status !== 200) throw new BenchError(`not ready: ${answer.body}`);
    }, START_MS);
    const readyMs = performance.now() - began;
    const readyCpuMs = cpuMicros(child.pid ?? 0) / 1000;
    await sleep(SETTLE_MS);
    const idleBytes = residentBytes(child.pid ?? 0);
    await load(listen);
    return { readyMs, readyCpuMs, idleBytes, loadedBytes: residentBytes(child.pid ?? 0) };
  } finally {
    backend.close();
    backend.closeAllConnections();
    const ended = once(child, 'exit');
    endInside(child.pid ?? 0);
    await ended;
  }
}

/**
 * Ends the program, and with it what started it. It is the first process of its namespace, which ends with it. Killing the one
 * out here would leave it running: a process that changes its user loses the signal for its parent's death.
 */
function endInside(outer: number): void {
  const children = readFileSync(`/proc/${outer}/task/${outer}/children`, 'latin1').trim().split(' ').filter(Boolean);
  for (const pid of children) process.kill(Number(pid), 'SIGKILL');
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Reads where it listens from its log. @throws BenchError with what it said instead */
async function ports(child: ChildProcessByStdio<null, null, Readable>): Promise<{ listen: number; status: number }> {
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const [, listen, status] = /"listen":"127\.0\.0\.1:(\d+)".*"statusListen":"127\.0\.0\.1:(\d+)"/.exec(line) ?? [];
    if (listen !== undefined) return { listen: Number(listen), status: Number(status) };
    said.push(line);
  }
  throw new BenchError(`it does not start: ${said.join('\n')}`);
}

async function load(port: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let left = REQUESTS;
  const ask = async (): Promise<void> => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        get({ host: '127.0.0.1', port, path: '/web/x', agent }, response => {
          response.resume();
          response.once('end', resolve);
          if (response.statusCode !== 200) reject(new BenchError(`answered ${response.statusCode}`));
        }).once('error', reject);
      });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, ask));
  agent.destroy();
}
