/** All workers as one: started on one port, given what is in force, drained at the end. */
import { setFlagsFromString } from 'node:v8';
import { type Clock, machineTime, systemClock } from '../clock.ts';
import { LimitBoard } from '../limits/limits.ts';
import type { Certificate } from '../model/certificate.ts';
import type { Delta, ServedCluster } from '../model/delta.ts';
import type { PortId, PortState } from '../model/gateway-port.ts';
import type { ClusterId } from '../model/route.ts';
import type { CounterBoard } from '../observe/counter-board.ts';
import type { EndpointBoard } from '../observe/endpoint-board.ts';
import type { FailureLog } from '../observe/failure-log.ts';
import type { Logger } from '../observe/logger.ts';
import type { RouteTable } from '../routing/table.ts';
import type { Settings } from '../settings/schema.ts';
import { Distribution, type Receipt } from './distribution.ts';
import { type EndpointJudge, judgeChange } from './endpoint-judge.ts';
import { assertFree, canSharePort } from './listen-probe.ts';
import type { Listeners } from './messages.ts';
import { lockPort } from './port-lock.ts';
import { PortOpenings } from './port-openings.ts';
import { PortReports } from './port-reports.ts';
import { RateLeases, type RateStore } from './rate-leases.ts';
import { Supervisor, type WorkerReport } from './supervisor.ts';

export interface FleetOptions {
  readonly settings: Settings;
  readonly board: CounterBoard;
  /** With a row for each worker. */
  readonly endpoints: EndpointBoard;
  readonly logger: Logger;
  readonly failures: Pick<FailureLog, 'take'>;
  readonly health: EndpointJudge;
  /** Undefined for the built-in one. */
  readonly errorPage: string | undefined;
  /** Of sticky cookies: the first makes them, and all are taken. */
  readonly affinityKeys: readonly Uint8Array[];
  /** Of hosts that have none of their own; undefined where TLS does not listen. */
  readonly defaultCertificate: Certificate | undefined;
  /** Of the tickets by which clients resume TLS sessions: 48 bytes. */
  readonly ticketKeys: Uint8Array;
  /** Where all replicas add up what rate limits grant; undefined: each replica keeps them alone. */
  readonly rateStore?: RateStore | undefined;
  /** Hears what becomes of the ports of Gateways: of all of them, when one changes. */
  readonly onPortStates?: (states: ReadonlyMap<PortId, PortState>) => void;
  readonly clock?: Clock;
}

export class Fleet {
  readonly #settings: Settings;
  readonly #logger: Logger;
  readonly #distribution: Distribution;
  readonly #supervisor: Supervisor;
  readonly #health: EndpointJudge;
  readonly #rateLeases: RateLeases | undefined;
  readonly #ports: PortOpenings;

  constructor(options: FleetOptions) {
    const { settings, logger, health, clock = systemClock } = options;
    this.#settings = settings;
    this.#health = health;
    this.#logger = logger;
    this.#distribution = new Distribution(options);
    const { rateStore: store, onPortStates: onChange = () => undefined } = options;
    const limits = new LimitBoard(settings.workers, store !== undefined);
    const distribution = this.#distribution;
    const onSpent: RateLeases['take'] = spent => this.#rateLeases?.take(spent);
    const portReports = new PortReports();
    this.#ports = new PortOpenings({ distribution, reports: portReports, clock, logger, onChange });
    this.#supervisor = new Supervisor({ ...options, distribution, limits, portReports, onSpent, clock });
    const ask = (): void => this.#supervisor.broadcast({ type: 'report-spending' });
    this.#rateLeases = store && new RateLeases({ store, rates: limits.rates, ask, clock, now: machineTime, logger });
  }

  get size(): number {
    return this.#supervisor.size;
  }

  /** Workers that run now: fewer than {@link size} while one that died is replaced. */
  get alive(): number {
    return this.#supervisor.alive;
  }

  /** How many were started in place of others. */
  get restarts(): number {
    return this.#supervisor.restarts;
  }

  /** Resolves when a worker hangs that nothing ends: only the end of the process helps. */
  get stuck(): Promise<void> {
    return this.#supervisor.stuck;
  }

