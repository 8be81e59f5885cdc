import type { TestContext } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import type { EngineState } from '../../src/dataplane/engine.ts';
import { GatewayPorts } from '../../src/dataplane/gateway-ports.ts';
import { AccessLog } from '../../src/dataplane/log/access-log.ts';
import { FailureReporter } from '../../src/dataplane/pipeline/failure-reporter.ts';
import type { Asked, Question, SubrequestAnswer } from '../../src/dataplane/pipeline/subrequests/question.ts';
import { RouteCompiler } from '../../src/dataplane/route-compiler.ts';
import { TlsHosts } from '../../src/dataplane/transport/tls/tls-hosts.ts';
import { EngineParts } from '../../src/dataplane/wire/engine-parts.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { WorkerCounters } from '../../src/observe/counters.ts';
import { DEFAULTS } from '../../src/settings/schema.ts';
import { atEnd } from './cleanup.ts';
import { LogLines } from './log-lines.ts';
import { clusterContext, clusterOf, deltaOf, filterServices, published, route } from './routes.ts';
import { runningClock } from './running-clock.ts';

const ROUTE = route('/');

/** What came of a request: its answer, or `failure: detail`. */
export type Outcome = SubrequestAnswer | string;

/** The requests of our own of a worker without clients, to one cluster. */
export class OwnRequests {
  readonly counters = new WorkerCounters();
  readonly #parts: EngineParts;

  constructor(t: TestContext, to: readonly ListenAddress[], fields: Partial<Cluster>, clock: Clock) {
    const compiler = new RouteCompiler(clusterContext({ clock }), filterServices());
    const state: EngineState = {
      table: undefined,
      clusterOf: id => compiler.cluster(id),
      settings: DEFAULTS,
      errorPage: '',
      tlsHosts: new TlsHosts(),
      gatewayPorts: new GatewayPorts(Math.random),
      defaultCertificate: undefined,
      ticketKeys: Buffer.alloc(48),
    };
    const delta = deltaOf(
      { version: 1, upserts: [ROUTE], removals: [] },
      to.map(({ host: address, port }) => ({ address, port })),
    );
    const cluster = { ...clusterOf(ROUTE), ...fields };
    compiler.apply(undefined, published({ ...delta, clusters: { upserts: [cluster], removals: [] } }));
    const { counters } = this;
    this.#parts = new EngineParts({
      state,
      counters,
      accessLog: new AccessLog(new LogLines(() => undefined), state),
      clock,
      clientBytes: 1 << 30,
      failures: new FailureReporter(counters, () => undefined),
    });
    this.#parts.wheel.start();
    atEnd(t, () => {
      this.#parts.pools.close();
      this.#parts.wheel.stop();
    });
  }

  /** Connections to the cluster. */
  get connections(): number {
    return this.#parts.pools.size;
  }

  /** Asks the cluster. */
  ask(question: Partial<Question> = {}): Promise<Outcome> {
    return this.begin(question).outcome;
  }

  /** Asks the cluster. @returns what cancels it too */
  begin(question: Partial<Question> = {}): { readonly outcome: Promise<Outcome>; readonly asked: Asked | undefined } {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const whole: Question = {
      method: 'GET',
      target: '/check',
      host: 'auth.test',
      lines: 'X-Asked: yes\r\n',
      contentLength: -1,
      isChunked: false,
      timeoutMs: 5_000,
      mostBodyBytes: 1_000,
      ...question,
    };
    const asked = this.#parts.subrequests.ask('auth-url', ROUTE.cluster, whole, {
      answered: resolve,
      failed: (failure, detail) => resolve(`${failure}: ${detail}`),
      crashed: reject,
    });
    return { outcome: promise, asked };
  }
}

export function startOwnRequests(
  t: TestContext,
  to: readonly ListenAddress[],
  { cluster = {}, clock = runningClock }: { readonly cluster?: Partial<Cluster>; readonly clock?: Clock } = {},
): OwnRequests {
  return new OwnRequests(t, to, cluster, clock);
}
