/** A worker without a thread: it takes one message when it is told to, and what it says waits until it is heard. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { OpenPort } from '../../src/dataplane/engine.ts';
import type { GatewayPortState } from '../../src/dataplane/gateway-port-state.ts';
import { GatewayPorts } from '../../src/dataplane/gateway-ports.ts';
import { type PortId, portArrivals, portDepartures } from '../../src/model/gateway-port.ts';
import type { Distribution } from '../../src/workers/distribution.ts';
import type { Change, FromWorker } from '../../src/workers/messages.ts';
import { type PackedDelta, unpack } from '../../src/workers/packed-delta.ts';
import type { PortReports } from '../../src/workers/port-reports.ts';
import { PortSockets } from '../../src/workers/port-sockets.ts';
import type { Subscription } from '../../src/workers/subscription.ts';

type Said = Extract<FromWorker, { readonly type: 'acknowledged' | 'ports' }>;

export class SimulatedWorker {
  readonly subscription: Subscription;
  readonly #distribution: Distribution;
  readonly #reports: PortReports;
  readonly #ports = new GatewayPorts(Math.random);
  readonly #sockets: PortSockets;
  readonly #servers = new Map<Server, PortId>();
  readonly #inbox: { readonly number: number; readonly change: Change }[] = [];
  #outbox: Said[] = [];
  #taken: number;
  #isUp = false;
  isGone = false;

  constructor(distribution: Distribution, reports: PortReports) {
    this.#distribution = distribution;
    this.#reports = reports;
    const { snapshot = [], openPorts, change } = distribution.inForce;
    this.#taken = change;
    this.#apply(snapshot);
    this.subscription = distribution.subscribe((number, what) => void this.#inbox.push({ number, change: what }));
    this.#sockets = new PortSockets(openPorts, {
      portOf: id => this.#ports.get(id),
      open: port => this.#listen(port),
      tell: states => this.#say({ type: 'ports', states }),
    });
    this.#acknowledge();
  }

  /** Takes the next message, as worker.ts does. */
  take(): void {
    const message = this.#inbox.shift();
    if (message === undefined || this.isGone) return;
    const { delta, openPorts } = message.change;
    if (delta !== undefined) {
      this.#apply(delta);
      this.#sockets.closeGone();
    }
    if (openPorts !== undefined) this.#sockets.listenOn(openPorts);
    this.#taken = message.number;
    this.#acknowledge();
    if (this.#isUp) return;
    this.#isUp = true;
    this.#sockets.start();
  }

  /** The main thread hears the next thing that was said. */
  hear(): void {
    const said = this.#outbox.shift();
    if (said?.type === 'acknowledged') this.#distribution.acknowledged(this.subscription, said.number, said.version);
    if (said?.type === 'ports') this.#reports.take(this.subscription, said.states);
  }

  /** It ends at once: what it has said is not heard any more. */
  async crash(): Promise<void> {
    if (this.isGone) return;
    this.isGone = true;
    this.#outbox = [];
    await Promise.all([...this.#servers.keys()].map(close));
    this.#distribution.unsubscribe(this.subscription);
    this.#reports.forget(this.subscription);
  }

  /** The ports that it listens on. */
  get listening(): PortId[] {
    return [...this.#servers].flatMap(([{ listening }, id]) => (listening ? id : [])).sort();
  }

  #apply(delta: readonly PackedDelta[]): void {
    for (const part of delta) {
      const { ports } = unpack(part);
      if (ports === undefined) continue;
      this.#ports.apply(portArrivals(ports));
      this.#ports.apply(portDepartures(ports));
    }
  }

  async #listen({ port: { id, listen } }: GatewayPortState): Promise<OpenPort> {
    const server = createServer(socket => socket.destroy());
    this.#servers.set(server, id);
    try {
      server.listen({ ...listen, reusePort: true, exclusive: true });
      await once(server, 'listening');
    } catch (error) {
      this.#servers.delete(server);
      throw error;
    }
    if (this.isGone) await close(server);
    return {
      close: () => {
        this.#servers.delete(server);
        server.close();
      },
    };
  }

  #acknowledge(): void {
    this.#say({ type: 'acknowledged', number: this.#taken, version: 1 });
  }

  #say(said: Said): void {
    if (!this.isGone) this.#outbox.push(said);
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  await once(server, 'close');
}
