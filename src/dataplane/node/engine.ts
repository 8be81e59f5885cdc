/**
 * The data plane on node:http and http-proxy-3. What llhttp lets pass and http-proxy-3 gets wrong is caught around them;
 * what neither allows is listed in the conformance suite.
 */
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createProxyServer } from 'http-proxy-3';
import { codeOf, UnavailableError } from '../../errors.ts';
import type { FailureReason } from '../../failures/failures.ts';
import { AddressRanges } from '../../formats/address-ranges.ts';
import type { ListenAddress } from '../../formats/listen-address.ts';
import type { Engine, EngineContext, OpenPort } from '../engine.ts';
import { ExchangeRecord } from '../pipeline/exchange-record.ts';
import { allowedUpgrade } from '../pipeline/upgrade.ts';
import { type Guarded, guarded } from '../runtime/guard.ts';
import { ClientConnection } from './client-connection.ts';
import { ClientTraffic } from './client-traffic.ts';
import { rawErrorResponse } from './error-answer.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeServices, UpgradeOffer } from './exchange-services.ts';
import { firstLine, judgeRejectedHead } from './rejected-head.ts';
import { readFacts } from './request-facts.ts';
import { UpstreamPool } from './upstream-pool.ts';

/** More than the limits that are checked on parsed heads, so that these decide the answer. */
const PARSER_HEAD_BYTES = 64 * 1024;

/** How often Node looks for clients that are too slow with their head. */
const HEADER_CHECK_MS = 100;

export class NodeEngine implements Engine {
  readonly #context: EngineContext;
  readonly #server: Server;
  readonly #services: ExchangeServices;
  readonly #connections = new Map<Duplex, ClientConnection>();
  readonly #current = new WeakMap<ClientConnection, Exchange>();
  #trustedProxies: AddressRanges;
  #draining = false;
  #isClosed = false;
  #onLastClose: (() => void) | undefined;

