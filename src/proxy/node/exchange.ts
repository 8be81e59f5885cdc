import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProxyServer } from 'http-proxy-3';
import type { AddressRanges } from '../../formats/address-ranges.ts';
import { type Route, upstreamPath } from '../../routing/route.ts';
import { parseTarget, type RequestTarget } from '../../routing/target.ts';
import type { Settings } from '../../settings/schema.ts';
import type { EngineContext } from '../engine.ts';
import { errorBody, reasonOf } from '../error-pages.ts';
import { CLIENT_CLOSED_REQUEST, FAILURES, type FailureCode } from '../failure.ts';
import { forwardedOf } from '../forwarded.ts';
import { requestIdOf } from '../request-id.ts';
import { mayRetryStale } from '../retry.ts';
import type { RoundRobin } from '../round-robin.ts';
import { allowedUpgrade } from '../upgrade.ts';
import type { ClientConnection } from './client-connection.ts';
import { ExchangeLog } from './exchange-log.ts';
import { type RequestFacts, readFacts } from './request-facts.ts';
import { informationHeaders, readResponseHead, switchingHead } from './response-head.ts';
import { joinTunnel } from './tunnel.ts';
import { upstreamHeaders } from './upstream-headers.ts';
import type { UpstreamConnection, UpstreamPool } from './upstream-pool.ts';

/** What the exchanges of one engine share. */
export interface ExchangeServices {
  readonly context: EngineContext;
  readonly proxy: ProxyServer;
  readonly pool: UpstreamPool;
  readonly roundRobin: RoundRobin;
  readonly trustedProxies: () => AddressRanges;
  readonly isDraining: () => boolean;
}

/** The bytes of a protocol other than HTTP that came with an Upgrade request. */
export interface UpgradeOffer {
  readonly early: Buffer;
}

const target: RequestTarget = { path: '', query: '', host: '' };

/** One request, from its head to the end of its answer. */
export class Exchange {
  readonly #services: ExchangeServices;
  readonly #connection: ClientConnection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #offer: UpgradeOffer | undefined;
  readonly #settings: Settings;
  readonly #log: ExchangeLog;
  #route: Route | undefined;
  #facts: RequestFacts | undefined;
  #upgrade: string | undefined;
  #upstreamTarget = '';
  #attempts = 0;
  #upstreamRequest: ClientRequest | undefined;
  #upstream: UpstreamConnection | undefined;
  #upstreamResponse: IncomingMessage | undefined;
  #bodyBytes = 0;
  #answered = false;
  #ended = false;

  constructor(
    services: ExchangeServices,
    connection: ClientConnection,
    request: IncomingMessage,
    response: ServerResponse,
    offer?: UpgradeOffer,
  ) {
    this.#services = services;
    this.#connection = connection;
    this.#request = request;
    this.#response = response;
    this.#offer = offer;
    this.#settings = services.context.state.settings;
    this.#log = new ExchangeLog(services.context, connection, request);
    if (request.httpVersionMinor === 0) response.useChunkedEncodingByDefault = false;
  }

