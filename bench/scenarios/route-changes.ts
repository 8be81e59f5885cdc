/** Routes that come and go while requests are under way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PATHS } from '../backends/http-backend.ts';
import type { RunningProxy } from '../contenders/contender.ts';
import { exchange } from '../load/exchange.ts';
import { runWrk } from '../load/wrk.ts';
import { NotSupportedError } from '../support/bench-error.ts';
import { eventually } from '../support/poll.ts';
import { checkForwarding, ensure } from './checks.ts';
import type { Scenario, Target } from './scenario.ts';
import { measureWrk, ONE_PREFIX } from './wrk-scenario.ts';

const CONNECTIONS = 64;
const INTERVAL_MS = 10;
/** Beside the one under load; each change replaces the oldest. */
const CHANGING_ROUTES = 20;
/** A proxy may have a queue of changes to work off. */
const EFFECTIVE_MS = 10_000;

export const routeChanges: Scenario = {
  name: 'route-changes',
  title: '100 route changes a second, small GET, 64 connections',
  unit: 'request',
  prefixes: ONE_PREFIX,
  accessLog: false,
  backend: 'http',
  async check(target) {
    changerOf(target.proxy);
    await checkForwarding(target);
  },
  warmUp: load,
  async measure(target, seconds) {
    const { p99: quietP99 } = await load(target, seconds);
    const changes = new RouteChanges(changerOf(target.proxy));
    const changing = changes.run();
    const sample = await measureWrk(target, () => load(target, seconds)).finally(() => changes.stop());
    await changing;
    await eventually(() => checkServed(target, changes.newest), EFFECTIVE_MS);
    return { ...sample, quietP99, changes: changes.perSecond };
  },
};

function load({ port, cpus }: Target, seconds: number) {
  return runWrk({ port, path: `${ONE_PREFIX[0]}${PATHS.small}`, connections: CONNECTIONS, seconds, cpus });
}

async function checkServed({ port }: Target, prefix: string): Promise<void> {
  const { status } = await exchange({ port, path: `${prefix}${PATHS.small}` });
  ensure(status === 200, `the newest route is answered with ${status}`);
}

type ChangePrefixes = NonNullable<RunningProxy['changePrefixes']>;

/** @throws NotSupportedError when its routes are changed by no means that this benchmark knows */
function changerOf({ changePrefixes }: RunningProxy): ChangePrefixes {
  if (changePrefixes === undefined) throw new NotSupportedError('only nginx and kube-entry are compared here');
  return changePrefixes;
}

/** One route goes and one comes, every {@link INTERVAL_MS}, whether the changes before are done or not. */
class RouteChanges {
  /** So many were asked for. */
  count = 0;
  readonly #change: ChangePrefixes;
  readonly #underWay = new Set<Promise<void>>();
  readonly #startedAt = performance.now();
  #stoppedAt: number | undefined;

  constructor(change: ChangePrefixes) {
    this.#change = change;
  }

  get newest(): string {
    return `/c${this.count}`;
  }

  get perSecond(): number {
    return this.count / (((this.#stoppedAt ?? performance.now()) - this.#startedAt) / 1000);
  }

  async run(): Promise<void> {
    while (this.#stoppedAt === undefined) {
      this.count++;
      const change = this.#makeChange().finally(() => this.#underWay.delete(change));
      this.#underWay.add(change);
      await sleep(Math.max(0, this.#startedAt + this.count * INTERVAL_MS - performance.now()));
    }
    await Promise.all(this.#underWay);
    // Of several under way at once any may have come last.
    await this.#makeChange();
  }

  stop(): void {
    this.#stoppedAt ??= performance.now();
  }

  #makeChange(): Promise<void> {
    const oldest = Math.max(1, this.count - CHANGING_ROUTES + 1);
    return this.#change(Array.from({ length: this.count - oldest + 1 }, (_, index) => `/c${oldest + index}`));
  }
}
