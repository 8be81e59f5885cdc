import { Counter, Gauge, type Registry } from 'prom-client';

/** How replicas share rate limits. */
export interface RateLeaseFigures {
  /** Redis has answered last. */
  readonly isUp: boolean;
  /** Requests that were granted while it did not: other replicas do not know of them. */
  readonly unshared: number;
}

/** For an instance with rate-limit-redis. */
export function addLimitMetrics(registry: Registry, figures: () => RateLeaseFigures): void {
  new Gauge({
    name: 'kube_entry_rate_limit_redis_up',
    help: '1 while rate-limit-redis answers; else each replica keeps rate limits alone.',
    registers: [registry],
    collect() {
      this.set(figures().isUp ? 1 : 0);
    },
  });
  new Counter({
    name: 'kube_entry_rate_limit_unshared_total',
    help: 'Requests to routes with a rate limit that were granted, and that other replicas were not told of.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(figures().unshared);
    },
  });
}
