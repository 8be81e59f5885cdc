import { runWrk, type WrkLoad } from '../load/wrk.ts';
import { cpuMicros, residentBytes } from '../measure/process-tree.ts';
import type { Sample } from '../measure/sample.ts';
import { checkForwarding } from './checks.ts';
import type { Scenario, Target } from './scenario.ts';

/** One route, as most scenarios have it. */
export const ONE_PREFIX = ['/volume'];

interface WrkScenarioOptions
  extends Pick<WrkLoad, 'connections' | 'method' | 'bodyBytes' | 'closing' | 'routes' | 'header'>,
    Pick<Scenario, 'policy' | 'httpRules' | 'ingressHost'> {
  readonly name: string;
  readonly title: string;
  /** Of the backend. */
  readonly path: string;
  readonly unit?: 'request' | 'MiB';
  readonly prefixes?: readonly string[];
  readonly accessLog?: boolean;
  /** Beyond that requests arrive as they should. */
  readonly check?: (target: Target) => Promise<void>;
}

/** A scenario in which wrk makes the load. */
export function wrkScenario(options: WrkScenarioOptions): Scenario {
  const { name, title, path, unit = 'request', prefixes = ONE_PREFIX, accessLog = false, ...others } = options;
  const { check, policy, httpRules, ingressHost, ...load } = others;
  const run = (target: Target, seconds: number) =>
    runWrk({ ...load, port: target.port, path: wrkPath(prefixes, path), seconds, cpus: target.cpus });
  return {
    name,
    title,
    unit,
    prefixes,
    accessLog,
    backend: 'http',
    ...(policy && { policy }),
    ...(httpRules && { httpRules }),
    ...(ingressHost && { ingressHost }),
    async check(target) {
      if (policy === undefined && httpRules === undefined && ingressHost === undefined) await checkForwarding(target);
      await check?.(target);
    },
    warmUp: run,
    async measure(target, seconds) {
      return measureWrk(target, () => run(target, seconds));
    },
  };
}

/** Among several routes wrk chooses itself. */
function wrkPath(prefixes: readonly string[], path: string): string {
  return prefixes.length === 1 ? `${prefixes[0]}${path}` : path;
}

/** What the proxy spent while the load ran. */
export async function measureWrk(
  { proxy }: Target,
  run: () => ReturnType<typeof runWrk>,
): Promise<Required<Pick<Sample, 'cpu' | 'rate' | 'p50' | 'p99' | 'rss' | 'failed'>>> {
  const { pid } = proxy.program;
  const before = cpuMicros(pid);
  const { requests, micros, p50, p99, failed } = await run();
  const cpu = (cpuMicros(pid) - before) / requests;
  return { cpu, rate: requests / (micros / 1e6), p50, p99, rss: residentBytes(pid), failed };
}
