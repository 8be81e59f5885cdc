/** One scenario over all contenders: started, checked, warmed up, then measured in turns. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from '../test/support/self-signed.ts';
import { serverPort } from '../test/support/server-port.ts';
import { startGrpcBackend } from './backends/grpc-backend.ts';
import { startHttpBackend } from './backends/http-backend.ts';
import { startWebSocketBackend } from './backends/websocket-backend.ts';
import type { CertificateFiles, Contender } from './contenders/contender.ts';
import { medians, type Sample } from './measure/sample.ts';
import type { ContenderResult } from './report/report.ts';
import type { Scenario, Target } from './scenarios/scenario.ts';
import { NotSupportedError, reasonOf } from './support/bench-error.ts';
import { checkListening } from './support/check-listening.ts';
import type { CpuSplit } from './support/cpus.ts';
import { eventually } from './support/poll.ts';
import type { Program } from './support/program.ts';

/** Ten thousand routes, and as many certificates, take some proxies long to read. */
const LISTEN_MS = 120_000;
/** From then on: a table may still be loading. */
const SERVE_MS = 120_000;

export interface RunPlan {
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly cpus: CpuSplit;
  /** For everything that programs read and write. */
  readonly folder: string;
  /** Reports progress to the terminal. */
  readonly progress: (line: string) => void;
}

interface Entrant {
  readonly contender: Contender;
  readonly samples: Sample[];
  target?: Target;
  reason?: string;
}

export async function runScenario(scenario: Scenario, plan: RunPlan): Promise<ContenderResult[]> {
  await using programs = new AsyncDisposableStack();
  const backendPort = await serverPort();
  programs.use(startBackend(scenario, plan, backendPort));
  const entrants: Entrant[] = plan.contenders.map(contender => ({ contender, samples: [] }));
  for (const entrant of entrants) {
    await attempt(entrant, scenario, plan, 'start', async () => {
      entrant.target = await start(entrant.contender, scenario, plan, backendPort, programs);
      await scenario.warmUp(entrant.target, plan.warmUpSeconds);
    });
  }
  for (let round = 0; round < Math.min(plan.rounds, scenario.rounds ?? plan.rounds); round++) {
    // Another one begins each round: whatever disturbs the machine does not always meet the same.
    for (let turn = 0; turn < entrants.length; turn++) {
      const entrant = entrants[(round + turn) % entrants.length];
      if (entrant?.target === undefined || entrant.reason !== undefined) continue;
      const { target } = entrant;
      await attempt(entrant, scenario, plan, `round ${round + 1}`, async () => {
        target.proxy.program.assertRunning();
        entrant.samples.push(await scenario.measure(target, plan.seconds));
      });
    }
  }
  return entrants.map(({ contender: { name }, samples, reason }) => ({
    name,
    median: medians(samples),
    samples,
    ...(reason === undefined ? {} : { reason }),
  }));
}

/** A contender that fails is out of this scenario, with the reason; the others go on. */
async function attempt(
  entrant: Entrant,
  scenario: Scenario,
  { progress }: RunPlan,
  step: string,
  work: () => Promise<void>,
): Promise<void> {
  const { name } = entrant.contender;
  try {
    await work();
    progress(`${scenario.name}: ${name}, ${step}`);
  } catch (error) {
    entrant.reason = reasonOf(error);
    await entrant.target?.proxy.program.stop();
    progress(`${scenario.name}: ${name}, ${step}: ${entrant.reason}`);
  }
}

const START_BACKEND = { http: startHttpBackend, websocket: startWebSocketBackend, grpc: startGrpcBackend };

function startBackend({ name, backend }: Scenario, { folder, cpus }: RunPlan, port: number): Program {
  const own = join(folder, name, 'backend');
  mkdirSync(own, { recursive: true });
  return START_BACKEND[backend](own, port, cpus.load);
}

function writeCertificate(folder: string, keyType: 'ecdsa' | 'rsa'): CertificateFiles {
  const { cert, key } = selfSigned({ keyType });
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), both: join(folder, 'tls.pem') };
  writeFileSync(files.certificate, cert);
  writeFileSync(files.key, key);
  writeFileSync(files.both, cert + key);
  return files;
}

async function start(
  contender: Contender,
  scenario: Scenario,
  plan: RunPlan,
  backendPort: number,
  programs: AsyncDisposableStack,
): Promise<Target> {
  contender.version();
  const { httpRules, ingressHost, tlsHosts } = scenario;
  const needsKubernetes = httpRules !== undefined || ingressHost !== undefined || tlsHosts !== undefined;
  if (needsKubernetes && contender.readsKubernetes !== true) {
    throw new NotSupportedError('needs another program to serve objects of Kubernetes');
  }
  const folder = join(plan.folder, scenario.name, contender.name);
  mkdirSync(folder, { recursive: true });
  const port = await serverPort();
  const proxy = contender.start({
    folder,
    port,
    prefixes: scenario.prefixes,
    backendPort,
    ...(scenario.isHttp2 && { isHttp2: true }),
    ...(scenario.backend === 'grpc' && { isGrpc: true }),
    ...(scenario.policy && { policy: scenario.policy }),
    ...(httpRules && { httpRules }),
    ...(ingressHost && { ingressHost }),
    ...(tlsHosts && { tlsHosts }),
    ...(scenario.tls && { certificate: writeCertificate(folder, scenario.tls) }),
    accessLog: scenario.accessLog ? join(folder, 'access.log') : undefined,
    cpus: plan.cpus.proxy,
  });
  programs.use(proxy.program);
  const { upstreamPath } = contender;
  const target = { proxy, port, prefixes: scenario.prefixes, upstreamPath, cpus: plan.cpus.load };
  try {
    await eventually(() => {
      proxy.program.assertRunning();
      return checkListening(port);
    }, LISTEN_MS);
    await eventually(() => scenario.check(target), SERVE_MS);
  } catch (error) {
    // It must not go on trying at the expense of those that are measured.
    await proxy.program.stop();
    throw error;
  }
  return target;
}
