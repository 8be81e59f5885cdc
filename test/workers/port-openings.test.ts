/** Ports of Gateways are listened on in the end, in whatever order changes, answers, reports and crashes come. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { GatewayPort, PortId, PortState } from '../../src/model/gateway-port.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';
import { DEFAULTS } from '../../src/settings/schema.ts';
import { Distribution } from '../../src/workers/distribution.ts';
import { PortOpenings } from '../../src/workers/port-openings.ts';
import { PortReports } from '../../src/workers/port-reports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { gatewayPort, portChanges } from '../support/gateway-ports.ts';
import fc from '../support/property.ts';
import { deltaOf } from '../support/routes.ts';
import { SimulatedWorker } from './simulated-worker.ts';

const PORTS = 3;
const WORKERS = 2;
/** Rounds of all that has to be heard and taken, a second of the clock apart: far more than anything may need. */
const MOST_ROUNDS = 200;
/** What is listened on then stays so. */
const STILL_ROUNDS = 5;

type Step =
  /** From now on these are the ports, by their bits; `again`: one that stays goes and comes back in one turn. */
  | { readonly do: 'want'; readonly ports: number; readonly again: boolean }
  | { readonly do: 'take' | 'hear' | 'crash' | 'replace'; readonly worker: number }
  | { readonly do: 'pass'; readonly ms: number }
  /** Another program takes an address, or gives it back. */
  | { readonly do: 'occupy' | 'vacate'; readonly port: number }
  /** Sockets are opened and looked at meanwhile. */
  | { readonly do: 'turn' }
  /** Nothing comes in between, and all workers answer. */
  | { readonly do: 'calm' };

const worker = fc.nat({ max: WORKERS - 1 });
const port = fc.nat({ max: PORTS - 1 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('want' as const),
        ports: fc.nat({ max: 2 ** PORTS - 1 }),
        again: fc.boolean(),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), worker }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('hear' as const), worker }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'replace' as const), worker }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(300, 1_000, 6_000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('occupy' as const, 'vacate' as const), port }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('turn' as const, 'calm' as const) }) },
  ),
  { minLength: 20, maxLength: 40 },
) satisfies fc.Arbitrary<Step[]>;

