/** The entries of one race: started, checked, warmed up, then measured in turns. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from '../test/support/self-signed.ts';
import { serverPort } from '../test/support/server-port.ts';
import { startGrpcBackend } from './backends/grpc-backend.ts';
import { startHttpBackend } from './backends/http-backend.ts';
import { startWebSocketBackend } from './backends/websocket-backend.ts';
import type { CertificateFiles } from './contenders/contender.ts';
import { medians, type Sample } from './measure/sample.ts';
import type { WarmUp } from './options.ts';
import type { Entry, Race } from './races.ts';
import type { EntryResult } from './report/report.ts';
import type { Scenario, Target } from './scenarios/scenario.ts';
import { NotSupportedError, reasonOf } from './support/bench-error.ts';
import { checkListening } from './support/check-listening.ts';
import type { CpuSplit } from './support/cpus.ts';
import { eventually } from './support/poll.ts';
import type { Program } from './support/program.ts';
import { turns } from './support/turns.ts';

/** Ten thousand routes, and as many certificates, take some proxies long to read. */
const LISTEN_MS = 120_000;
/** From then on: a table may still be loading. */
const SERVE_MS = 120_000;

export interface RunPlan {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: WarmUp;
  readonly cpus: CpuSplit;
  /** For everything that programs read and write. */
  readonly folder: string;
  /** Reports progress to the terminal. */
  readonly progress: (line: string) => void;
}

interface Entrant extends Entry {
  readonly samples: Sample[];
  target?: Target;
  reason?: string;
}

/** @returns what each entry got, in their order */
export async function runRace(race: Race, plan: RunPlan): Promise<EntryResult[]> {
  await using programs = new AsyncDisposableStack();
  const folder = join(plan.folder, race.name);
  const backends = new Map<Scenario['backend'], number>();
  for (const kind of new Set(race.entries.map(({ scenario }) => scenario.backend))) {
    const port = await serverPort();
    backends.set(kind, port);
    programs.use(startBackend(kind, port, folder, plan));
  }
  const entrants: Entrant[] = race.entries.map(entry => ({ ...entry, samples: [] }));
  for (const [place, entrant] of entrants.entries()) {
    const { scenario, contender } = entrant;
    const { compiledAhead, compiledAsItRuns } = plan.warmUp;
    await attempt(entrant, race, plan, 'start', async () => {
      const own = join(folder, `${place}-${contender.name}`);
      entrant.target = await start(entrant, own, backends.get(scenario.backend) ?? 0, plan, programs);
      await scenario.warmUp(entrant.target, contender.compilesAsItRuns ? compiledAsItRuns : compiledAhead);
    });
  }
  const rounds = Math.min(plan.rounds, ...entrants.map(({ scenario }) => scenario.rounds ?? plan.rounds));
  for (const [round, entrant] of turns(entrants, rounds)) {
    const { target, reason, scenario, samples } = entrant;
    if (target === undefined || reason !== undefined) continue;
    await attempt(entrant, race, plan, `round ${round + 1}`, async () => {
      target.proxy.program.assertRunning();
      samples.push(await scenario.measure(target, plan.seconds));
    });
  }
  return entrants.map(({ scenario, contender, samples, reason }) => ({
    scenario: scenario.name,
    contender: contender.name,
    median: medians(samples),
    samples,
    ...(reason === undefined ? {} : { reason }),
  }));
}

/** An entrant that fails is out of this race, with the reason; the others go on. */
async function attempt(
  entrant: Entrant,
  race: Race,
  { progress }: RunPlan,
  step: string,
  work: () => Promise<void>,
): Promise<void> {
  const { scenario, contender } = entrant;
  const name = race.name === scenario.name ? contender.name : `${contender.name} in ${scenario.name}`;
  try {
    await work();
    progress(`${race.name}: ${name}, ${step}`);
  } catch (error) {
    entrant.reason = reasonOf(error);
    await entrant.target?.proxy.program.stop();
    progress(`${race.name}: ${name}, ${step}: ${entrant.reason}`);
  }
}

const START_BACKEND = { http: startHttpBackend, websocket: startWebSocketBackend, grpc: startGrpcBackend };

function startBackend(kind: Scenario['backend'], port: number, folder: string, { cpus }: RunPlan): Program {
  const own = join(folder, `backend-${kind}`);
  mkdirSync(own, { recursive: true });
  return START_BACKEND[kind](own, port, cpus.load);
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
  { scenario, contender }: Entry,
  folder: string,
  backendPort: number,
  plan: RunPlan,
  programs: AsyncDisposableStack,
): Promise<Target> {
  contender.version();
  const { httpRules, ingressHost, tlsHosts } = scenario;
  const needsKubernetes = httpRules !== undefined || ingressHost !== undefined || tlsHosts !== undefined;
  if (needsKubernetes && contender.readsKubernetes !== true) {
    throw new NotSupportedError('needs another program to serve objects of Kubernetes');
  }
  if (scenario.policy !== undefined && contender.hasPolicies !== true) {
    throw new NotSupportedError('is not set up for policies here');
  }
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
