import type { Route, RouteOverrides } from '../../model/route.ts';
import type { Settings } from '../../settings/schema.ts';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import type { Turns } from './deadlines.ts';
import { errorAnswer } from './error-pages.ts';
import { ExchangeRecord } from './exchange-record.ts';
import { EXPECT, X_REQUEST_ID } from './header-ids.ts';
import { believedHosts } from './outgoing-request.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type {
  BodyPiece,
  ClientIdentity,
  Downstream,
  DownstreamHandler,
  FailureDetail,
  FieldEdits,
  RequestView,
  ResponseView,
  Side,
  Upstream,
  UpstreamHandler,
} from './ports.ts';
import { RedirectEdits, rewritesRedirects } from './redirects.ts';
import { requestIdOf } from './request-id.ts';
import { RoutedRequest } from './routed-request.ts';
import { isOfferedUpgrade } from './upgrade.ts';
import { type Attempting, UpstreamAttempts } from './upstream-attempts.ts';

const NO_OVERRIDES: RouteOverrides = {};

/** A request and its answer, between a client's codec and an upstream's; one per client connection, used again. */
export class Exchange implements DownstreamHandler, UpstreamHandler, Attempting, Turns {
  readonly record: ExchangeRecord;
  readonly downstream: Downstream;
  readonly asked = new RoutedRequest();
  /** The final response's head has been written, or an error of our own. */
  isAnswered = false;
  /** The client asked whether it may send its body, and neither got an answer nor went ahead (RFC 9110 section 10.1.1). */
  awaitsContinue = false;
  settings: Settings;
  upstream: Upstream | undefined;
  readonly #context: PipelineContext;
  readonly #attempts: UpstreamAttempts;
  #head: RequestView | undefined;
  /** Bytes of the request's body so far. */
  #bodyBytes = 0;
  /** The exchange has ended: late callbacks must do nothing. */
  #isOver = true;

  constructor(context: PipelineContext, downstream: Downstream) {
    this.#context = context;
    this.downstream = downstream;
    this.settings = context.context.state.settings;
    this.record = new ExchangeRecord(context.context, downstream);
    this.#attempts = new UpstreamAttempts(context, this);
  }

  get takesBody(): boolean {
    return !this.downstream.isRequestComplete && !this.isConnecting;
  }

  get isConnecting(): boolean {
    return this.#attempts.isConnecting;
  }

  get isRequestComplete(): boolean {
    return this.downstream.isRequestComplete;
  }

  get overrides(): RouteOverrides {
    return this.asked.route?.overrides ?? NO_OVERRIDES;
  }

  // What the attempts of a routed request read.

  get head(): RequestView {
    return this.#head as RequestView;
  }

  get route(): Route {
    return this.asked.route as Route;
  }

  get client(): ClientIdentity {
    return this.downstream.client;
  }

  get requestId(): string {
    return this.record.requestId;
  }

  // The request.

  received(head: RequestView): void {
    const { state } = this.#context.context;
    this.settings = state.settings;
    this.#head = head;
    this.#isOver = false;
    this.isAnswered = false;
    this.#bodyBytes = 0;
    this.awaitsContinue = !this.isRequestComplete && head.has(EXPECT);
    this.record.begin(requestIdOf(head.value(X_REQUEST_ID)));
    const failure = this.asked.judge(head, state);
    this.record.host = this.asked.host;
    this.record.path = this.asked.target.path;
    this.record.route = this.asked.route;
    if (failure !== undefined) {
      this.fail(failure);
      return;
    }
    const upstream = this.#attempts.begin();
    if (upstream !== undefined) this.#send(upstream);
    // It is answered by now, or a connection is being made.
    else if (this.isConnecting) this.#moved(this.downstream);
  }

  refuse(reason: FailureReason, line: string, detail: FailureDetail): void {
    this.settings = this.#context.context.state.settings;
    this.#head = undefined;
    this.record.beginUnread(line);
    this.#answerError(reason, detail);
    this.#end();
  }

  connected(upstream: Upstream): void {
    this.#send(upstream);
    // Body bytes that have come meanwhile go out together with the head.
    this.downstream.resume();
  }

  #send(upstream: Upstream): void {
    const bodyFollows = this.downstream.hasBodyBytes;
    this.upstream = upstream;
    if (this.asked.authenticatesConnection) upstream.keepFor(this.client);
    upstream.send(this.#attempts.request(), this, bodyFollows);
    if (bodyFollows) return;
    this.#attempts.isUnsent = upstream.isBroken;
    this.#moved(this.downstream);
  }

  data(piece: BodyPiece): void {
    const { upstream } = this;
    const { bodyLimit } = this.asked;
    this.#bodyBytes += piece.size;
    if (bodyLimit > 0 && this.#bodyBytes > bodyLimit) {
      this.fail('request_body_too_large');
      return;
    }
    this.awaitsContinue = false;
    if (upstream !== undefined) {
      if (!upstream.write(piece) && !piece.isLast) this.downstream.pause();
    } else if (piece.isLast) {
      // It was answered without an upstream, and the rest of it is thrown away.
      this.#end();
      return;
    }
    this.#moved(this.downstream);
  }

  upstreamDrained(): void {
    if (this.record.isTunnel) this.#tunnelMoved();
    else this.upstreamMoved();
    this.downstream.resume();
  }