class Scene {
  readonly #ports: readonly GatewayPort[];
  readonly #clock = new FakeClock();
  readonly #reports = new PortReports();
  readonly #distribution = new Distribution({
    board: new CounterBoard(),
    endpoints: new EndpointBoard(WORKERS),
    settings: DEFAULTS,
    errorPage: undefined,
    affinityKeys: [],
    defaultCertificate: undefined,
    ticketKeys: Buffer.alloc(48),
  });
  readonly #openings: PortOpenings;
  readonly #workers: SimulatedWorker[];
  readonly #occupants = new Map<number, Server>();
  #told: ReadonlyMap<PortId, PortState> = new Map();
  #version = 0;
  #wanted: readonly GatewayPort[] = [];

  constructor(ports: readonly GatewayPort[]) {
    this.#ports = ports;
    this.#openings = new PortOpenings({
      distribution: this.#distribution,
      reports: this.#reports,
      clock: this.#clock,
      logger: { info: () => undefined, warn: () => undefined },
      onChange: states => {
        this.#told = states;
      },
    });
    this.#workers = Array.from({ length: WORKERS }, () => this.#newWorker());
    this.#openings.start();
  }

  async do(step: Step): Promise<void> {
    switch (step.do) {
      case 'want':
        this.#want(step.ports, step.again);
        break;
      case 'take':
        this.#workers[step.worker]?.take();
        break;
      case 'hear':
        this.#workers[step.worker]?.hear();
        break;
      case 'crash':
        await this.#workers[step.worker]?.crash();
        break;
      case 'replace':
        this.#replace(step.worker);
        break;
      case 'pass':
        this.#pass(step.ms);
        break;
      case 'occupy':
        await this.#occupy(step.port);
        break;
      case 'vacate':
        await this.#vacate(step.port);
        break;
      case 'turn':
        await turn();
        break;
      case 'calm':
        for (let round = 0; round < 5; round += 1) await this.#exchange();
    }
  }

  /** All is heard and taken, workers that crashed are replaced, other programs end: until what is wanted is so, and stays so. */
  async settle(): Promise<void> {
    for (const port of this.#occupants.keys()) await this.#vacate(port);
    let still = 0;
    for (let round = 0; round < MOST_ROUNDS && still < STILL_ROUNDS; round += 1) {
      for (const index of this.#workers.keys()) this.#replace(index);
      await this.#exchange();
      this.#pass(1_000);
      still = this.#asWanted ? still + 1 : 0;
    }
    const ids = this.#wanted.map(({ id }) => id).sort();
    for (const { listening } of this.#workers) assert.deepEqual(listening, ids, 'what a worker listens on');
    assert.deepEqual(this.#told, new Map(ids.map(id => [id, { state: 'listening' }])));
  }

  async end(): Promise<void> {
    this.#openings.stop();
    for (const one of this.#workers) await one.crash();
    for (const port of this.#occupants.keys()) await this.#vacate(port);
  }

  /** Each worker takes and says some messages, and has time to open sockets. */
  async #exchange(): Promise<void> {
    for (let count = 0; count < 4; count += 1) {
      for (const one of this.#workers) {
        one.take();
        one.hear();
      }
      await turn();
    }
    await delay(1);
  }

  get #asWanted(): boolean {
    const ids = this.#wanted.map(({ id }) => id).sort();
    const isTold = ids.every(id => this.#told.get(id)?.state === 'listening') && this.#told.size === ids.length;
    return isTold && this.#workers.every(({ listening }) => listening.join() === ids.join());
  }

  #want(bits: number, again: boolean): void {
    const before = this.#wanted;
    const now = this.#ports.filter((_port, index) => (bits & (1 << index)) !== 0);
    const kept = now.find(one => before.includes(one));
    if (again && kept !== undefined) {
      this.#publish([], [kept]);
      this.#publish([kept], []);
    }
    this.#publish(
      now.filter(one => !before.includes(one)),
      before.filter(one => !now.includes(one)),
    );
    this.#wanted = now;
  }

  #publish(upserts: readonly GatewayPort[], gone: readonly GatewayPort[]): void {
    const removals = gone.map(({ id }) => id);
    this.#version += 1;
    const changes = portChanges(upserts, removals);
    const receipt = this.#distribution.publish({
      ...deltaOf({ version: this.#version, upserts: [], removals: [] }),
      ports: changes,
    });
    this.#openings.changed(changes, receipt);
  }

  #pass(ms: number): void {
    this.#clock.advance(ms);
    this.#distribution.pass(ms);
    this.#reports.look();
  }

  #newWorker(): SimulatedWorker {
    return new SimulatedWorker(this.#distribution, this.#reports);
  }

  #replace(index: number): void {
    if (this.#workers[index]?.isGone === true) this.#workers[index] = this.#newWorker();
  }

  async #occupy(index: number): Promise<void> {
    const listen = this.#ports[index]?.listen;
    if (listen === undefined || this.#occupants.has(index)) return;
    const server = createServer();
    try {
      server.listen({ ...listen, exclusive: true });
      await once(server, 'listening');
      this.#occupants.set(index, server);
    } catch {
      // It is listened on.
    }
  }

  async #vacate(index: number): Promise<void> {
    const server = this.#occupants.get(index);
    this.#occupants.delete(index);
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }
}

test('in the end every port is listened on that there is, and no other', async () => {
  const ports = await Promise.all(Array.from({ length: PORTS }, () => gatewayPort()));
  await fc.assert(
    fc.asyncProperty(steps, async commands => {
      const scene = new Scene(ports);
      try {
        for (const step of commands) await scene.do(step);
        await scene.settle();
      } finally {
        await scene.end();
      }
    }),
    { numRuns: 150 },
  );
});
