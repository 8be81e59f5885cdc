import { serverPort } from '../../../test/support/server-port.ts';
import { exchange } from '../../load/exchange.ts';
import { BenchError } from '../../support/bench-error.ts';
import { eventually } from '../../support/poll.ts';
import type { Program } from '../../support/program.ts';

/** Where requests go: all on one port, each at an address of its own. */
export interface Pods {
  readonly addresses: readonly string[];
  readonly port: number;
}

export interface BalancerSetup {
  /** Its own and empty. */
  readonly folder: string;
  readonly port: number;
  readonly pods: Pods;
  readonly cpus: string;
}

/** A proxy that sends `/pods/x` as `/x` to the pods. */
export interface Balancer {
  /** In results. */
  readonly name: string;
  readonly title: string;
  /** @throws NotSupportedError when it is not installed */
  version(): string;
  start(setup: BalancerSetup): Program;
}

export const PREFIX = '/pods';

const START_MS = 20_000;

export interface RunningBalancer {
  readonly balancer: Balancer;
  readonly program: Program;
  readonly port: number;
}

/** Resolves when it serves. @param path that the pods answer with 200 */
export async function startBalancer(
  balancer: Balancer,
  setup: Omit<BalancerSetup, 'port'>,
  path: string,
): Promise<RunningBalancer> {
  const port = await serverPort();
  const program = balancer.start({ ...setup, port });
  try {
    await eventually(async () => {
      program.assertRunning();
      const { status } = await exchange({ port, path: `${PREFIX}${path}` });
      if (status !== 200) throw new BenchError(`${balancer.name} answers ${status}`);
    }, START_MS);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return { balancer, program, port };
}
