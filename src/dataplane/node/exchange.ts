import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { codeOf, stackOf } from '../../errors.ts';
import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import { authenticatesConnection } from '../../formats/http/authentication.ts';
import { isRefusedMethod } from '../../formats/http/methods.ts';
import type { Endpoint } from '../../model/cluster.ts';
import { upstreamPath } from '../../model/route.ts';
import { emptyTarget, parseTarget, targetFault } from '../../routing/target.ts';
import type { Settings } from '../../settings/schema.ts';
import { formatHostPort } from '../../text/host-port.ts';
import type { CompiledRoute } from '../compiled-route.ts';
import { ExchangeRecord } from '../pipeline/exchange-record.ts';
import { forwardedHosts } from '../pipeline/forwarded.ts';
import { requestIdOf } from '../pipeline/request-id.ts';
import { mayRetryBroken } from '../pipeline/retry.ts';
import { allowedUpgrade } from '../pipeline/upgrade.ts';
import { guarded } from '../runtime/guard.ts';
import type { ClientConnection } from './client-connection.ts';
import { ClientTraffic } from './client-traffic.ts';
import { sendError } from './error-answer.ts';
import type { ExchangeServices, UpgradeOffer } from './exchange-services.ts';
import { hasBody, loggedHead, type RequestFacts, readFacts } from './request-facts.ts';
import { informationHeaders, readResponseHead, switchingHead } from './response-head.ts';
import { type RelayOwner, relayBody } from './response-relay.ts';
import { joinTunnel } from './tunnel.ts';
import { type AttemptListener, UpstreamAttempt } from './upstream-attempt.ts';
import { forwardedBy, type UpstreamHeaders, upstreamHeaders } from './upstream-headers.ts';

const target = emptyTarget();

