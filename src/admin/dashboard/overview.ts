/** What the control plane says, in the form that the page gets. */
import type { ControlPlane, ObservedControlPlane } from '../control-plane.ts';
import { stalenessOf } from '../staleness.ts';
import type { Excerpt, Health, Problems } from './messages.ts';

/** Of each list of problems: who has more of them reads `kube-entry routes`. */
const LISTED = 100;

/** @param at milliseconds since the epoch */
export function healthOf(control: ObservedControlPlane, at: number): Health {
  const state = control.programState();
  const source = control.source();
  const stale = stalenessOf(source, at);
  const watch = state.kubeWatch;
  return {
    at,
    program: control.program,
    phase: control.isDraining ? 'draining' : control.isInitialised ? 'serving' : 'waiting',
    routes: state.routes,
    configVersion: state.configVersion,
    configChangedAt: state.configLastChangeMs ?? null,
    workers: control.workers(),
    workerRestarts: state.workerRestarts,
    stale: stale === undefined ? null : { since: Date.parse(stale.since), reason: stale.reason },
    source: { kind: source.kind, synced: source.synced, problem: source.problem ?? '' },
    watch: watch ? { events: watch.events, restarts: watch.restarts, lastEventAt: watch.lastEventMs ?? null } : null,
  };
}

export function problemsOf(control: Pick<ControlPlane, 'refusals' | 'conflicts' | 'warnings'>): Problems {
  return {
    refusals: excerpt(control.refusals(), LISTED),
    conflicts: excerpt(control.conflicts(), LISTED),
    warnings: excerpt(control.warnings(), LISTED),
  };
}

export function excerpt<Item>(items: readonly Item[], most: number): Excerpt<Item> {
  return { total: items.length, items: items.slice(0, most) };
}