  start(): void {
    const { table } = this.#services.context.state;
    this.#connection.requests += 1;
    this.#response.once('close', () => this.#end());
    this.#request.on('error', () => this.clientGone());
    this.#watchClient();

    const facts = readFacts(this.#request);
    if (typeof facts === 'string') return this.fail(facts);
    this.#facts = facts;
    this.#log.facts = facts;
    this.#log.requestId = requestIdOf(facts.requestId);
    if (this.#request.method === 'CONNECT' || this.#request.method === 'TRACE') return this.fail('METHOD_NOT_ALLOWED');
    if (!parseTarget(this.#request.url ?? '', this.#settings.mergeSlashes, target)) return this.fail('BAD_REQUEST');
    if (table === undefined) return this.fail('NO_TABLE');
    const { path, query } = target;
    const host = target.host || facts.host;
    const route = table.match(host, path);
    if (route === undefined) return this.fail('NO_ROUTE');
    this.#route = route;
    this.#log.route = route;
    this.#upstreamTarget = upstreamPath(route, path) + query;
    this.#upgrade = this.#offer && allowedUpgrade(facts.upgrade, this.#settings.upgradeProtocols);
    if (!this.#limitBody(facts)) return this.fail('BODY_TOO_LARGE');
    this.#send(route, facts, host, false);
  }

  get isReadingBody(): boolean {
    return !this.#request.complete;
  }

  /** The client sent FIN. A tunnel may be half closed; a request may not. */
  clientEnded(): void {
    if (!this.#log.switched && !this.#response.writableEnded) this.clientGone();
  }

  /** The client has closed the connection: nginx's 499. */
  clientGone(): void {
    if (this.#ended) return;
    this.#upstreamRequest?.destroy();
    this.#connection.socket.destroy();
    this.#end();
  }

  #limitBody(facts: RequestFacts): boolean {
    const limit = this.#route?.overrides.maxBodySize ?? this.#settings.clientMaxBodySize;
    if (limit > 0 && (facts.contentLength ?? 0) > limit) return false;
    if (!facts.isChunked && (facts.contentLength ?? 0) === 0) return true;
    this.#request.on('data', (chunk: Buffer) => {
      this.#bodyBytes += chunk.length;
      if (limit > 0 && this.#bodyBytes > limit) this.fail('BODY_TOO_LARGE');
    });
    return true;
  }

  #send(route: Route, facts: RequestFacts, host: string, fresh: boolean): void {
    const endpoints = this.#services.roundRobin.next(route.backend);
    if (endpoints === undefined) return this.fail('NO_ENDPOINT');
    const [{ address, port }] = endpoints;
    const { path } = route;
    const peer = this.#connection.remoteAddress;
    const headers = upstreamHeaders(this.#request, facts, {
      host: host || `${address.includes(':') ? `[${address}]` : address}:${port}`,
      forwarded: forwardedOf(
        {
          peer,
          forwardedFor: facts.forwardedFor,
          proto: facts.forwardedProto,
          forwardedHost: facts.forwardedHost,
          host: facts.rawHost,
        },
        this.#services.trustedProxies(),
      ),
      prefix: route.stripPrefix && path !== '/' ? path : '',
      requestId: this.#log.requestId,
      underscores: this.#settings.underscoresInHeaders,
      upgrade: this.#upgrade,
    });
    this.#attempts += 1;
    this.#log.upstreamAsked(`${address}:${port}`);
    const timeoutMs = route.overrides.connectTimeoutMs ?? this.#settings.proxyConnectTimeout;
    const agent = {
      // What ClientRequest asks of an agent; connections come from the pool instead of one of Node's.
      keepAlive: true,
      addRequest: (upstreamRequest: ClientRequest) => {
        this.#prepare(upstreamRequest, facts);
        this.#services.pool.acquire({ endpoints, timeoutMs, fresh }, outcome => {
          if (typeof outcome === 'string') this.fail(outcome);
          else this.#connected(upstreamRequest, outcome);
        });
      },
    };
    try {
      this.#services.proxy.web(
        this.#request,
        this.#response,
        { target: { host: address, port, protocol: 'http:' }, agent, headers: headers as Record<string, string> },
        error => this.#broken(error, () => this.#send(route, facts, host, true)),
      );
    } catch {
      this.fail('INTERNAL');
    }
  }