  #moved(mover: Side): void {
    this.#context.deadlines.moved(this, this.downstream, mover);
  }

  // The response.

  get isBlocked(): boolean {
    return this.downstream.isBlocked;
  }

  upstreamMoved(): void {
    if (this.upstream !== undefined) this.#moved(this.upstream);
  }

  clientDrained(): void {
    if (this.record.isTunnel) this.#tunnelMoved();
    else this.#moved(this.downstream);
    this.upstream?.resume();
  }

  interim(head: ResponseView): void {
    this.awaitsContinue = false;
    this.downstream.interim(head);
    this.upstreamMoved();
  }

  responded(head: ResponseView, bodyLength: number, piece: BodyPiece): void {
    if (head.authenticatesConnection) this.upstream?.keepFor(this.client);
    this.isAnswered = true;
    this.awaitsContinue = false;
    this.record.answered(head.status);
    this.downstream.respond(head, bodyLength, this.#editsOf(head), piece);
    if (!piece.isLast) this.upstreamMoved();
  }

  responseData(piece: BodyPiece): void {
    this.downstream.write(piece);
    if (!piece.isLast) this.upstreamMoved();
  }

  responseComplete(): void {
    this.upstream = undefined;
    this.record.write(this.#head);
    this.#end();
  }

  #editsOf(head: ResponseView): FieldEdits | undefined {
    if (!head.hasRedirects || !rewritesRedirects(this.route)) return undefined;
    const { authority, host } = this.asked;
    // What the client, and what the upstream, may call this place.
    const believed = believedHosts(this.head, this.client.peer, this.#context.trustedProxies);
    return new RedirectEdits(this.route, [authority, host, this.record.upstream, ...believed]);
  }

  // Tunnels.

  switched(head: ResponseView): boolean {
    if (this.upstream === undefined || !isOfferedUpgrade(head.upgrade, this.asked.upgrade)) {
      this.fail('response_unasked_switch');
      return false;
    }
    this.isAnswered = true;
    this.record.tunnelBegan();
    this.#tunnelMoved();
    this.downstream.switchProtocols(head);
    return true;
  }

  tunnelFromClient(piece: BodyPiece): void {
    this.#tunnelMoved();
    if (this.upstream?.write(piece) === false) this.downstream.pause();
  }

  tunnelFromUpstream(piece: BodyPiece): void {
    this.#tunnelMoved();
    this.downstream.write(piece);
  }

  /** As in nginx, an end on one side is the end of both, once the other has got what was on its way. */
  clientEndedTunnel(): void {
    this.upstream?.endSoon();
  }

  upstreamEndedTunnel(): void {
    this.downstream.cut();
  }

  #tunnelMoved(): void {
    this.#context.deadlines.tunnel(this, this.downstream);
  }

  // Failures.

  upstreamBroken(hasBegun: boolean, error: string | undefined): void {
    const isReused = (this.upstream?.served ?? 0) > 1;
    this.upstream = undefined;
    this.#attempts.broken(isReused, this.#bodyBytes, hasBegun, error);
  }

  fail(reason: FailureReason, detail?: FailureDetail): void {
    this.#attempts.isConnecting = false;
    if (this.#isOver) return;
    if (this.isAnswered) {
      this.record.fail(reason, detail);
      this.#dropUpstream();
      this.downstream.cut();
      return;
    }
    this.#dropUpstream();
    if (this.#answerError(reason, detail)) {
      this.awaitsContinue = false;
      this.#moved(this.downstream);
      // Its body may have come before its upstream was there.
      this.downstream.resume();
    } else {
      this.#end();
    }
  }

  crashed(error: unknown): void {
    this.downstream.crashed(error);
  }

  endCrashed(stack: string): boolean {
    if (!this.record.isOpen) return false;
    this.#isOver = false;
    // A head that has not gone out is no answer.
    if (this.downstream.sentBytes === 0 && !this.record.isTunnel) {
      this.isAnswered = false;
      this.record.answered(0);
    }
    this.fail('internal', stack);
    return true;
  }

  abandon(reason: FailureReason | undefined, error: string): void {
    if (reason !== undefined) this.record.fail(reason);
    if (!this.record.isTunnel) {
      if (this.#context.isClosed) this.record.fail('shutdown');
      else this.record.fail(this.isAnswered ? 'client_left_mid_response' : 'client_left', error);
    }
    this.#isOver = true;
    this.#attempts.isConnecting = false;
    this.#dropUpstream();
    this.record.write(this.#head);
  }

  forget(): void {
    this.record.forget();
    this.asked.forget();
  }

  #end(): void {
    this.#isOver = true;
    this.downstream.finish();
  }

  #dropUpstream(): void {
    this.upstream?.destroy();
    this.upstream = undefined;
  }

  /** @returns whether the rest of the request is still read */
  #answerError(reason: FailureReason, detail: FailureDetail | undefined): boolean {
    const answer = errorAnswer(reason, this.#context.context.state.errorPage, this.record.requestId);
    this.isAnswered = true;
    this.record.fail(reason, detail);
    const isReadOn = this.downstream.answer(answer, FAILURES[reason].closes);
    this.record.write(this.#head);
    return isReadOn;
  }
}
