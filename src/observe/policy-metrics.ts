import { Counter, type Registry } from 'prom-client';
import { POLICY_KINDS, type PolicyKind } from '../model/policy.ts';
import { VERDICTS, type Verdict } from './counters.ts';

/** What policies made of requests. @param sum over all workers */
export function addPolicyMetrics(registry: Registry, sum: (policy: PolicyKind, verdict: Verdict) => number): void {
  new Counter({
    name: 'kube_entry_policy_requests_total',
    help: 'Requests that met a policy of their route, by what it made of them: passed, answered, refused, or failed, where it could not decide.',
    labelNames: ['policy', 'verdict'],
    registers: [registry],
    collect() {
      this.reset();
      for (const policy of POLICY_KINDS) {
        for (const verdict of VERDICTS) this.inc({ policy, verdict }, sum(policy, verdict));
      }
    },
  });
}
