/** What policies of routes do with requests. */
import { BY_INSTANCE, INSTANCE, type RowSpec, rate } from './panel.ts';

export const POLICY_ROWS: readonly RowSpec[] = [
  {
    title: 'Policies',
    panels: [
      {
        title: 'Requests that were refused',
        description:
          'In a second, by the policy that refused them. It does what it is there for; very many are an attack, or a mistake in it.',
        unit: 'ops',
        width: 8,
        queries: [
          {
            expr: `sum by (policy) (${rate('kube_entry_policy_requests_total', `${INSTANCE}, verdict="refused"`)}) > 0`,
            legend: '{{policy}}',
          },
        ],
      },
      {
        title: 'Requests that failed at a policy',
        description:
          'In a second: the policy could not decide, because what it needs is missing or does not answer. Clients get 5xx.',
        unit: 'ops',
        width: 8,
        queries: [
          {
            expr: `sum by (policy) (${rate('kube_entry_policy_requests_total', `${INSTANCE}, verdict="failed"`)})`,
            legend: '{{policy}}',
          },
        ],
      },
      {
        title: 'Requests of our own to other services',
        description: 'In a second, by outcome: policies ask a service for authentication, say.',
        unit: 'ops',
        width: 8,
        queries: [
          {
            expr: `sum by (policy, outcome) (${rate('kube_entry_subrequests_total', INSTANCE)})`,
            legend: '{{policy}} {{outcome}}',
          },
        ],
      },
      {
        title: 'Rate limits of all replicas together',
        description:
          'Whether the Redis of rate-limit-redis answers each instance that has one. While it does not, each replica keeps rate limits alone: clients get up to as many times the rate as there are replicas.',
        unit: 'bool_yes_no',
        width: 12,
        queries: [{ expr: `kube_entry_rate_limit_redis_up{${INSTANCE}}`, legend: BY_INSTANCE }],
      },
      {
        title: 'Requests granted that other replicas do not know of',
        description:
          'In a second, of routes with a rate limit: they were granted while the Redis of rate-limit-redis did not answer.',
        unit: 'ops',
        width: 12,
        queries: [
          {
            expr: `sum by (instance) (${rate('kube_entry_rate_limit_unshared_total', INSTANCE)})`,
            legend: BY_INSTANCE,
          },
        ],
      },
    ],
  },
];