/** One request, from its head to the end of its answer. */
export class Exchange implements AttemptListener, RelayOwner {
  readonly #services: ExchangeServices;
  readonly #connection: ClientConnection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #offer: UpgradeOffer | undefined;
  readonly #settings: Settings;
  readonly #record: ExchangeRecord;
  readonly #traffic: ClientTraffic;
  readonly #writtenBefore: number;
  #route: CompiledRoute | undefined;
  #facts: RequestFacts | undefined;
  #upgrade: string | undefined;
  #host = '';
  /** Of the absolute target or the Host header, as it came. */
  #authority = '';
  #upstreamTarget = '';
  #attempts = 0;
  #attempt: UpstreamAttempt | undefined;
  #upstreamResponse: IncomingMessage | undefined;
  #bodyBytes = 0;
  #answered = false;
  #isTunnel = false;
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
    this.#traffic = new ClientTraffic(connection.remoteAddress);
    this.#record = new ExchangeRecord(services.context, this.#traffic);
    this.#record.begin(requestIdOf(''));
    this.#writtenBefore = connection.socket.bytesWritten;
    if (request.httpVersionMinor === 0) response.useChunkedEncodingByDefault = false;
  }

  start(): void {
    const ended = guarded(this, () => this.#end());
    this.#response.once('close', ended);
    this.#request.on('error', () => this.clientGone());
    guarded(this, () => {
      this.#connection.requests += 1;
      this.#watchClient();
      const failure = this.#judge();
      if (failure === undefined) this.#send(false);
      else this.fail(failure);
    })();
  }

  /** A bug ends this request, and its connection. */
  crashed(error: unknown): void {
    try {
      if (this.#ended) this.#services.context.failures.reportBug(error);
      else this.fail('internal', stackOf(error));
    } catch (second) {
      this.#services.context.failures.reportBug(second);
      this.#connection.socket.destroy();
    }
  }

  get isReadingBody(): boolean {
    return !this.#request.complete;
  }

  /** The client sent FIN. A tunnel may be half closed; a request may not. */
  clientEnded(): void {
    if (!this.#isTunnel && !this.#response.writableEnded) this.clientGone();
  }

  /** The client has closed the connection: nginx's 499. */
  clientGone(): void {
    if (this.#ended) return;
    this.#attempt?.abandon();
    this.#connection.socket.destroy();
    this.#end();
  }

  /** Reads the request and finds its route. @returns why it must be refused */
  #judge(): FailureReason | undefined {
    const { table } = this.#services.context.state;
    const facts = readFacts(this.#request);
    if (typeof facts === 'string') return facts;
    this.#facts = facts;
    this.#record.host = facts.host;
    this.#record.requestId = requestIdOf(facts.requestId);
    if (isRefusedMethod(this.#request.method ?? '')) return 'request_method_refused';
    const { url = '' } = this.#request;
    if (!parseTarget(url, this.#settings.mergeSlashes, target)) return `request_${targetFault(url)}`;
    this.#record.path = target.path;
    if (table === undefined) return 'table_not_loaded';
    this.#host = target.host || facts.host;
    this.#authority = target.authority || facts.rawHost;
    const route = table.match(this.#host, target.path);
    if (route === undefined) return 'no_route';
    this.#route = route;
    this.#record.route = route;
    this.#upstreamTarget = upstreamPath(route.strippedPrefix, target.path) + target.query;
    this.#upgrade = this.#offer && allowedUpgrade(facts.upgrade, this.#settings.upgradeProtocols);
    return this.#limitBody(facts, route.limits(this.#settings).maxBodySize);
  }

  #limitBody(facts: RequestFacts, limit: number): FailureReason | undefined {
    if (limit > 0 && (facts.contentLength ?? 0) > limit) return 'request_body_too_large';
    if (!hasBody(facts)) return undefined;
    const take = guarded(this, (chunk: Buffer) => {
      this.#bodyBytes += chunk.length;
      if (limit > 0 && this.#bodyBytes > limit) this.fail('request_body_too_large');
    });
    this.#request.on('data', take);
    return undefined;
  }

  /** @param fresh no kept-alive connection will do */
  #send(fresh: boolean): void {
    const route = this.#route;
    const facts = this.#facts;
    const first = route?.cluster.next();
    const second = first && route?.cluster.after(first);
    if (route === undefined || facts === undefined || first === undefined || second === undefined) {
      this.fail('no_endpoint');
      return;
    }
    const { connectTimeoutMs, readTimeoutMs, sendTimeoutMs } = route.limits(this.#settings);
    this.#attempts += 1;
    this.#attempt = new UpstreamAttempt(
      this.#services,
      {
        request: this.#request,
        response: this.#response,
        facts,
        target: this.#upstreamTarget,
        headers: this.#upstreamHeaders(route, facts, first),
        endpoints: [first, second],
        fresh,
        connectMs: connectTimeoutMs,
        readMs: readTimeoutMs,
        sendMs: sendTimeoutMs,
      },
      this,
    );
    this.#attempt.start();
  }

  #upstreamHeaders(route: CompiledRoute, facts: RequestFacts, { address, port }: Endpoint): UpstreamHeaders {
    const { remoteAddress } = this.#connection;
    const named = this.#settings.upstreamHost === 'as-received' ? this.#authority : this.#host;
    return upstreamHeaders(this.#request, facts, {
      // HTTP/1.1 wants a Host; a client of HTTP/1.0 may have sent none.
      host: named || formatHostPort(address, port),
      forwarded: forwardedBy(facts, this.#authority, remoteAddress, this.#services.trustedProxies()),
      prefix: route.strippedPrefix,
      requestId: this.#record.requestId,
      underscores: this.#settings.underscoresInHeaders,
      upgrade: this.#upgrade,
    });
  }

  /** A 1xx response: the final one is still to come. */
  informed(status: number, rawHeaders: readonly string[]): void {
    if (this.#request.httpVersionMinor === 0 || this.#response.headersSent || this.#answered) return;
    if (status === 100) this.#response.writeContinue();
    else if (status === 101) this.fail('response_unasked_switch');
    else this.#response.writeInformation(status, informationHeaders(rawHeaders));
  }

  /** The upstream's connection failed, or what it sent is no HTTP. */
  broken(error: Error): void {
    const code = codeOf(error);
    const isMalformed = code?.startsWith('HPE_') === true;
    // What has begun is cut when the response's own end shows.
    if (this.#upstreamResponse !== undefined && isMalformed) this.#record.fail('response_chunk_malformed', code);
    if (this.#ended || this.#answered || this.#upstreamResponse !== undefined) return;
    if (isMalformed) {
      this.fail(code === 'HPE_HEADER_OVERFLOW' ? 'response_header_too_large' : 'response_malformed', code);
    } else if (this.#isStale()) {
      this.#services.context.counters.add('retriesStale', 1);
      this.#attempt?.abandon();
      this.#send(true);
    } else {
      // Node gives its own error for a FIN the code of a reset.
      const isReset = code === 'ECONNRESET' && error.message !== 'socket hang up';
      this.fail(isReset ? 'upstream_reset' : 'upstream_closed', isReset ? code : '');
    }
  }

  #isStale(): boolean {
    const connection = this.#attempt?.connection;
    if (connection === undefined) return false;
    return mayRetryBroken({
      method: this.#request.method ?? '',
      mayBeClosing: connection.isReused && this.#attempts === 1,
      bytesSent: connection.bytesSent,
      bodyBytesGone: this.#bodyBytes,
      responseBegun: connection.bytesReceived > 0,
    });
  }

  responded(upstreamResponse: IncomingMessage): void {
    const route = this.#route;
    if (this.#ended || this.#answered || route === undefined) {
      upstreamResponse.destroy();
      return;
    }
    this.#upstreamResponse = upstreamResponse;
    const head = readResponseHead(upstreamResponse, route, this.#knownHosts());
    if (typeof head === 'string') {
      this.fail(head);
      return;
    }
    const { statusCode: status = 502, statusMessage = '' } = upstreamResponse;
    this.#record.answered(status);
    const connection = this.#attempt?.connection;
    if (connection !== undefined) {
      const { authorization = '' } = this.#facts ?? {};
      connection.keepAliveMs = head.keepAliveMs;
      connection.isPrivate = head.authenticatesConnection || authenticatesConnection(authorization);
    }
    const isBodiless = this.#request.method === 'HEAD' || status === 204 || status === 304;
    const keep = this.#keepsAlive() && (this.#request.httpVersionMinor === 1 || head.hasLength || isBodiless);
    const persistence = keep ? 'keep-alive' : 'close';
    head.headers.push('Connection', head.offersUpgrade ? `${persistence}, Upgrade` : persistence);
    if (!keep) this.#connection.isClosing = true;
    try {
      this.#response.writeHead(status, statusMessage, head.headers);
    } catch (error) {
      this.fail('response_malformed', codeOf(error));
      return;
    }
    this.#answered = true;
    relayBody(upstreamResponse, this.#response, this.#traffic, this);
  }

  responseCut(): void {
    this.#cut('response_cut_by_close');
  }

  switched(upstreamResponse: IncomingMessage, upstream: Duplex, early: Buffer): void {
    const { socket } = this.#connection;
    const head = this.#upgrade && switchingHead(upstreamResponse, this.#upgrade);
    const connection = this.#attempt?.connection;
    if (head === undefined || head === '' || connection === undefined || this.#ended) {
      upstream.destroy();
      this.fail('response_unasked_switch');
      return;
    }
    this.#answered = true;
    this.#connection.isClosing = true;
    this.#record.tunnelBegan();
    this.#isTunnel = true;
    this.#response.detachSocket(socket);
    socket.removeAllListeners('timeout');
    socket.write(head, 'latin1');
    if (early.length > 0) socket.write(early);
    if (this.#offer !== undefined && this.#offer.early.length > 0) connection.socket.write(this.#offer.early);
    const idleMs = this.#route?.limits(this.#settings).readTimeoutMs ?? this.#settings.proxyReadTimeout;
    const onIdle = (): void => this.#record.fail('tunnel_idle_timeout');
    joinTunnel(socket, connection.socket, idleMs, onIdle, () => this.#end());
  }

  /** Answers with an error of our own, or, when an answer has begun, shows the client that it is cut short. */
  fail(reason: FailureReason, detail?: string): void {
    if (this.#ended) return;
    if (this.#answered || this.#response.headersSent) {
      this.#cut(reason, detail);
      return;
    }
    this.#answered = true;
    this.#record.fail(reason, detail);
    const { closes } = FAILURES[reason];
    const keep = !closes && this.#keepsAlive();
    if (!keep) this.#connection.isClosing = true;
    if (closes || !this.#request.complete) this.#connection.mustLinger = true;
    this.#attempt?.abandon();
    const { errorPage } = this.#services.context.state;
    this.#traffic.sentBodyBytes = sendError(this.#response, reason, errorPage, {
      requestId: this.#record.requestId,
      keep,
    });
    // What is left of the body is read and thrown away, so that the connection can carry another request.
    this.#request.resume();
  }

  #cut(reason: FailureReason, detail?: string): void {
    this.#record.fail(reason, detail);
    this.#connection.isClosing = true;
    this.#attempt?.abandon();
    const { socket } = this.#connection;
    // What the client has not been sent yet still goes out; then the missing end shows.
    if (socket.writableLength > 0) socket.destroySoon();
    else socket.destroy();
  }

  #keepsAlive(): boolean {
    const { keepaliveRequests, keepaliveTimeout } = this.#settings;
    // A client that still waits for 100 Continue may or may not send its body, so the start of its next request is unknown.
    const bodyIsUncertain = this.#facts?.expect !== undefined && !this.#request.complete;
    return (
      this.#response.shouldKeepAlive &&
      !this.#services.isDraining() &&
      !bodyIsUncertain &&
      !this.#connection.isAtLast &&
      keepaliveTimeout > 0 &&
      this.#connection.requests < keepaliveRequests
    );
  }

  /** client-body-timeout while the body comes, send-timeout while the answer goes out. */
  #watchClient(): void {
    const { socket } = this.#connection;
    const { clientBodyTimeout, sendTimeout } = this.#settings;
    socket.setTimeout(this.#request.complete ? sendTimeout : clientBodyTimeout);
    this.#request.once('end', () => {
      // A request that was answered without a look at it may end after its answer: the limit of an idle connection holds.
      if (!this.#ended) socket.setTimeout(sendTimeout);
    });
    const timedOut = guarded(this, () => {
      if (socket.writableLength > 0) {
        this.#record.fail('client_send_timeout');
        socket.destroy();
      } else if (!this.#request.complete && !this.#request.isPaused()) this.fail('client_body_timeout');
      else socket.setTimeout(sendTimeout);
    });
    this.#response.on('timeout', timedOut);
  }

  asked(endpoint: Endpoint, failed: FailureReason = 'upstream_closed'): void {
    this.#record.attemptFailed(failed);
    this.#record.upstreamAsked(endpoint);
  }

  #knownHosts(): readonly string[] {
    const isBelieved = this.#services.trustedProxies().has(this.#connection.remoteAddress);
    const forwarded = isBelieved ? forwardedHosts(this.#facts?.forwardedHost) : [];
    return [this.#authority, this.#host, this.#record.upstream, ...forwarded];
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const wasAnswered = this.#answered || this.#response.headersSent;
    if (!wasAnswered || !this.#response.writableFinished) this.#attempt?.abandon();
    if (!this.#isTunnel && !(wasAnswered && this.#response.writableFinished)) {
      const left = wasAnswered ? 'client_left_mid_response' : 'client_left';
      this.#record.fail(this.#services.isClosed() ? 'shutdown' : left);
    }
    this.#writeRecord();
    // The rest of a body that is thrown away is no head of a next request.
    if (this.#request.complete || this.#connection.isClosing) this.#connection.next();
    else this.#request.once('end', () => this.#connection.next());
  }
  #writeRecord(): void {
    const traffic = this.#traffic;
    traffic.receivedBytes = this.#connection.takeBytesRead();
    traffic.sentBytes = this.#connection.socket.bytesWritten - this.#writtenBefore;
    if (this.#isTunnel) traffic.sentBodyBytes = traffic.sentBytes;
    this.#record.write(loggedHead(this.#request, this.#facts));
  }
}
