/** A soak from start to end: a baseline, the capacity, the load, and what is left when it is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros } from '../measure/process-tree.ts';
import { Journal } from './journal.ts';
import { runAbortingClients } from './load/aborting-clients.ts';
import { CertificateChurn } from './load/certificate-churn.ts';
import { runFailingClients } from './load/failing-clients.ts';
import { runGrpcClients } from './load/grpc-clients.ts';
import { runHandshakes } from './load/handshakes.ts';
import { runHttp2Clients } from './load/http2-clients.ts';
import { RouteChurn } from './load/route-churn.ts';
import { SteadyClients } from './load/steady-clients.ts';
import { runWebSocketClients } from './load/web-socket-clients.ts';
import type { Options } from './options.ts';
import type { Observations } from './soak-result.ts';
import { malformedUpstream, startTarget, type Target } from './target/start.ts';
import { type ResourceSample, takeSamples } from './verdict/sampler.ts';
import { settledSnapshot } from './verdict/snapshot.ts';

/** For compilers and connections, before the capacity is measured. */
const WARM_UP_MS = 4_000;
const CAPACITY_MS = 6_000;
const ANY_NUMBER = { all: Number.POSITIVE_INFINITY, sockets: Number.POSITIVE_INFINITY };

export interface SoakContext {
  /** Empty. */
  readonly folder: string;
  /** Ends everything early. */
  readonly interrupted: AbortSignal;
  readonly progress: (line: string) => void;
}

interface LoadPhase extends Pick<Observations, 'capacity' | 'rate' | 'cpus' | 'pushes' | 'swaps'> {
  readonly samples: readonly ResourceSample[];
}

/** @throws BenchError when something does not run, AbortError when it is interrupted */
export async function runSoak(options: Options, context: SoakContext): Promise<Observations> {
  const { minutes, load, hasAccessLog } = options;
  const { folder, interrupted, progress } = context;
  await using programs = new AsyncDisposableStack();
  const certificates = new CertificateChurn(folder);
  const target = await startTarget(folder, certificates.files, hasAccessLog, programs);
  const { proxy, admin } = target;
  const before = await settledSnapshot(proxy, admin, ANY_NUMBER);
  const journal = new Journal();
  const phase = await underLoad(target, certificates, journal, options, context);
  interrupted.throwIfAborted();
  progress('the load is over: waiting until all is idle');
  const after = await settledSnapshot(proxy, admin, before.descriptors);
  return {
    minutes,
    load,
    ...phase,
    journal,
    before,
    after,
    malformedUpstream: await malformedUpstream(target),
    errorLines: proxy.errorLines(),
  };
}

async function underLoad(
  target: Target,
  certificates: CertificateChurn,
  journal: Journal,
  { minutes, load }: Options,
  { interrupted, progress }: SoakContext,
): Promise<LoadPhase> {
  const { port, tlsPort, proxy } = target;
  const origins = [`http://127.0.0.1:${port}`, `https://127.0.0.1:${tlsPort}`];
  const { pid } = proxy.program;
  const over = new AbortController();
  const signal = AbortSignal.any([interrupted, over.signal]);
  const steady = new SteadyClients(port, journal, signal);
  const churn = new RouteChurn({ ...target, journal, signal });
  const clients = Promise.all([
    steady.run(),
    churn.run(),
    runFailingClients(port, journal, signal),
    runAbortingClients(port, journal, signal),
    runWebSocketClients(port, journal, signal),
    runHttp2Clients(origins, journal, signal),
    runGrpcClients(origins, journal, signal),
    runHandshakes(tlsPort, journal, signal),
    certificates.run(signal),
  ]);
  try {
    await sleep(WARM_UP_MS, undefined, { signal });
    const { rate: capacity } = await measure(pid, steady, () => sleep(CAPACITY_MS, undefined, { signal }));
    steady.pace(capacity * load);
    progress(`${capacity.toFixed(0)} requests a second at most; ${(capacity * load).toFixed(0)} for ${minutes} min`);
    const end = AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000)]);
    const measured = await measure(pid, steady, () => takeSamples(proxy, () => steady.done, end));
    return {
      capacity,
      samples: measured.result,
      rate: measured.rate,
      cpus: measured.cpus,
      pushes: churn.pushes,
      swaps: certificates.swaps,
    };
  } finally {
    over.abort();
    await clients;
  }
}

/** Steady requests per second and CPUs of the proxy meanwhile. */
async function measure<T>(
  pid: number,
  steady: SteadyClients,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly rate: number; readonly cpus: number }> {
  const [began, done, used] = [performance.now(), steady.done, cpuMicros(pid)];
  const result = await work();
  const milliseconds = performance.now() - began;
  return {
    result,
    rate: ((steady.done - done) / milliseconds) * 1000,
    cpus: (cpuMicros(pid) - used) / 1000 / milliseconds,
  };
}
