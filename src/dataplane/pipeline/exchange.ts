import type { Route, RouteOverrides } from '../../model/route.ts';
import type { Settings } from '../../settings/schema.ts';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import type { ClientConnection } from '../http1/client-connection.ts';
import { believedHosts } from '../http1/compose-request.ts';
import {
  composeError,
  composeInterim,
  composeResponse,
  composeSwitch,
  type RedirectOrigin,
} from '../http1/compose-response.ts';
import { NO_OPTIONS } from '../http1/head.ts';
import { EXPECT, X_REQUEST_ID } from '../http1/header-names.ts';
import { persists } from '../http1/persistence.ts';
import { RequestBody } from '../http1/request-body.ts';
import type { RequestHead } from '../http1/request-head.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { UpstreamConnection } from '../http1/upstream-connection.ts';
import type { Wire } from '../wire/wire.ts';
import type { Side, Turns } from './deadlines.ts';
import { ExchangeRecord, type FailureDetail } from './exchange-record.ts';
import { requestIdOf } from './request-id.ts';
import { RoutedRequest } from './routed-request.ts';
import { isOfferedUpgrade } from './upgrade.ts';
import { UpstreamAttempts } from './upstream-attempts.ts';

const NO_OVERRIDES: RouteOverrides = {};

/** A request and its answer, between a client's connection and an upstream's; one per client connection, used again. */
export class Exchange implements RedirectOrigin, Turns {
  readonly record: ExchangeRecord;
  /** The final response's head has been written, or an error of our own. */
  isAnswered = false;
  isHeadRequest = false;
  /** The client asked whether it may send its body, and neither got an answer nor went ahead (RFC 9110 section 10.1.1). */
  awaitsContinue = false;
  settings: Settings;
  upstream: UpstreamConnection | undefined;
  readonly #wire: Wire;
  readonly #client: ClientConnection;
  readonly #body = new RequestBody();
  #head: RequestHead | undefined;
  readonly #asked = new RoutedRequest();
  readonly #attempts: UpstreamAttempts;
  /** The upstream's connection is there, and its head has not been written yet. */
  #isHeadDue = false;
  /** Nothing of it matters any more. */
  #isOver = true;
  /** The connection to the client ends with this answer. */
  #isLast = false;

  constructor(wire: Wire, client: ClientConnection) {
    this.#wire = wire;
    this.#client = client;
    this.settings = wire.context.state.settings;
    this.record = new ExchangeRecord(wire.context, client.peer);
    this.#attempts = new UpstreamAttempts(wire, client, this, this.#asked);
  }

  /** Body bytes can be taken now. */
  get takesBody(): boolean {
    return !this.#body.isComplete && !this.isConnecting;
  }

  get isConnecting(): boolean {
    return this.#attempts.isConnecting;
  }

  /** Nothing of the request is still to come. */
  get isRequestComplete(): boolean {
    return this.#body.isComplete;
  }

  get overrides(): RouteOverrides {
    return this.#asked.route?.overrides ?? NO_OVERRIDES;
  }

  get speaksChunked(): boolean {
    return this.#head?.minorVersion === 1;
  }

  // The request.