  /** The table in force; EMPTY before the first. */
  get table(): RouteTable {
    return this.#distribution.table;
  }

  /** Undefined where each replica keeps rate limits alone. */
  get rateLeases(): RateLeases['figures'] | undefined {
    return this.#rateLeases?.figures;
  }

  /** The keys of sticky cookies in force. */
  get affinityKeys(): readonly Uint8Array[] {
    return this.#distribution.affinityKeys;
  }

  /** Of each port of a Gateway that is in force. */
  get portStates(): ReadonlyMap<PortId, PortState> {
    return this.#ports.states;
  }

  /** All clusters in force, with their endpoints. */
  clusters(): Iterable<ServedCluster> {
    return this.#distribution.clusters();
  }

  /** A cluster in force, with its endpoints. */
  cluster(id: ClusterId): ServedCluster | undefined {
    return this.#distribution.cluster(id);
  }

  report(): readonly WorkerReport[] {
    return this.#supervisor.report();
  }

  /** Starts all workers. @returns where they listen @throws UnavailableError */
  async start(): Promise<Listeners> {
    // The image keeps the main thread's young generation small, which a list of many Services would blow up for good. Workers make
    // garbage with every request, and a larger one is collected less often. By itself V8 lets it grow to 50 MiB in each worker while
    // requests wait for their upstreams, and keeps it under load: four times what lives there.
    setFlagsFromString('--max-semi-space-size=8');
    // What lives is little, and by itself V8 lets four times as much gather before it looks: the memory of the process would
    // go up and down by a hundred megabytes under load. A full collection of so little costs next to nothing.
    setFlagsFromString('--heap-growing-percent=50');
    // What a start makes lives on, and by itself V8 then makes all that comes from the same places old at once: of later changes, too,
    // whose objects live for moments and would fill the old generation.
    setFlagsFromString('--no-allocation-site-pretenuring');
    const { listen, tlsListen } = this.#settings;
    const unlock = await lockPort(listen.port);
    const unlockTls = tlsListen && (await lockPort(tlsListen.port));
    try {
      await assertFree(listen, '--listen');
      if (tlsListen !== undefined) await assertFree(tlsListen, '--tls-listen');
      let count = this.#settings.workers;
      const reusePort = await canSharePort();
      if (count > 1 && !reusePort) {
        this.#logger.warn('workers cannot share a port on this system: running one worker');
        count = 1;
      }
      const listeners = await this.#supervisor.start(count, { listen, tlsListen }, reusePort);
      this.#ports.start();
      return listeners;
    } finally {
      unlock();
      unlockTls?.();
    }
  }

  /** For when all is up: from now on requests go before changes where both want the same CPU. */
  yieldToWorkers(): void {
    this.#supervisor.yieldToWorkers();
  }

  /** Sends a change to every worker. Where it throws, nothing has changed. */
  publish(delta: Delta): Receipt {
    const receipt = this.#distribution.publish(delta);
    judgeChange(this.#health, delta, id => this.cluster(id));
    if (delta.ports !== undefined) this.#ports.changed(delta.ports, receipt);
    return receipt;
  }

  updateTicketKeys(keys: Uint8Array): Receipt {
    return this.#distribution.updateTicketKeys(keys);
  }

  updateSettings(settings: Settings): Receipt {
    return this.#distribution.updateSettings(settings);
  }

  updateErrorPage(html: string | undefined): Receipt {
    return this.#distribution.updateErrorPage(html);
  }

  updateAffinityKeys(keys: readonly Uint8Array[]): Receipt {
    return this.#distribution.updateAffinityKeys(keys);
  }

  updateDefaultCertificate(certificate: Certificate): Receipt {
    return this.#distribution.updateDefaultCertificate(certificate);
  }

  reopenLogs(): void {
    this.#supervisor.broadcast({ type: 'reopen-log' });
  }

  /** Stops accepting. @returns when all requests and tunnels have ended */
  drain(): Promise<void> {
    this.#ports.stop();
    return this.#supervisor.drain();
  }

  /** Ends everything now. @returns whether all threads have ended: one that hangs outside of JavaScript does not */
  close(): Promise<boolean> {
    this.#rateLeases?.close();
    this.#ports.stop();
    return this.#supervisor.close();
  }
}