  constructor(context: EngineContext) {
    this.#context = context;
    const { state, counters, clock } = context;
    this.#trustedProxies = new AddressRanges(state.settings.trustedProxies);
    const pool = new UpstreamPool({ counters, clock, maxIdle: () => state.settings.upstreamKeepalive });
    const proxy = createProxyServer({ selfHandleResponse: true, prependPath: false, ignorePath: true });
    // Its deleteLength pass gives a chunked DELETE a Content-Length of 0 but still pipes the body: a second request for the
    // upstream. All headers come as the options' own, so what the passes did to the client's is thrown away.
    proxy.before('web', 'stream', request => {
      request.headers = {};
    });
    this.#services = {
      context,
      proxy,
      pool,
      trustedProxies: () => this.#trustedProxies,
      isDraining: () => this.#draining,
      isClosed: () => this.#isClosed,
    };
    this.#server = createServer({
      maxHeaderSize: PARSER_HEAD_BYTES,
      requireHostHeader: false,
      requestTimeout: 0,
      headersTimeout: state.settings.clientHeaderTimeout,
      connectionsCheckingInterval: HEADER_CHECK_MS,
      keepAliveTimeout: state.settings.keepaliveTimeout,
      keepAliveTimeoutBuffer: 0,
      noDelay: true,
      shouldUpgradeCallback: request => {
        if (this.#mayUpgrade(request)) return true;
        // llhttp stops behind such a head all the same, and Node throws away what came with it: nothing may follow it.
        const connection = this.#connections.get(request.socket);
        if (connection !== undefined) connection.losesBytes = true;
        return false;
      },
    });
    // Zero is no limit: Node would drop further header lines in silence, we answer 431.
    this.#server.maxHeadersCount = 0;
    const { failures } = context;
    // For callbacks that belong to no request yet.
    const owner: Guarded = { crashed: error => failures.reportBug(error) };
    const accept = guarded(owner, (socket: Socket) => this.#accept(socket));
    this.#server.on('connection', accept);
    for (const event of ['request', 'checkContinue', 'checkExpectation']) {
      const handle = guarded(owner, (request: IncomingMessage, response: ServerResponse) =>
        this.#handle(request, response),
      );
      this.#server.on(event, handle);
    }
    for (const event of ['upgrade', 'connect']) {
      const handle = guarded(owner, (request: IncomingMessage, socket: Socket, early: Buffer) =>
        this.#handleDetached(request, socket, { early }),
      );
      this.#server.on(event, handle);
    }
    const reject = guarded(owner, (error: Error, socket: Duplex) => this.#reject(error, socket));
    this.#server.on('clientError', reject);
  }

  listen({ host, port }: ListenAddress, reusePort: boolean): Promise<ListenAddress> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, reusePort, backlog: 4096 }, () => {
        this.#server.off('error', reject);
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound !== null ? { host, port: bound.port } : { host, port });
      });
    });
  }

  listenTls(): Promise<ListenAddress> {
    return Promise.reject(new UnavailableError('the engine node serves no TLS: leave --tls-listen out, or --engine'));
  }

  listenPort(): Promise<OpenPort> {
    return Promise.reject(new UnavailableError('the engine node serves no Gateways: leave --engine out'));
  }

  settingsChanged(): void {
    const { settings } = this.#context.state;
    this.#trustedProxies = new AddressRanges(settings.trustedProxies);
    this.#server.headersTimeout = settings.clientHeaderTimeout;
    this.#server.keepAliveTimeout = this.#idleLimit;
  }

  drain(): Promise<void> {
    this.#draining = true;
    // Only stops to listen. node:http's own close() ends idle connections, too, whatever is on its way on them.
    NetServer.prototype.close.call(this.#server);
    this.#server.keepAliveTimeout = this.#idleLimit;
    for (const connection of this.#connections.values()) {
      if (connection.isIdle) connection.socket.setTimeout(this.#idleLimit);
    }
    return new Promise(resolve => {
      this.#onLastClose = () => {
        // Ends the clock that looks for slow heads.
        this.#server.close();
        this.#services.pool.close();
        resolve();
      };
      if (this.#connections.size === 0) this.#onLastClose();
    });
  }

  close(): void {
    this.#draining = true;
    this.#isClosed = true;
    this.#server.close();
    for (const { socket } of this.#connections.values()) socket.destroy();
    this.#services.pool.close();
  }

  /**
   * How long the next request is waited for. A connection that was not announced to end may have one on its way, which a
   * close would lose (RFC 9112 section 9.5): draining leaves it the time that it took everybody else to notice.
   */
  get #idleLimit(): number {
    const { keepaliveTimeout, shutdownDelay } = this.#context.state.settings;
    // To Node zero is no limit.
    return this.#draining ? Math.max(1, Math.min(keepaliveTimeout, shutdownDelay)) : keepaliveTimeout;
  }

  #accept(socket: Socket): void {
    const { counters, state } = this.#context;
    counters.add('accepted', 1);
    if (this.#connections.size >= state.settings.workerConnections) {
      socket.destroy();
      return;
    }
    const connection = new ClientConnection(socket, this.#context, failure => this.#answerRaw(connection, failure));
    this.#connections.set(socket, connection);
    // nginx, too, takes a client's FIN as a sign that the client has left and will not read the answer.
    socket.once('end', () => this.#current.get(connection)?.clientEnded());
    socket.once('close', () => {
      this.#connections.delete(socket);
      if (this.#connections.size === 0) this.#onLastClose?.();
    });
  }

  #handle(request: IncomingMessage, response: ServerResponse, offer?: UpgradeOffer): void {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined || connection.isClosing) return;
    connection.enqueue(() => {
      const exchange = new Exchange(this.#services, connection, request, response, offer);
      this.#current.set(connection, exchange);
      exchange.start();
    });
  }

  /** Node has let go of the connection: an answer that is no tunnel is the last on it. */
  #handleDetached(request: IncomingMessage, socket: Socket, offer: UpgradeOffer): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.isClosing) return;
    connection.detach();
    socket.on('error', () => socket.destroy());
    socket.pause();
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.once('finish', () => {
      response.detachSocket(socket);
      socket.destroySoon();
      response.emit('close');
    });
    connection.enqueue(() => {
      response.assignSocket(socket);
      const exchange = new Exchange(this.#services, connection, request, response, offer);
      this.#current.set(connection, exchange);
      exchange.start();
    });
  }

  #mayUpgrade(request: IncomingMessage): boolean {
    const facts = readFacts(request);
    if (typeof facts === 'string' || facts.isChunked || (facts.contentLength ?? 0) > 0) return false;
    return allowedUpgrade(facts.upgrade, this.#context.state.settings.upgradeProtocols) !== undefined;
  }

  /** llhttp could not make a request of the bytes, or they did not come in time. */
  #reject(error: Error, socket: Duplex): void {
    const connection = this.#connections.get(socket);
    const code = codeOf(error);
    if (connection === undefined || connection.isClosing) return;
    const isTimeout = code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const head = connection.unparsedHead;
    if (!isTimeout && !code?.startsWith('HPE_')) {
      // The connection is gone.
      socket.destroy();
      return;
    }
    const current = this.#current.get(connection);
    if (connection.isBusy && current?.isReadingBody) {
      if (code === 'HPE_INVALID_EOF_STATE') current.clientGone();
      else current.fail(isTimeout ? 'client_body_timeout' : 'request_chunk_malformed');
      return;
    }
    if ((isTimeout && head === '') || code === 'HPE_INVALID_EOF_STATE') {
      // There was no request, or the client has left.
      socket.destroy();
      return;
    }
    const failure: FailureReason = isTimeout ? 'client_header_timeout' : judgeRejectedHead(head, code);
    // llhttp repeats itself for every further packet.
    if (connection.isRejected) return;
    connection.isRejected = true;
    connection.enqueue(() => this.#answerRaw(connection, failure, code ?? '', head));
  }

  #answerRaw(connection: ClientConnection, reason: FailureReason, detail = '', head = connection.unparsedHead): void {
    const { errorPage } = this.#context.state;
    const traffic = new ClientTraffic(connection.remoteAddress);
    const record = new ExchangeRecord(this.#context, traffic);
    record.beginUnread(firstLine(head));
    record.fail(reason, detail);
    const response = rawErrorResponse(record.status, record.requestId, errorPage);
    const body = head.startsWith('HEAD ') ? '' : response.body;
    const { socket } = connection;
    socket.write(response.head + body, 'latin1');
    connection.isClosing = true;
    connection.mustLinger = true;
    socket.destroySoon();
    traffic.receivedBytes = connection.takeBytesRead();
    traffic.sentBytes = response.head.length + body.length;
    traffic.sentBodyBytes = body.length;
    record.write(undefined);
  }
}
