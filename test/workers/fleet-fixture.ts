/** A fleet of real threads, with its threads, counters and log within reach. */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { Certificate } from '../../src/model/certificate.ts';
import type { Delta, TableDelta } from '../../src/model/delta.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import type { WorkerCounters } from '../../src/observe/counters.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';
import { DEFAULTS, type Settings } from '../../src/settings/schema.ts';
import type { EndpointJudge } from '../../src/workers/endpoint-judge.ts';
import { Fleet, type FleetOptions } from '../../src/workers/fleet.ts';
import type { RateStore } from '../../src/workers/rate-leases.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient, type RawResponse } from '../support/raw-client.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { deltaOf } from '../support/routes.ts';

/**
 * Of this process alone. Between two listeners on a port of 127.0.0.1, any connection that any other process makes may be given
 * that port as its own, and then no server can listen there again for a minute.
 */
const HOST = `127.0.${1 + ((process.pid >> 8) % 255)}.${process.pid % 256}`;

/** A board that lets tests see what each worker counted. */
class OpenBoard extends CounterBoard {
  readonly regions: WorkerCounters[] = [];

  override addRegion(): WorkerCounters {
    const region = super.addRegion();
    this.regions.push(region);
    return region;
  }
}

export interface LogEntry {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ConnectedTo {
  readonly client: RawClient;
  /** Index of the worker that has the connection. */
  readonly worker: number;
}

export class RunningFleet {
  readonly fleet: Fleet;
  readonly board: OpenBoard;
  readonly endpoints: EndpointBoard;
  readonly log: readonly LogEntry[];
  readonly address: ListenAddress;
  readonly tlsListen: ListenAddress | undefined;
  /** Every thread ever started, in order. */
  readonly threads: readonly Worker[];
  readonly #context: TestContext;

  constructor(
    context: TestContext,
    parts: Pick<RunningFleet, 'fleet' | 'board' | 'endpoints' | 'log' | 'address' | 'tlsListen' | 'threads'>,
  ) {
    this.#context = context;
    this.fleet = parts.fleet;
    this.board = parts.board;
    this.endpoints = parts.endpoints;
    this.log = parts.log;
    this.address = parts.address;
    this.tlsListen = parts.tlsListen;
    this.threads = parts.threads;
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.address);
    this.#context.after(() => client.destroy());
    return client;
  }

  /** A connection whose worker is known. No other client may connect to the fleet meanwhile. */
  async connectKnowing(): Promise<ConnectedTo> {
    const before = this.board.regions.map(region => region.get('accepted'));
    const client = await this.connect();
    const worker = await eventually('a worker to accept', () => {
      const index = this.board.regions.findIndex((region, at) => region.get('accepted') > (before[at] ?? 0));
      return index >= 0 ? { index } : undefined;
    });
    return { client, worker: worker.index };
  }

  /** Connections to every worker, by worker. */
  async connectToAll(): Promise<Map<number, RawClient>> {
    const found = new Map<number, RawClient>();
    await eventually('connections to every worker', async () => {
      const { client, worker } = await this.connectKnowing();
      if (found.has(worker)) client.destroy();
      else found.set(worker, client);
      return found.size === this.fleet.size;
    });
    return found;
  }

  /** A GET on a connection of its own. */
  async get(target: string): Promise<RawResponse> {
    const client = await this.connect();
    const response = await ask(client, target, 'Connection: close\r\n');
    client.destroy();
    return response;
  }

  /** Makes a thread end as a bug in a worker would: with an uncaught exception. */
  async crash(index: number): Promise<void> {
    const thread = this.threads[index];
    if (thread === undefined) throw new Error(`there is no thread ${index}`);
    const gone = new Promise(resolve => thread.once('exit', resolve));
    thread.postMessage({ type: 'change' });
    await gone;
  }
}

/** A judge that ejects no endpoint. */
export const INDIFFERENT: EndpointJudge = {
  update: () => undefined,
  remove: () => undefined,
  suspect: () => undefined,
};

export interface FleetDescription extends Pick<FleetOptions, 'onPortStates'> {
  readonly settings?: Partial<Settings>;
  readonly errorPage?: string;
  readonly health?: EndpointJudge;
  readonly defaultCertificate?: Certificate;
  readonly rateStore?: RateStore;
}

/** Starts a fleet that is ended with the test. */
export async function startFleet(
  context: TestContext,
  {
    settings = {},
    errorPage,
    health = INDIFFERENT,
    defaultCertificate,
    rateStore,
    onPortStates,
  }: FleetDescription = {},
): Promise<RunningFleet> {
  const inForce = { ...DEFAULTS, listen: { host: HOST, port: 0 }, accessLog: 'off' as const, ...settings };
  const board = new OpenBoard();
  const endpoints = new EndpointBoard(inForce.workers);
  const log: LogEntry[] = [];
  const logger = pino({ base: null }, { write: line => void log.push(JSON.parse(line)) });
  const fleet = new Fleet({
    failures: { take: () => undefined },
    health,
    settings: inForce,
    board,
    endpoints,
    logger,
    errorPage,
    affinityKeys: [],
    defaultCertificate,
    ticketKeys: randomBytes(48),
    rateStore,
    ...(onPortStates && { onPortStates }),
  });
  const threads: Worker[] = [];
  const onWorker = (thread: Worker): void => void threads.push(thread);
  process.on('worker', onWorker);
  atEnd(context, async () => {
    await fleet.close();
    process.off('worker', onWorker);
  });
  const { listen: address, tlsListen } = await fleet.start();
  return new RunningFleet(context, { fleet, board, endpoints, log, address, tlsListen, threads });
}

/** One GET on a connection that stays open. */
export async function ask(client: RawClient, target: string, headers = ''): Promise<RawResponse> {
  await client.send(`GET ${target} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`);
  return client.response();
}

/** A delta whose routes lead to the upstream. */
export function deltaTo({ address: { host: address, port } }: RawUpstream, delta: TableDelta): Delta {
  return deltaOf(delta, [{ address, port }]);
}