  #prepare(upstreamRequest: ClientRequest, facts: RequestFacts): void {
    this.#upstreamRequest = upstreamRequest;
    // Set here because http-proxy-3 drops an empty query and Trailer, and with Expect it skips its own hook.
    upstreamRequest.path = this.#upstreamTarget;
    if (facts.trailer !== undefined && facts.isChunked) upstreamRequest.setHeader('Trailer', facts.trailer);
    if (facts.expect !== undefined) upstreamRequest.setHeader('Expect', facts.expect);
    if (this.#upgrade === undefined && !facts.acceptsTrailers) upstreamRequest.removeHeader('Connection');
    upstreamRequest.on('information', info => {
      if (this.#request.httpVersionMinor === 0 || this.#response.headersSent || this.#answered) return;
      if (info.statusCode === 100) this.#response.writeContinue();
      else if (info.statusCode !== 101) this.#response.writeInformation(info.statusCode, informationHeaders(info.rawHeaders));
    });
    upstreamRequest.on('upgrade', (response, socket, early) => this.#switchProtocols(response, socket, early));
    upstreamRequest.on('response', response => this.#relay(response));
    // Before the pipe's own listener, which ends the upstream's request.
    this.#request.once('end', () => {
      if (this.#request.rawTrailers.length > 0) upstreamRequest.addTrailers(pairs(this.#request.rawTrailers));
    });
  }

  #connected(upstreamRequest: ClientRequest, connection: UpstreamConnection): void {
    const { socket } = connection;
    const overrides = this.#route?.overrides;
    const readMs = overrides?.readTimeoutMs ?? this.#settings.proxyReadTimeout;
    const sendMs = overrides?.sendTimeoutMs ?? this.#settings.proxySendTimeout;
    this.#upstream = connection;
    socket.once('free', () => {
      socket.off('timeout', onTimeout);
      this.#services.pool.release(connection);
    });
    const onTimeout = (): void => {
      // While the client is the slow one, its own time limits count.
      const waitsForClient = this.#upstreamResponse?.isPaused() || (!this.#request.complete && socket.writableLength === 0);
      if (waitsForClient) socket.setTimeout(readMs);
      else this.fail('UPSTREAM_TIMEOUT');
    };
    socket.on('timeout', onTimeout);
    socket.setTimeout(upstreamRequest.writableFinished ? readMs : sendMs);
    upstreamRequest.once('finish', () => socket.setTimeout(readMs));
    upstreamRequest.onSocket(socket);
    const hasBody = this.#facts?.isChunked || (this.#facts?.contentLength ?? 0) > 0;
    // The upstream decides on the head alone whether it wants the body (Expect), or answers early.
    if (hasBody) upstreamRequest.flushHeaders();
  }

  /** The upstream's connection failed, or what it sent is no HTTP. */
  #broken(error: Error & { code?: string }, retry: () => void): void {
    if (this.#ended || this.#answered || this.#upstreamResponse !== undefined) return;
    if (error.code?.startsWith('HPE_')) return this.fail('BAD_RESPONSE');
    const connection = this.#upstream;
    const isStale =
      connection !== undefined &&
      mayRetryStale({
        method: this.#request.method ?? '',
        attempts: this.#attempts,
        reused: connection.isReused,
        bytesSent: connection.bytesSent,
        bodyBytesGone: this.#bodyBytes,
        responseBegun: connection.bytesReceived > 0,
      });
    if (!isStale) return this.fail('UPSTREAM_CLOSED');
    this.#services.context.counters.add('retriesStale', 1);
    this.#detachUpstream();
    retry();
  }

  #relay(upstreamResponse: IncomingMessage): void {
    const route = this.#route;
    if (this.#ended || this.#answered || route === undefined) {
      upstreamResponse.destroy();
      return;
    }
    this.#upstreamResponse = upstreamResponse;
    const head = readResponseHead(upstreamResponse, route, this.#knownHosts());
    if (head === undefined) return this.fail('BAD_RESPONSE');
    const { statusCode: status = 502, statusMessage = '' } = upstreamResponse;
    this.#log.upstreamAnswered(status);
    if (this.#upstream !== undefined) this.#upstream.keepAliveMs = head.keepAliveMs;
    const hasBody = this.#request.method !== 'HEAD' && status !== 204 && status !== 304;
    const keep = this.#keepsAlive() && (this.#request.httpVersionMinor === 1 || head.hasLength || !hasBody);
    head.headers.push('Connection', keep ? 'keep-alive' : 'close');
    if (!keep) this.#connection.isClosing = true;
    try {
      this.#response.writeHead(status, statusMessage, head.headers);
    } catch {
      return this.fail('BAD_RESPONSE');
    }
    this.#answered = true;
    upstreamResponse.on('data', (chunk: Buffer) => {
      this.#log.bodyBytes += chunk.length;
    });
    upstreamResponse.on('end', () => {
      this.#log.upstreamEnded();
      try {
        if (hasBody && upstreamResponse.rawTrailers.length > 0) this.#response.addTrailers(pairs(upstreamResponse.rawTrailers));
      } catch {
        // Trailers that are no headers are not worth the body that came before them.
      }
      this.#response.end();
    });
    // A response cut short must not look complete: no last chunk, no keep-alive.
    upstreamResponse.on('close', () => {
      if (!upstreamResponse.complete) this.#cut();
    });
    upstreamResponse.pipe(this.#response, { end: false });
    // A head without body yet (server-sent events) goes out now; one with a body goes out together with it.
    setImmediate(() => {
      if (!this.#response.writableEnded && this.#log.bodyBytes === 0) this.#response.flushHeaders();
    });
  }

  #switchProtocols(upstreamResponse: IncomingMessage, upstream: Duplex, early: Buffer): void {
    const { socket } = this.#connection;
    const head = this.#upgrade && switchingHead(upstreamResponse, this.#upgrade);
    const connection = this.#upstream;
    if (head === undefined || head === '' || connection === undefined || this.#ended) {
      upstream.destroy();
      return this.fail('BAD_RESPONSE');
    }
    this.#answered = true;
    this.#connection.isClosing = true;
    this.#log.upstreamAnswered(101);
    this.#log.switched = true;
    this.#response.detachSocket(socket);
    connection.socket.removeAllListeners('timeout');
    socket.removeAllListeners('timeout');
    socket.write(head, 'latin1');
    if (early.length > 0) socket.write(early);
    if (this.#offer !== undefined && this.#offer.early.length > 0) connection.socket.write(this.#offer.early);
    const idleMs = this.#route?.overrides.readTimeoutMs ?? this.#settings.proxyReadTimeout;
    joinTunnel(socket, connection.socket, idleMs, () => this.#end());
  }

  /** Answers with an error of our own, or, when an answer has begun, shows the client that it is cut short. */
  fail(code: FailureCode): void {
    if (this.#ended) return;
    if (this.#answered || this.#response.headersSent) {
      this.#cut();
      return;
    }
    this.#answered = true;
    const { status, closes, retryAfter } = FAILURES[code];
    const keep = !closes && this.#keepsAlive();
    if (!keep) this.#connection.isClosing = true;
    if (closes || !this.#request.complete) this.#connection.mustLinger = true;
    this.#detachUpstream();
    const body = Buffer.from(errorBody(status, this.#services.context.state.errorPage));
    const isHead = this.#request.method === 'HEAD';
    if (!isHead) this.#log.bodyBytes = body.length;
    const headers = ['Content-Type', 'text/html', 'Content-Length', String(body.length)];
    headers.push('X-Request-ID', this.#log.requestId);
    if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter));
    this.#response.writeHead(status, reasonOf(status), [...headers, 'Connection', keep ? 'keep-alive' : 'close']);
    if (isHead) this.#response.end();
    else this.#response.end(body);
    // What is left of the body is read and thrown away, so that the connection can carry another request.
    this.#request.resume();
  }

  #cut(): void {
    this.#connection.isClosing = true;
    this.#detachUpstream();
    const { socket } = this.#connection;
    // What the client has not been sent yet still goes out; then the missing end shows.
    if (socket.writableLength > 0) socket.destroySoon();
    else socket.destroy();
  }

  #detachUpstream(): void {
    const upstreamRequest = this.#upstreamRequest;
    this.#upstreamRequest = undefined;
    if (upstreamRequest === undefined) return;
    this.#request.unpipe(upstreamRequest);
    upstreamRequest.on('error', () => undefined);
    upstreamRequest.destroy();
  }

  #keepsAlive(): boolean {
    const { keepaliveRequests, keepaliveTimeout } = this.#settings;
    // A client that still waits for 100 Continue may or may not send its body: nobody can tell where the next request begins.
    const bodyIsUncertain = this.#facts?.expect !== undefined && !this.#request.complete;
    return (
      this.#response.shouldKeepAlive &&
      !this.#services.isDraining() &&
      !bodyIsUncertain &&
      keepaliveTimeout > 0 &&
      this.#connection.requests < keepaliveRequests
    );
  }

  /** client-body-timeout while the body comes, send-timeout while the answer goes out. */
  #watchClient(): void {
    const { socket } = this.#connection;
    const { clientBodyTimeout, sendTimeout } = this.#settings;
    socket.setTimeout(this.#request.complete ? sendTimeout : clientBodyTimeout);
    this.#request.once('end', () => socket.setTimeout(sendTimeout));
    this.#response.on('timeout', () => {
      if (socket.writableLength > 0) this.#cut();
      else if (!this.#request.complete && !this.#request.isPaused()) this.fail('CLIENT_TIMEOUT');
      else socket.setTimeout(sendTimeout);
    });
  }

  #knownHosts(): readonly string[] {
    return [this.#facts?.rawHost.toLowerCase() ?? '', this.#facts?.host ?? '', this.#log.upstream];
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const wasAnswered = this.#answered || this.#response.headersSent;
    if (!wasAnswered || !this.#response.writableFinished) this.#detachUpstream();
    const status = this.#log.switched ? 101 : wasAnswered ? this.#response.statusCode : CLIENT_CLOSED_REQUEST;
    this.#log.write(status);
    this.#connection.next();
  }
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) list.push([raw[index] as string, raw[index + 1] as string]);
  return list;
}