  /** A head is complete. @returns the place after the bytes of the body that were used */
  begin(head: RequestHead, bytes: Buffer, bodyStart: number, end: number): number {
    this.settings = this.#wire.context.state.settings;
    this.#head = head;
    this.#isOver = false;
    this.isAnswered = false;
    this.isHeadRequest = head.method === 'HEAD';
    this.#body.begin(head.isChunked, head.contentLength, head.connectionOptions);
    this.awaitsContinue = !this.#body.isComplete && head.has(EXPECT);
    this.record.begin(requestIdOf(head.value(X_REQUEST_ID)));
    const failure = this.#asked.judge(head, this.#wire.context.state);
    this.record.host = this.#asked.host;
    this.record.path = this.#asked.target.path;
    this.record.route = this.#asked.route;
    this.#body.limit = this.#asked.bodyLimit;
    if (failure === undefined) this.upstream = this.#attempts.begin(head, this.settings);
    else this.fail(failure);
    const upstream = this.upstream;
    if (upstream !== undefined) {
      this.#begins(upstream);
      const used = this.#body.isComplete ? bodyStart : this.readBody(bytes, bodyStart, end);
      if (this.#isHeadDue && this.upstream === upstream) this.#sendHead(upstream);
      return used;
    }
    // It is answered by now, or a connection is being made.
    if (this.isConnecting) this.#moved(this.#client);
    return bodyStart;
  }

  /** Bytes that are no request, or come too slowly to be one. */
  reject(reason: FailureReason, line: string, detail: FailureDetail): void {
    this.settings = this.#wire.context.state.settings;
    this.#head = undefined;
    this.isHeadRequest = line.startsWith('HEAD ');
    // Where the next request begins is unknown: whatever comes is thrown away.
    this.#body.begin(true, -1, NO_OPTIONS);
    this.record.beginUnread(line);
    this.#answerError(reason, detail, false);
    this.#end(true);
  }

  connected(upstream: UpstreamConnection): void {
    this.#begins(upstream);
    // Body bytes that have come meanwhile go out together with the head.
    this.#client.readOn();
    if (this.#isHeadDue && this.upstream === upstream) this.#sendHead(upstream);
  }

  #begins(upstream: UpstreamConnection): void {
    this.upstream = upstream;
    this.#isHeadDue = true;
    if (this.#asked.authenticatesConnection) this.keepForClient(upstream);
  }

  /** Writes the head alone. */
  #sendHead(upstream: UpstreamConnection): void {
    this.#isHeadDue = false;
    upstream.writeText(this.#attempts.takeHead());
    this.#attempts.isUnsent = upstream.isBroken;
    this.#moved(this.#client);
  }

  /** Passes on body bytes, after the head if that has not gone yet. @returns the place after the body's bytes */
  readBody(bytes: Buffer, start: number, end: number): number {
    if (start === end) return end;
    const body = this.#body;
    const stop = body.take(bytes, start, end);
    if (stop < 0 || body.isOverLimit) {
      this.fail(stop < 0 ? 'request_chunk_malformed' : 'request_body_too_large');
      return end;
    }
    this.awaitsContinue = false;
    const { upstream } = this;
    if (upstream !== undefined) {
      const head = this.#isHeadDue ? this.#attempts.takeHead() : '';
      this.#isHeadDue = false;
      const flows = body.passOn(upstream, this.#client.inlet, bytes, end, head);
      if (!flows && !body.isComplete) this.#client.hold();
    } else if (body.isComplete) {
      // It was answered without an upstream, and the rest of it is thrown away.
      this.#end(this.#isLast);
      return stop;
    }
    this.#moved(this.#client);
    return stop;
  }

  upstreamDrained(): void {
    if (this.record.isTunnel) this.touchTunnel();
    else this.upstreamMoved();
    this.#client.readOn();
  }

  #moved(mover: Side): void {
    this.#wire.deadlines.moved(this, this.#client, mover);
  }

  // The response.

  /** The client takes no more for now: reading from the upstream has to stop. */
  get isBlocked(): boolean {
    return this.#client.isBlocked;
  }

  /** Bytes came from the upstream, and more are expected. */
  upstreamMoved(): void {
    if (this.upstream !== undefined) this.#moved(this.upstream);
  }

  clientDrained(): void {
    if (this.record.isTunnel) this.touchTunnel();
    else this.#moved(this.#client);
    this.upstream?.resume();
  }

  /** A 1xx response; the final one is still to come. HTTP/1.0 knows none. */
  interim(head: ResponseHead): void {
    this.awaitsContinue = false;
    if (this.speaksChunked) this.sendText(composeInterim(head), 0);
    this.upstreamMoved();
  }

  /** The final response's head. @param hasLength its end is known without chunks @returns it as the client gets it */
  composeHead(head: ResponseHead, hasLength: boolean): string {
    const isModern = this.speaksChunked;
    const keeps = this.#keepsAlive() && this.#body.isComplete && (hasLength || isModern);
    const text = composeResponse(head, keeps, isModern && !hasLength, this.#asked.route as Route, this);
    this.isAnswered = true;
    this.awaitsContinue = false;
    this.#isLast = !keeps;
    this.record.answered(head.status);
    return text;
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

  /** A login that is under way on the connection counts for all that is sent on it: it serves this client alone. */
  keepForClient(upstream: UpstreamConnection): void {
    this.#client.ownUpstreams ??= [];
    upstream.home = this.#client.ownUpstreams;
  }

  responseComplete(): void {
    this.upstream = undefined;
    this.record.write(this.#head);
    this.#end(this.#isLast);
  }

  // Tunnels.

  /** @returns whether the bytes that follow are a tunnel's */
  switchProtocols(head: ResponseHead): boolean {
    const upstream = this.upstream;
    if (upstream === undefined || !isOfferedUpgrade(head.upgrade, this.#asked.upgrade)) {
      this.fail('response_unasked_switch');
      return false;
    }
    this.isAnswered = true;
    this.#isLast = true;
    this.#client.write(composeSwitch(head));
    this.record.tunnelBegan();
    const early = this.#client.takeStash();
    if (early !== undefined) upstream.relay(this.#client.inlet, early, early.length);
    this.touchTunnel();
    this.#client.becomeTunnel();
    return true;
  }

  /** Bytes went through, one way or the other. */
  touchTunnel(): void {
    this.#wire.deadlines.tunnel(this, this.#client);
  }

  tunnelFromClient(bytes: Buffer, size: number): void {
    this.touchTunnel();
    if (this.upstream?.relay(this.#client.inlet, bytes, size) === false) this.#client.hold();
  }

  /** As in nginx, an end on one side is the end of both, once the other has got what was on its way. */
  endTunnel(): void {
    this.upstream?.endSoon();
  }

  upstreamEndedTunnel(): void {
    this.#client.endSoon();
  }

  // Failures.

  /** The upstream's connection ended before a response began. @param error undefined when it was closed */
  upstreamBroken(isReused: boolean, hasBegun: boolean, error: string | undefined): void {
    this.upstream = undefined;
    this.#attempts.broken(isReused, this.#body.bytes, hasBegun, error);
  }

  /** Answers with an error of our own; when an answer has begun, shows the client that it is cut short. */
  fail(reason: FailureReason, detail?: FailureDetail): void {
    this.#attempts.isConnecting = false;
    if (this.#isOver) return;
    if (this.isAnswered) {
      this.record.fail(reason, detail);
      this.cut();
      return;
    }
    this.#dropUpstream();
    const keeps = !FAILURES[reason].closes && this.#keepsAlive();
    this.#isLast = !keeps;
    this.#answerError(reason, detail, keeps);
    if (!keeps || this.#body.isComplete) {
      this.#end(!keeps);
    } else {
      this.awaitsContinue = false;
      this.#moved(this.#client);
      // Its body may have come before its upstream was there.
      this.#client.readOn();
    }
  }

  crashed(error: unknown): void {
    this.#client.crashed(error);
  }

  /** A bug ended it. @returns whether it was under way: its client has been answered, or sees that the answer is cut */
  endCrashed(stack: string): boolean {
    if (!this.record.isOpen) return false;
    this.#isOver = false;
    // A head that has not gone out is no answer.
    if (this.record.responseBytes === 0 && !this.record.isTunnel) {
      this.isAnswered = false;
      this.record.answered(0);
    }
    this.fail('internal', stack);
    return true;
  }

  /** The answer has no end. */
  cut(): void {
    this.#dropUpstream();
    this.#client.endSoon();
  }

  /** The connection to the client has ended, with the request under way. @param error why, as far as that is known */
  abandon(error: FailureDetail): void {
    if (!this.record.isTunnel) {
      if (this.#wire.isClosed) this.record.fail('shutdown');
      else this.record.fail(this.isAnswered ? 'client_left_mid_response' : 'client_left', error);
    }
    this.#isOver = true;
    this.#attempts.isConnecting = false;
    this.#dropUpstream();
    this.record.write(this.#head);
  }

  /** It is over: parts of the head's text would keep all of it while the connection is idle. */
  forget(): void {
    this.record.forget();
    this.#asked.forget();
  }

  #end(isLast: boolean): void {
    this.#isOver = true;
    this.#client.exchangeEnded(isLast);
  }

  #dropUpstream(): void {
    this.upstream?.destroy();
    this.upstream = undefined;
  }

  #answerError(reason: FailureReason, detail: FailureDetail | undefined, keeps: boolean): void {
    const { errorPage } = this.#wire.context.state;
    const { requestId } = this.record;
    const { text, bodyBytes } = composeError(reason, errorPage, requestId, keeps, !this.isHeadRequest);
    this.isAnswered = true;
    this.record.fail(reason, detail);
    this.sendText(text, bodyBytes);
    this.record.write(this.#head);
  }

  #keepsAlive(): boolean {
    const head = this.#head;
    if (head === undefined || this.#wire.isDraining) return false;
    return persists(head, this.settings, this.#client.requests, this.#body.isComplete);
  }
}
