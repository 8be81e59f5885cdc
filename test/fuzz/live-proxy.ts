/** A wire engine on real sockets, with what it logs sorted by client. */
import assert from 'node:assert/strict';

import type { EngineState } from '../../src/dataplane/engine.ts';
import { GatewayPorts } from '../../src/dataplane/gateway-ports.ts';
import { AccessLog } from '../../src/dataplane/log/access-log.ts';
import { FailureReporter } from '../../src/dataplane/pipeline/failure-reporter.ts';
import { TlsHosts } from '../../src/dataplane/transport/tls/tls-hosts.ts';
import { WireEngine } from '../../src/dataplane/wire/engine.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { WorkerCounters } from '../../src/observe/counters.ts';
import { DEFAULTS, type Settings } from '../../src/settings/schema.ts';
import { eventually } from '../support/eventually.ts';
import { LogLines } from '../support/log-lines.ts';
import { type LoggedRequest, type RouteDescription, tableOf } from '../support/proxy-under-test.ts';
import { runningClock } from '../support/running-clock.ts';

const GAUGES = ['active', 'reading', 'writing', 'waiting', 'upstreamBusy'] as const;

export class LiveProxy {
  readonly address: ListenAddress;
  readonly state: EngineState;
  readonly counters: WorkerCounters;
  readonly #engine: WireEngine;
  readonly #logged: Map<string, LoggedRequest[]>;

  private constructor(
    engine: WireEngine,
    address: ListenAddress,
    observed: { state: EngineState; counters: WorkerCounters; logged: Map<string, LoggedRequest[]> },
  ) {
    this.#engine = engine;
    this.address = address;
    this.state = observed.state;
    this.counters = observed.counters;
    this.#logged = observed.logged;
  }

  static async start(routes: readonly RouteDescription[], settings: Partial<Settings> = {}): Promise<LiveProxy> {
    const state: EngineState = {
      table: tableOf(routes, 1),
      settings: { ...DEFAULTS, accessLog: 'json', ...settings },
      errorPage: '<!doctype html><title>error</title>',
      tlsHosts: new TlsHosts(),
      gatewayPorts: new GatewayPorts(Math.random),
      clusterOf: () => undefined,
      defaultCertificate: undefined,
      ticketKeys: Buffer.alloc(48),
    };
    const counters = new WorkerCounters();
    const logged = new Map<string, LoggedRequest[]>();
    const log = new LogLines(text => {
      const line = JSON.parse(text) as LoggedRequest;
      const lines = logged.get(line.remoteAddress);
      if (lines === undefined) logged.set(line.remoteAddress, [line]);
      else lines.push(line);
    });
    const failures = new FailureReporter(counters, () => undefined);
    const accessLog = new AccessLog(log, state);
    const engine = new WireEngine({ state, counters, accessLog, failures, clock: runningClock, clientBytes: 1 << 30 });
    const address = await engine.listen({ host: '127.0.0.1', port: 0 }, false);
    return new LiveProxy(engine, address, { state, counters, logged });
  }

  /** What was logged for a client since it was asked last. */
  takeLog(client: string): readonly LoggedRequest[] {
    const lines = this.#logged.get(client) ?? [];
    this.#logged.delete(client);
    return lines;
  }

  /** Nobody is connected any more: then nothing may be left of anybody. */
  async assertQuiet(): Promise<void> {
    const gauges = (): string => GAUGES.map(name => `${name} ${this.counters.get(name)}`).join(', ');
    const quiet = GAUGES.map(name => `${name} 0`).join(', ');
    await eventually('all connections to be gone', () => gauges() === quiet).catch(() => undefined);
    assert.equal(gauges(), quiet);
  }

  async close(): Promise<void> {
    this.#engine.close();
    await this.assertQuiet();
    assert.equal(this.counters.get('upstreamIdle'), 0);
  }
}

/** An address of 127.0.0.0/8 for each input, so that what is seen and logged can be told apart. */
export function clientAddress(input: number): string {
  const host = 1 + (input % 254);
  const net = Math.floor(input / 254);
  return `127.${1 + (Math.floor(net / 256) % 254)}.${net % 256}.${host}`;
}
