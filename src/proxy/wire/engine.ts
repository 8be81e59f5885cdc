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

/**
 * libuv takes one connection from each listening socket in a turn of the event loop, and under load there are some fifty turns
 * a second: with one socket, the last of 512 clients that came at once waited three seconds. So a worker has several.
 */
const LISTENERS = 16;

/** Reads nothing. */
const NOBODY: SocketReader = { readBuffer: () => Buffer.alloc(1), read: () => false };

export class WireEngine implements Engine {
  readonly #context: EngineContext;
  readonly #servers: Server[] = [];
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
  }

  async listen(address: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    this.#wire.wheel.start();
    const bound = await this.#listen(address, reusePort);
    for (let count = 1; reusePort && count < LISTENERS; count += 1) await this.#listen(bound, reusePort);
    return bound;
  }

  settingsChanged(): void {
    const { settings } = this.#context.state;
    this.#wire.trustedProxies = new AddressRanges(settings.trustedProxies);
    this.#context.accessLog.format = settings.accessLog;
  }

  drain(): Promise<void> {
    this.#stopAccepting();
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
    this.#stopAccepting();
    for (const client of [...this.#wire.clients]) client.destroy();
    this.#end();
  }

  #listen({ host, port }: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    const server = createReadingServer(open => this.#accept(open));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
        server.off('error', reject);
        const bound = server.address();
        resolve(typeof bound === 'object' && bound !== null ? { host, port: bound.port } : { host, port });
      });
    });
  }

  #stopAccepting(): void {
    this.#wire.isDraining = true;
    for (const server of this.#servers) server.close();
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
