/** Starts the proxy and its backends. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { serverPort } from '../../../test/support/server-port.ts';
import { startWebSocketBackend } from '../../backends/websocket-backend.ts';
import { exchange } from '../../load/exchange.ts';
import { BenchError } from '../../support/bench-error.ts';
import { checkListening } from '../../support/check-listening.ts';
import { splitCpus } from '../../support/cpus.ts';
import { eventually } from '../../support/poll.ts';
import { Program } from '../../support/program.ts';
import type { CertificateFiles } from '../load/certificate-churn.ts';
import { Admin } from './admin.ts';
import { ProxyUnderTest } from './proxy.ts';
import { type BackendPorts, backendRecords, STEADY } from './services.ts';

const START_MS = 20_000;

export interface Target {
  readonly proxy: ProxyUnderTest;
  readonly port: number;
  readonly tlsPort: number;
  readonly admin: Admin;
  readonly ports: BackendPorts;
}

/** @returns once it serves @throws BenchError when something does not start */
export async function startTarget(
  folder: string,
  certificate: CertificateFiles,
  hasAccessLog: boolean,
  programs: AsyncDisposableStack,
): Promise<Target> {
  const split = splitCpus();
  // Unlike in a comparison nothing has a CPU to itself: the soak is to keep the whole machine at work.
  const cpus = `${split.load},${split.proxy}`;
  const [steady, failing, webSocket, grpc] = [
    await serverPort(),
    await serverPort(),
    await serverPort(),
    await serverPort(),
  ];
  const ports = { steady, failing, webSocket, grpc };
  const [port, tlsPort] = [await serverPort(), await serverPort()];
  for (const kind of ['steady', 'failing'] as const)
    programs.use(startBackend(kind, 'backend.ts', folder, ports[kind], cpus));
  programs.use(startBackend('grpc', 'grpc-backend.ts', folder, ports.grpc, cpus));
  programs.use(startWebSocketBackend(folder, ports.webSocket, cpus));
  const proxy = new ProxyUnderTest({
    folder: subfolder(folder, 'proxy'),
    port,
    tlsPort,
    certificate,
    cpus,
    hasAccessLog,
  });
  programs.use(proxy.program);
  for (const needed of [port, tlsPort, ...Object.values(ports)]) {
    await eventually(() => {
      proxy.program.assertRunning();
      return checkListening(needed);
    }, START_MS);
  }
  const admin = new Admin(proxy.adminSocket);
  await eventually(() => admin.pushBackends(backendRecords(ports, 0, [])), START_MS);
  const { status } = await exchange({ port, path: `/${STEADY}/small` });
  if (status !== 200) throw new BenchError(`a first request is answered with ${status}`);
  return { proxy, port, tlsPort, admin, ports };
}

/** Requests so far that the steady backend could not read. */
export async function malformedUpstream({ ports }: Target): Promise<number> {
  return Number((await exchange({ port: ports.steady, path: '/malformed' })).body.toString());
}

function startBackend(kind: keyof BackendPorts, script: string, folder: string, port: number, cpus: string): Program {
  const file = join(import.meta.dirname, script);
  const command = [process.execPath, file, String(port), kind] as const;
  return new Program({ name: `${kind}-backend`, command: [...command], cpus, folder: subfolder(folder, kind) });
}

function subfolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}
