/**
 * The data plane's own HTTP/1.1 on plain sockets. Heads are validated where they lie and passed on as slices of one text;
 * a request makes no timer, no closure and no promise.
 */
import type { Server } from 'node:net';
import { AddressRanges } from '../../formats/address-ranges.ts';
import type { ListenAddress } from '../../formats/listen-address.ts';
import type { Engine, EngineContext } from '../engine.ts';
import { ClientConnection } from '../http1/client-connection.ts';
import type { KnownClient } from '../pipeline/ports.ts';
import { createTransportServer } from '../transport/accept.ts';
import type { OpenTransport, TransportOwner } from '../transport/transport.ts';
import { EngineParts } from './engine-parts.ts';
import { ProxyProtocolGate } from './proxy-protocol-gate.ts';

const BACKLOG = 4096;

/**
 * libuv takes one connection from each listening socket in a turn of the event loop, and under load there are some fifty turns
 * a second: with one socket, the last of 512 clients that came at once waited three seconds. So a worker has several.
 */
const LISTENERS = 16;

/** The owner of a connection that is closed at once. */
const REFUSED: TransportOwner = {
  readBuffer: () => Buffer.alloc(1),
  read: () => false,
  ended: () => undefined,
  closed: () => undefined,
  drained: () => undefined,
  writeFailed: () => undefined,
  crashed: () => undefined,
};

const NOTHING_KNOWN: KnownClient = {};

export class WireEngine implements Engine {
  readonly #context: EngineContext;
  readonly #servers: Server[] = [];
  readonly #parts: EngineParts;
  readonly #gate: ProxyProtocolGate;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#parts = new EngineParts(context);
    this.#gate = new ProxyProtocolGate(this.#parts, (open, known) => this.#serve(open, known));
  }

  async listen(address: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    this.#parts.wheel.start();
    const bound = await this.#listen(address, reusePort);
    for (let count = 1; reusePort && count < LISTENERS; count += 1) await this.#listen(bound, reusePort);
    return bound;
  }

  /** What its connections keep: `clientBytes` of its context bounds it. */
  get keptBytes(): number {
    return this.#parts.memory.kept;
  }

  settingsChanged(): void {
    const { settings } = this.#context.state;
    this.#parts.trustedProxies = new AddressRanges(settings.trustedProxies);
  }

  drain(): Promise<void> {
    this.#stopAccepting();
    for (const client of [...this.#parts.clients]) client.drain();
    return new Promise(resolve => {
      this.#parts.onLastGone = () => {
        this.#end();
        resolve();
      };
      if (this.#parts.clients.size === 0) this.#parts.onLastGone();
    });
  }

  close(): void {
    this.#stopAccepting();
    this.#parts.isClosed = true;
    for (const client of [...this.#parts.clients]) client.destroy();
    this.#end();
  }

  #listen({ host, port }: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    const server = createTransportServer(this.#parts.memory, open => this.#accept(open));
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
    this.#parts.isDraining = true;
    for (const server of this.#servers) server.close();
  }

  #end(): void {
    this.#parts.pools.close();
    this.#parts.wheel.stop();
  }

  #accept(open: OpenTransport): void {
    const { counters, failures, state } = this.#context;
    counters.add('accepted', 1);
    if (this.#parts.clients.size >= state.settings.workerConnections) {
      open(REFUSED).destroy();
      return;
    }
    try {
      if (this.#parts.proxyPeers.isEmpty) this.#serve(open, NOTHING_KNOWN);
      else this.#gate.admit(open);
    } catch (error) {
      failures.reportBug(error);
    }
  }

  #serve(open: OpenTransport, known: KnownClient): void {
    const client = new ClientConnection(this.#parts, open, known);
    this.#parts.clients.add(client);
    // It was accepted before, and its header has come meanwhile.
    if (this.#parts.isDraining) client.drain();
  }
}
