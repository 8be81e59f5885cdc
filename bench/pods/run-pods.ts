/** The whole run, one measurement after the other. */
import { describeMachine } from '../measure/machine.ts';
import { reasonOf } from '../support/bench-error.ts';
import { haproxy } from './contenders/haproxy.ts';
import { leastRequest } from './contenders/kube-entry.ts';
import { nginx } from './contenders/nginx.ts';
import { measureEndpointChanges } from './measure/endpoint-changes.ts';
import { measureFailingPod } from './measure/failing-pod.ts';
import { measureFirstSync } from './measure/first-sync.ts';
import { measureSlowPod } from './measure/slow-pod.ts';
import { measureSmallGet } from './measure/small-get.ts';
import type { Extent, PartName } from './options.ts';
import type { PodsReport } from './report/pods-report.ts';
import type { Surroundings } from './surroundings.ts';

export async function runPods(
  parts: readonly PartName[],
  extent: Extent,
  surroundings: Surroundings,
): Promise<PodsReport> {
  const say = surroundings.progress;
  const around = {
    ...surroundings,
    progress: (line: string) => say(`${(performance.now() / 1000).toFixed()} s: ${line}`),
  };
  const machine = describeMachine();
  const asked = (part: PartName): boolean => parts.includes(part);
  const versions = Object.fromEntries([leastRequest, nginx, haproxy].map(one => [one.name, versionOf(one)]));
  const { rounds, seconds, services, starts, changingSeconds } = extent;
  const smallGet = asked('small-get') ? await measureSmallGet({ rounds, seconds }, around) : undefined;
  const slowPod = asked('slow-pod')
    ? await measureSlowPod({ rounds: extent.slowRounds, seconds: extent.slowSeconds }, around)
    : undefined;
  const failingPod = asked('failing-pod') ? await measureFailingPod(extent.failingSeconds, around) : undefined;
  const endpointChanges = asked('endpoint-changes') ? await measureEndpointChanges(changingSeconds, around) : undefined;
  const firstSync = asked('first-sync') ? await measureFirstSync({ services, starts }, around) : undefined;
  return {
    ...{ date: new Date().toISOString(), machine, versions, extent },
    ...(smallGet !== undefined && { smallGet }),
    ...(slowPod !== undefined && { slowPod }),
    ...(failingPod !== undefined && { failingPod }),
    ...(endpointChanges !== undefined && { endpointChanges }),
    ...(firstSync !== undefined && { firstSync }),
  };
}

function versionOf({ version }: { version(): string }): string {
  try {
    return version();
  } catch (error) {
    return reasonOf(error);
  }
}
