/**
 * The data plane's own HTTP/1.1 on plain sockets. Heads are validated where they lie and passed on as slices of one text;
 * a request makes no timer, no closure and no promise.
 */
import { UnavailableError } from '../../errors.ts';
import { AddressRanges } from '../../formats/address-ranges.ts';
import type { ListenAddress } from '../../formats/listen-address.ts';
import { COUNTER } from '../../observe/counters.ts';
import type { Engine, EngineContext, OpenPort } from '../engine.ts';
import type { GatewayPortState } from '../gateway-port-state.ts';
import { ClientConnection } from '../http1/client-connection.ts';
import { Passthrough } from '../passthrough/passthrough.ts';
import type { KnownClient } from '../pipeline/known-client.ts';
import { alpnProtocols } from '../transport/tls/alpn.ts';
import type { Passage, ServerNameTerms } from '../transport/tls/server-name-terms.ts';
import { TlsContexts } from '../transport/tls/tls-contexts.ts';
import { HAS_TLS_HANDLES } from '../transport/tls/tls-handle.ts';
import { NO_OWNER, type OpenTransport } from '../transport/transport.ts';
import { EngineParts } from './engine-parts.ts';
import { HandshakePlaces } from './handshake-places.ts';
import { ListeningSockets } from './listening-sockets.ts';
import { ProxyProtocolGate, type Serve } from './proxy-protocol-gate.ts';
import { termsOfHost, termsOfListener } from './server-names.ts';
import { TlsGate } from './tls-gate.ts';

/** What is spoken on TLS, by its ALPN name (RFC 7301), the favourite first. */
const PROTOCOLS = alpnProtocols(['h2', 'http/1.1']);

const NOTHING_KNOWN: KnownClient = {};

/** What becomes of the connections of a port. */
interface Port {
  readonly serve: Serve;
  /** Of each client that connects. */
  readonly known: KnownClient;
  readonly proxyGate: ProxyProtocolGate;
}

export class WireEngine implements Engine {
  readonly #context: EngineContext;
  readonly #sockets = new Set<ListeningSockets>();
  readonly #parts: EngineParts;
  readonly #handshakes: HandshakePlaces;
  readonly #tlsContexts: TlsContexts;
  readonly #plainPort: Port;
  readonly #tlsPort: Port;

  constructor(context: EngineContext) {
    const { state } = context;
    this.#context = context;
    this.#parts = new EngineParts(context);
    this.#handshakes = new HandshakePlaces(context.clock, () => state.settings.tlsHandshakes);
    this.#tlsContexts = new TlsContexts(() => state.ticketKeys);
    const tlsGate = this.#tlsGateFor(name => termsOfHost(state, name));
    this.#plainPort = this.#portFor((open, known) => void this.#serve(open, known));
    this.#tlsPort = this.#portFor((open, known) => tlsGate.admit(open, known));
  }

  listen(address: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    return this.#socketsFor(this.#plainPort).listen(address, reusePort);
  }

  async listenTls(address: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    if (!HAS_TLS_HANDLES) throw new UnavailableError(`${noTls()}, or leave --tls-listen out`);
    return this.#socketsFor(this.#tlsPort).listen(address, reusePort);
  }

  async listenPort(state: GatewayPortState, reusePort: boolean): Promise<OpenPort> {
    if (!HAS_TLS_HANDLES) throw new UnavailableError(noTls());
    const tlsGate = this.#tlsGateFor(name => termsOfListener(this.#context.state, state, name));
    const serve: Serve = (open, known) => {
      // What it speaks may change while it is listened on.
      if (state.port.transport === 'tls') tlsGate.admit(open, known);
      else this.#serve(open, known);
    };
    const sockets = this.#socketsFor(this.#portFor(serve, { port: state }));
    try {
      await sockets.listen(state.port.listen, reusePort);
    } catch (error) {
      this.#sockets.delete(sockets);
      throw error;
    }
    return {
      close: () => {
        sockets.close();
        this.#sockets.delete(sockets);
        for (const client of [...this.#parts.clients]) if (client.port === state) client.drain();
      },
    };
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

  #portFor(serve: Serve, known = NOTHING_KNOWN): Port {
    return { serve, known, proxyGate: new ProxyProtocolGate(this.#parts, serve, known) };
  }

  #tlsGateFor(termsFor: (serverName: string) => ServerNameTerms): TlsGate {
    const context = { tlsContexts: this.#tlsContexts, termsFor, protocols: PROTOCOLS };
    return new TlsGate(this.#parts, this.#handshakes, context, {
      serveTls: (open, known, protocol) =>
        void (protocol === 'h2' ? this.#parts.serveHttp2(open, known) : this.#serve(open, known)),
      passThrough: (open, known, to, bytes) => this.#passThrough(open, known, to, bytes),
      refusePlainHttp: (open, known, bytes) => this.#serve(open, known).refuse('request_http_on_tls_port', bytes),
    });
  }

  #socketsFor(port: Port): ListeningSockets {
    this.#parts.wheel.start();
    const sockets = new ListeningSockets(this.#parts.memory, open => this.#accept(open, port));
    this.#sockets.add(sockets);
    return sockets;
  }

  #stopAccepting(): void {
    this.#parts.isDraining = true;
    for (const sockets of this.#sockets) sockets.close();
  }

  #end(): void {
    this.#parts.pools.close();
    this.#parts.wheel.stop();
  }

  #accept(open: OpenTransport, { serve, known, proxyGate }: Port): void {
    const { counters, failures, state } = this.#context;
    counters.addTo(COUNTER.accepted, 1);
    if (this.#parts.clients.size >= state.settings.workerConnections) {
      open(NO_OWNER).destroy();
      return;
    }
    try {
      if (this.#parts.proxyPeers.isEmpty) serve(open, known);
      else proxyGate.admit(open);
    } catch (error) {
      failures.reportBug(error);
    }
  }

  #serve(open: OpenTransport, known: KnownClient): ClientConnection {
    const client = new ClientConnection(this.#parts, open, known);
    this.#parts.clients.add(client);
    // It was accepted before, and what comes before HTTP has come meanwhile.
    if (this.#parts.isDraining || known.port?.isClosed === true) client.drain();
    return client;
  }

  #passThrough(
    open: OpenTransport,
    { peer }: KnownClient,
    { cluster: id, serverName }: Passage,
    bytes: Buffer | undefined,
  ): void {
    const { clients, counters } = this.#parts;
    const cluster = this.#context.state.clusterOf(id);
    if (cluster === undefined) {
      // Clusters come and go with their hosts, in one turn of the event loop.
      counters.add('handled', 1);
      open(NO_OWNER).destroy();
      return;
    }
    const client = { peer, serverName, isSealed: bytes !== undefined, bytes, cluster };
    const passthrough = new Passthrough(this.#parts, open, client, over => this.#parts.clientGone(over));
    clients.add(passthrough);
    passthrough.begin();
  }
}

function noTls(): string {
  return `TLS cannot be served on Node ${process.versions.node}: its TLS handle is not the known one; use Node 26`;
}
