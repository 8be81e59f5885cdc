/** Balancers that are measured in turns, so that whatever disturbs the machine does not always meet the same. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../support/bench-error.ts';
import { turns } from '../../support/turns.ts';
import { type Balancer, type Pods, type RunningBalancer, startBalancer } from '../contenders/balancer.ts';
import type { Surroundings } from '../surroundings.ts';

export interface Measured<Sample> {
  readonly name: string;
  readonly title: string;
  readonly samples: readonly Sample[];
  /** Why nothing was measured, or not in all rounds. */
  readonly reason?: string;
}

export interface TurnsPlan<Sample> {
  /** For folders, and to say what is going on. */
  readonly scenario: string;
  readonly balancers: readonly Balancer[];
  readonly pods: Pods;
  readonly rounds: number;
  readonly warmUp: (running: RunningBalancer) => Promise<unknown>;
  readonly measure: (running: RunningBalancer) => Promise<Sample>;
}

/** A balancer that fails is out, with the reason; the others go on. */
export async function inTurns<Sample>(plan: TurnsPlan<Sample>, around: Surroundings): Promise<Measured<Sample>[]> {
  const { scenario, balancers, pods, rounds, warmUp, measure } = plan;
  await using programs = new AsyncDisposableStack();
  const entrants = balancers.map(balancer => ({
    balancer,
    samples: [] as Sample[],
    running: undefined as RunningBalancer | undefined,
    reason: undefined as string | undefined,
  }));
  for (const entrant of entrants) {
    const folder = join(around.folder, scenario, entrant.balancer.name);
    mkdirSync(folder, { recursive: true });
    try {
      entrant.balancer.version();
      const running = await startBalancer(entrant.balancer, { folder, pods, cpus: around.cpus.proxy }, '/small');
      programs.use(running.program);
      entrant.running = running;
      await warmUp(running);
    } catch (error) {
      entrant.reason = reasonOf(error);
    }
    around.progress(`${scenario}: ${entrant.balancer.name} ${entrant.reason ?? 'is ready'}`);
  }
  for (const [round, entrant] of turns(entrants, rounds)) {
    if (entrant.running === undefined || entrant.reason !== undefined) continue;
    try {
      entrant.running.program.assertRunning();
      entrant.samples.push(await measure(entrant.running));
      around.progress(`${scenario}: ${entrant.balancer.name}, round ${round + 1}`);
    } catch (error) {
      entrant.reason = reasonOf(error);
    }
  }
  return entrants.map(({ balancer: { name, title }, samples, reason }) => ({
    ...{ name, title, samples },
    ...(reason !== undefined && { reason }),
  }));
}
