import type { Route } from '../../routing/route.ts';
import type { Settings } from '../../settings/schema.ts';
import { FAILURES, type FailureCode } from '../failure.ts';
import { requestIdOf } from '../request-id.ts';
import { mayRetryStale } from '../retry.ts';
import { isOfferedUpgrade } from '../upgrade.ts';
import type { ClientConnection } from './client-connection.ts';
import { believedHosts, composeRequest } from './compose-request.ts';
import {
  composeError,
  composeInterim,
  composeResponse,
  composeSwitch,
  type RedirectOrigin,
} from './compose-response.ts';
import { ExchangeRecord } from './exchange-record.ts';
import { NO_OPTIONS } from './head.ts';
import { X_REQUEST_ID } from './header-names.ts';
import { persists } from './persistence.ts';
import { RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import { RoutedRequest } from './routed-request.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import type { Wire } from './wire.ts';

const NOTHING = Buffer.alloc(0);

/** A request and its answer, between a client's connection and an upstream's; one per client connection, used again. */
export class Exchange implements RedirectOrigin {
  readonly record: ExchangeRecord;
  /** The final response's head has been written, or an error of our own. */
  isAnswered = false;
  isHeadRequest = false;
  /** A connection is being made for it. */
  isWaiting = false;
  readonly #wire: Wire;
  readonly #client: ClientConnection;
  readonly #body = new RequestBody();
  #settings: Settings;
  #head: RequestHead | undefined;
  readonly #asked = new RoutedRequest();
  #upstream: UpstreamConnection | undefined;
  /** Head of the request as the upstream gets it; kept until the answer, for a second try. */
  #upstreamHead = '';
  /** Nothing of it matters any more. */
  #isOver = true;
  #attempts = 0;
  /** The connection to the client ends with this answer. */
  #isLast = false;

  constructor(wire: Wire, client: ClientConnection) {
    this.#wire = wire;
    this.#client = client;
    this.#settings = wire.context.state.settings;
    this.record = new ExchangeRecord(wire.context, client.peer);
  }

  /** Body bytes can be taken now. */
  get takesBody(): boolean {
    return !this.#body.isComplete && !this.isWaiting;
  }

  /** Nothing of the request is still to come. */
  get isRequestComplete(): boolean {
    return this.#body.isComplete;
  }

  get speaksChunked(): boolean {
    return this.#head?.minorVersion === 1;
  }

  // The request.

  /** A head is complete. @returns the place after the bytes of the body that were used */
  begin(head: RequestHead, bytes: Buffer, bodyStart: number, end: number): number {
    this.#settings = this.#wire.context.state.settings;
    this.#head = head;
    this.#isOver = false;
    this.isAnswered = false;
    this.isHeadRequest = head.method === 'HEAD';
    this.#attempts = 0;
    this.#body.begin(head.isChunked, head.contentLength, head.connectionOptions);
    this.record.begin(requestIdOf(head.value(X_REQUEST_ID)));
    const failure = this.#asked.judge(head, this.#wire.context.state);
    this.record.host = this.#asked.host;
    this.record.route = this.#asked.route;
    this.#body.limit = this.#asked.bodyLimit;
    if (failure === undefined) this.#send(false);
    else this.fail(failure);
    const upstream = this.#upstream;
    if (upstream !== undefined) return this.#sendHead(upstream, bytes, bodyStart, end);
    // It is answered by now, or a connection is being made and the body waits: the upstream is the one to be timed.
    if (this.isWaiting) this.#wire.wheel.clear(this.#client);
    return bodyStart;
  }

  /** Bytes that are no request, or come too slowly to be one. */
  reject(code: FailureCode, line: string): void {
    this.#settings = this.#wire.context.state.settings;
    this.#head = undefined;
    this.isHeadRequest = line.startsWith('HEAD ');
    // Where the next request begins is unknown: whatever comes is thrown away.
    this.#body.begin(true, -1, NO_OPTIONS);
    this.record.beginUnread(line);
    this.#answerError(code, false);
    this.#end(true);
  }

  /** Takes a connection to the upstream, or begins to make one. @param fresh a kept-alive one will not do */
  #send(fresh: boolean): void {
    const { pools, roundRobin } = this.#wire;
    const head = this.#head;
    const { route, target, host, authority, upgrade } = this.#asked;
    const endpoints = route && roundRobin.next(route.backend);
    if (head === undefined || route === undefined || endpoints === undefined) {
      this.fail('NO_ENDPOINT');
      return;
    }
    this.#attempts += 1;
    const [endpoint] = endpoints;
    this.record.upstreamAsked(endpoint);
    if (!fresh) {
      const { peer, plainForwarded } = this.#client;
      const { requestId } = this.record;
      const parts = { head, route, target, host, authority, endpoint, peer, plainForwarded, requestId, upgrade };
      this.#upstreamHead = composeRequest(this.#wire, parts);
      this.#upstream = pools.takeIdle(endpoint);
      if (this.#upstream !== undefined) {
        this.#upstream.begin(this);
        return;
      }
    }
    this.isWaiting = true;
    pools.connect(endpoints, route.overrides.connectTimeoutMs ?? this.#settings.proxyConnectTimeout, this);
  }

  connected(upstream: UpstreamConnection): void {
    upstream.begin(this);
    if (!this.isWaiting) {
      // The client has left meanwhile: the connection is as good as new for somebody else.
      upstream.giveBack();
      return;
    }
    this.isWaiting = false;
    this.#upstream = upstream;
    const stash = this.#client.takeStash();
    const used = this.#sendHead(upstream, stash ?? NOTHING, 0, stash?.length ?? 0);
    if (stash !== undefined && used < stash.length) this.#client.giveBack(stash.subarray(used));
    this.#client.readOn();
  }

  /** Writes the head, and as much of the body as has come, in one piece where it is small. */
  #sendHead(upstream: UpstreamConnection, bytes: Buffer, bodyStart: number, end: number): number {
    if (!this.#body.isComplete && bodyStart < end) return this.readBody(bytes, bodyStart, end, this.#upstreamHead);
    upstream.writeText(this.#upstreamHead);
    this.#bodyMoved(upstream, true);
    return bodyStart;
  }

  /** Passes on body bytes, after the head if that has not gone yet. @returns the place after the body's bytes */
  readBody(bytes: Buffer, start: number, end: number, head = ''): number {
    const body = this.#body;
    const stop = body.take(bytes, start, end);
    if (stop < 0 || body.isOverLimit) {
      this.fail(stop < 0 ? 'BAD_REQUEST' : 'BODY_TOO_LARGE');
      return end;
    }
    const upstream = this.#upstream;
    if (upstream !== undefined) {
      this.#bodyMoved(upstream, body.passOn(upstream, this.#client.inlet, bytes, end, head));
    } else if (body.isComplete) {
      // It was answered without an upstream, and the rest of it is thrown away.
      this.#end(this.#isLast);
    } else {
      this.#wire.wheel.set(this.#client, this.#settings.clientBodyTimeout);
    }
    return stop;
  }

  /** Sets the time limit of whoever has to move next. */
  #bodyMoved(upstream: UpstreamConnection, flows: boolean): void {
    const { wheel } = this.#wire;
    if (this.#body.isComplete) {
      if (!this.isAnswered) wheel.clear(this.#client);
      wheel.set(upstream, this.#readTimeoutMs());
    } else if (flows) {
      wheel.set(this.#client, this.#settings.clientBodyTimeout);
    } else {
      this.#client.hold();
      wheel.clear(this.#client);
      wheel.set(upstream, this.#asked.route?.overrides.sendTimeoutMs ?? this.#settings.proxySendTimeout);
    }
  }

  upstreamDrained(): void {
    const upstream = this.#upstream;
    if (upstream !== undefined && !this.#body.isComplete) {
      this.#wire.wheel.clear(upstream);
      this.#wire.wheel.set(this.#client, this.#settings.clientBodyTimeout);
    }
    this.#client.readOn();
  }

  // The response.

  /** The client takes no more for now: reading from the upstream has to stop. */
  get isBlocked(): boolean {
    return this.#client.isBlocked;
  }

  /** Bytes came from the upstream, and more are expected. */
  upstreamIsAlive(): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    if (this.#client.isBlocked) {
      this.#wire.wheel.clear(upstream);
      this.#wire.wheel.set(this.#client, this.#settings.sendTimeout);
    } else {
      this.#wire.wheel.set(upstream, this.#readTimeoutMs());
    }
  }

  clientDrained(): void {
    if (this.record.isTunnel) this.touchTunnel();
    else if (this.#body.isComplete) this.#wire.wheel.clear(this.#client);
    this.#upstream?.resume();
    if (!this.record.isTunnel) this.upstreamIsAlive();
  }

  /** A 1xx response; the final one is still to come. HTTP/1.0 knows none. */
  interim(head: ResponseHead): void {
    if (this.speaksChunked) this.sendText(composeInterim(head), 0);
    this.upstreamIsAlive();
  }

  /** The final response's head. @param hasLength its end is known without chunks @returns it as the client gets it */
  composeHead(head: ResponseHead, hasLength: boolean): string {
    const isModern = this.speaksChunked;
    const keeps = this.#keepsAlive() && this.#body.isComplete && (hasLength || isModern);
    this.isAnswered = true;
    this.#isLast = !keeps;
    this.record.answered(head.status);
    return composeResponse(head, keeps, isModern && !hasLength, this.#asked.route as Route, this);
  }

  /** What the client, and what the upstream, may call this place. */
  knownHosts(): readonly string[] {
    const { authority, host } = this.#asked;
    return [authority, host, this.record.upstream, ...believedHosts(this.#wire, this.#head, this.#client.peer)];
  }

  sendText(text: string, bodyBytes: number): void {
    this.record.bodyBytes += bodyBytes;
    this.record.responseBytes += text.length;
    this.#client.write(text);
  }

  /** @param sent called when the bytes are not needed any more */
  sendBytes(bytes: Uint8Array, bodyBytes: number, sent: () => void): void {
    this.record.bodyBytes += bodyBytes;
    this.record.responseBytes += bytes.length;
    this.#client.writeBytes(bytes, sent);
  }

  responseComplete(): void {
    this.#upstream = undefined;
    this.record.write(this.#head);
    this.#end(this.#isLast);
  }

  // Tunnels.

  /** @returns whether the bytes that follow are a tunnel's */
  switchProtocols(head: ResponseHead): boolean {
    const upstream = this.#upstream;
    if (upstream === undefined || !isOfferedUpgrade(head.upgrade, this.#asked.upgrade)) {
      this.fail('BAD_RESPONSE');
      return false;
    }
    this.isAnswered = true;
    this.#isLast = true;
    this.#client.write(composeSwitch(head));
    this.record.tunnelBegan();
    this.#wire.wheel.clear(upstream);
    const early = this.#client.takeStash();
    if (early !== undefined) upstream.relay(this.#client.inlet, early, early.length);
    this.touchTunnel();
    this.#client.becomeTunnel();
    return true;
  }

  /** Bytes went through, one way or the other. */
  touchTunnel(): void {
    this.#wire.wheel.set(this.#client, this.#readTimeoutMs());
  }

  tunnelFromClient(bytes: Buffer, size: number): void {
    this.touchTunnel();
    if (this.#upstream?.relay(this.#client.inlet, bytes, size) === false) this.#client.hold();
  }

  /** As in nginx, an end on one side is the end of both, once the other has got what was on its way. */
  endTunnel(): void {
    this.#upstream?.endSoon();
  }

  upstreamEndedTunnel(): void {
    this.#client.endSoon();
  }

  // Failures.

  /** The upstream's connection ended before a response began. */
  upstreamBroken(isReused: boolean, hasBegun: boolean): void {
    this.#upstream = undefined;
    const isStale = mayRetryStale({
      method: this.#head?.method ?? '',
      attempts: this.#attempts,
      reused: isReused,
      bytesSent: this.#upstreamHead.length,
      bodyBytesGone: this.#body.bytes,
      responseBegun: hasBegun,
    });
    if (isStale) {
      this.#wire.context.counters.add('retriesStale', 1);
      this.#send(true);
    } else {
      this.fail('UPSTREAM_CLOSED');
    }
  }

  /** Answers with an error of our own; when an answer has begun, shows the client that it is cut short. */
  fail(code: FailureCode): void {
    this.isWaiting = false;
    if (this.#isOver) return;
    if (this.isAnswered) {
      this.cut();
      return;
    }
    this.#dropUpstream();
    const keeps = !FAILURES[code].closes && this.#keepsAlive();
    this.#isLast = !keeps;
    this.#answerError(code, keeps);
    if (!keeps || this.#body.isComplete) {
      this.#end(!keeps);
    } else {
      this.#wire.wheel.set(this.#client, this.#settings.clientBodyTimeout);
      // A body that had come before its upstream was there.
      const stash = this.#client.takeStash();
      if (stash !== undefined) this.#client.giveBack(stash);
      this.#client.readOn();
    }
  }

  /** The answer has no end. */
  cut(): void {
    this.#dropUpstream();
    this.#client.endSoon();
  }

  /** The client is gone. */
  abandon(): void {
    this.#isOver = true;
    this.isWaiting = false;
    this.#dropUpstream();
    this.record.write(this.#head);
  }

  #end(isLast: boolean): void {
    this.#isOver = true;
    this.#client.exchangeEnded(isLast);
  }

  #dropUpstream(): void {
    this.#upstream?.destroy();
    this.#upstream = undefined;
  }

  #answerError(code: FailureCode, keeps: boolean): void {
    const { errorPage } = this.#wire.context.state;
    const { requestId } = this.record;
    const { status, text, bodyBytes } = composeError(code, errorPage, requestId, keeps, !this.isHeadRequest);
    this.isAnswered = true;
    this.record.failed(status);
    this.sendText(text, bodyBytes);
    this.record.write(this.#head);
  }

  #keepsAlive(): boolean {
    const head = this.#head;
    if (head === undefined || this.#wire.isDraining) return false;
    return persists(head, this.#settings, this.#client.requests, this.#body.isComplete);
  }

  #readTimeoutMs(): number {
    return this.#asked.route?.overrides.readTimeoutMs ?? this.#settings.proxyReadTimeout;
  }
}
