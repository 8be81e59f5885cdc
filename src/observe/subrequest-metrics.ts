import { Counter, type Registry } from 'prom-client';
import type { CounterBoard } from './counter-board.ts';
import { SUBREQUEST_OUTCOMES, SUBREQUEST_PURPOSES } from './counters.ts';

/** Requests of our own, which policies send to other services. */
export function addSubrequestMetrics(registry: Registry, board: CounterBoard): void {
  const registers = [registry];
  new Counter({
    name: 'kube_entry_subrequests_total',
    help: 'Requests that policies sent to other services, by outcome; circuit_open and busy were not sent.',
    labelNames: ['policy', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const policy of SUBREQUEST_PURPOSES) {
        for (const outcome of SUBREQUEST_OUTCOMES) this.inc({ policy, outcome }, board.subrequests(policy, outcome));
      }
    },
  });
  new Counter({
    name: 'kube_entry_subrequest_seconds_total',
    help: 'Time that requests of policies to other services took, until their answer or their failure.',
    labelNames: ['policy'],
    registers,
    collect() {
      this.reset();
      for (const policy of SUBREQUEST_PURPOSES) this.inc({ policy }, board.subrequestMilliseconds(policy) / 1000);
    },
  });
}
