/**
 * The data plane's own HTTP/1.1 on plain sockets. Heads are validated where they lie and passed on as slices of one text;
 * a request makes no timer, no closure and no promise.
 */
import type { Server } from 'node:net';
import { AddressRanges } from '../../formats/address-ranges.ts';
import type { ListenAddress } from '../../formats/listen-address.ts';
import type { Engine, EngineContext } from '../engine.ts';
import { RoundRobin } from '../round-robin.ts';
import { createReadingServer, type OpenSocket, type SocketReader } from './accept.ts';
import { ClientConnection } from './client-connection.ts';
import { ReadBuffers } from './read-buffers.ts';
import { ResponseHead } from './response-head.ts';
import { TimerWheel } from './timer-wheel.ts';
import { UpstreamPools } from './upstream-pools.ts';
import type { Wire } from './wire.ts';

const BACKLOG = 4096;

/** Reads nothing. */
const NOBODY: SocketReader = { readBuffer: () => Buffer.alloc(1), read: () => false };

export class WireEngine implements Engine {
  readonly #context: EngineContext;
  readonly #server: Server;
  readonly #wire: Wire;
  #onLastGone: (() => void) | undefined;

  constructor(context: EngineContext) {
    this.#context = context;
    const wheel = new TimerWheel();
    const clients = new Set<ClientConnection>();
    const wire: Wire = {
      context,
      wheel,
      clients,
      get pools() {
        return pools;
      },
      roundRobin: new RoundRobin(),
      spareHeads: [],
      responseHead: new ResponseHead(),
      buffers: new ReadBuffers(),
      trustedProxies: new AddressRanges(context.state.settings.trustedProxies),
      isDraining: false,
      clientGone: client => {
        clients.delete(client);
        if (clients.size === 0) this.#onLastGone?.();
      },
    };
    const pools = new UpstreamPools(wire);
    this.#wire = wire;
    this.#server = createReadingServer(open => this.#accept(open));
  }

  listen({ host, port }: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    this.#wire.wheel.start();
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
        this.#server.off('error', reject);
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound !== null ? { host, port: bound.port } : { host, port });
      });
    });
  }

  settingsChanged(): void {
    const { settings } = this.#context.state;
    this.#wire.trustedProxies = new AddressRanges(settings.trustedProxies);
    this.#context.accessLog.format = settings.accessLog;
  }

  drain(): Promise<void> {
    this.#wire.isDraining = true;
    this.#server.close();
    for (const client of [...this.#wire.clients]) client.drain();
    return new Promise(resolve => {
      this.#onLastGone = () => {
        this.#end();
        resolve();
      };
      if (this.#wire.clients.size === 0) this.#onLastGone();
    });
  }

  close(): void {
    this.#wire.isDraining = true;
    this.#server.close();
    for (const client of [...this.#wire.clients]) client.destroy();
    this.#end();
  }

  #end(): void {
    this.#wire.pools.close();
    this.#wire.wheel.stop();
  }

  #accept(open: OpenSocket): void {
    const { counters, state } = this.#context;
    counters.add('accepted', 1);
    if (this.#wire.clients.size >= state.settings.workerConnections) {
      open(NOBODY).destroy();
      return;
    }
    this.#wire.clients.add(new ClientConnection(this.#wire, open));
  }
}
