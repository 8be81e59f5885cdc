/**
 * The data plane's own HTTP/1.1 on plain sockets. Heads are validated where they lie and passed on as slices of one text;
 * a request makes no timer, no closure and no promise.
 */
import type { Server } from 'node:net';
import { UnavailableError } from '../../errors.ts';
import { AddressRanges } from '../../formats/address-ranges.ts';
import type { ListenAddress } from '../../formats/listen-address.ts';
import type { Engine, EngineContext } from '../engine.ts';
import { ClientConnection } from '../http1/client-connection.ts';
import { Passthrough } from '../passthrough/passthrough.ts';
import type { KnownClient } from '../pipeline/ports.ts';
import { createTransportServer } from '../transport/accept.ts';
import type { Passage } from '../transport/tls/server-handshake.ts';
import { HAS_TLS_HANDLES } from '../transport/tls/tls-handle.ts';
import { NO_OWNER, type OpenTransport } from '../transport/transport.ts';
import { EngineParts } from './engine-parts.ts';
import { ProxyProtocolGate, type Serve } from './proxy-protocol-gate.ts';
import { TlsGate } from './tls-gate.ts';

const BACKLOG = 4096;

/**
 * libuv takes one connection from each listening socket in a turn of the event loop, and under load there are some fifty turns
 * a second: with one socket, the last of 512 clients that came at once waited three seconds. So a worker has several.
 */
const LISTENERS = 16;

const NOTHING_KNOWN: KnownClient = {};

/** What becomes of the connections of a port. */
interface Port {
  readonly serve: Serve;
  readonly proxyGate: ProxyProtocolGate;
}

export class WireEngine implements Engine {
  readonly #context: EngineContext;
  readonly #servers: Server[] = [];
  readonly #parts: EngineParts;
  readonly #plainPort: Port;
  readonly #tlsPort: Port;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#parts = new EngineParts(context);
    const tlsGate = new TlsGate(this.#parts, {
      serveTls: (open, known, protocol) =>
        void (protocol === 'h2' ? this.#parts.serveHttp2(open, known) : this.#serve(open, known)),
      passThrough: (open, known, to, bytes) => this.#passThrough(open, known, to, bytes),
      refusePlainHttp: (open, known, bytes) => this.#serve(open, known).refuse('request_http_on_tls_port', bytes),
    });
    this.#plainPort = this.#portFor((open, known) => void this.#serve(open, known));
    this.#tlsPort = this.#portFor((open, known) => tlsGate.admit(open, known));
  }

  listen(address: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    return this.#listenOn(this.#plainPort, address, reusePort);
  }

  listenTls(address: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    if (!HAS_TLS_HANDLES) {
      const what = `TLS cannot be served on Node ${process.versions.node}: its TLS handle is not the known one`;
      return Promise.reject(new UnavailableError(`${what}; use Node 26, or leave --tls-listen out`));
    }
    return this.#listenOn(this.#tlsPort, address, reusePort);
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

  #portFor(serve: Serve): Port {
    return { serve, proxyGate: new ProxyProtocolGate(this.#parts, serve) };
  }

  async #listenOn(port: Port, address: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    this.#parts.wheel.start();
    const bound = await this.#bind(port, address, reusePort);
    for (let count = 1; reusePort && count < LISTENERS; count += 1) await this.#bind(port, bound, reusePort);
    return bound;
  }

  #bind(to: Port, { host, port }: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    const server = createTransportServer(this.#parts.memory, open => this.#accept(open, to));
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

  #accept(open: OpenTransport, { serve, proxyGate }: Port): void {
    const { counters, failures, state } = this.#context;
    counters.add('accepted', 1);
    if (this.#parts.clients.size >= state.settings.workerConnections) {
      open(NO_OWNER).destroy();
      return;
    }
    try {
      if (this.#parts.proxyPeers.isEmpty) serve(open, NOTHING_KNOWN);
      else proxyGate.admit(open);
    } catch (error) {
      failures.reportBug(error);
    }
  }

  #serve(open: OpenTransport, known: KnownClient): ClientConnection {
    const client = new ClientConnection(this.#parts, open, known);
    this.#parts.clients.add(client);
    // It was accepted before, and what comes before HTTP has come meanwhile.
    if (this.#parts.isDraining) client.drain();
    return client;
  }

  #passThrough(open: OpenTransport, { peer }: KnownClient, { cluster: id, serverName }: Passage, bytes: Buffer): void {
    const { clients, counters } = this.#parts;
    const cluster = this.#context.state.clusterOf(id);
    if (cluster === undefined) {
      // Clusters come and go with their hosts, in one turn of the event loop.
      counters.add('handled', 1);
      open(NO_OWNER).destroy();
      return;
    }
    const client = { peer, serverName, bytes, cluster };
    const passthrough = new Passthrough(this.#parts, open, client, over => this.#parts.clientGone(over));
    clients.add(passthrough);
    passthrough.begin();
  }
}
