import type { FailureReason } from '../../failures/failures.ts';
import type { GatewayRoute } from '../../model/route.ts';
import { ReplayBody } from '../bodies/replay-body.ts';
import { certificateErrorPage, refusalDetail } from './client-certificates.ts';
import { outcomeOf } from './endpoint-picks.ts';
import { AS_REASON, ExchangeEnding, type OwnAnswer } from './exchange-ending.ts';
import {
  ANSWERED,
  CONNECTING,
  DISCARDING,
  ExchangeState,
  FORWARDING,
  OVER,
  ROUTING,
  TUNNEL,
} from './exchange-state.ts';
import { Refusal, SUSPENDED, type Verdict } from './filters/filter.ts';
import { type FilterOwner, FilterRun } from './filters/filter-run.ts';
import type { RouteFilters } from './filters/filters.ts';
import { isGrpc } from './grpc.ts';
import type { HttpsRedirect } from './https-redirect.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type {
  Answer,
  BodyPiece,
  Downstream,
  DownstreamHandler,
  FailureDetail,
  RequestView,
  Upstream,
} from './ports.ts';
import { type ExchangeEnds, ResponseRelay } from './response-relay.ts';
import { RuleLimits, type RuleLimitsOwner } from './rule-limits.ts';
import { type AttemptOwner, UpstreamAttempts } from './upstream-attempts.ts';

/**
 * One request and its answer. A request goes through phases, each a method: received, route, pick an endpoint, connect, send;
 * its response through those of the {@link ResponseRelay}; every exchange ends with its line in the log. A phase that has to
 * wait returns, and what it waits for resumes the next one: see {@link ExchangeState.generation}.
 */
export class Exchange implements DownstreamHandler, AttemptOwner, FilterOwner, ExchangeEnds, RuleLimitsOwner {
  readonly state: ExchangeState;
  readonly #context: PipelineContext;
  readonly #giveBack: (exchange: Exchange) => void;
  readonly #attempts: UpstreamAttempts;
  readonly #response: ResponseRelay;
  readonly #ending: ExchangeEnding;
  /** Made for the first request to a route with policies. */
  #filterRun: FilterRun | undefined;
  /** Made for the first request whose rule has time limits. */
  #ruleLimits: RuleLimits | undefined;
  /** Where the request has to be sent once its early filters have let it pass. */
  #httpsRedirect: HttpsRedirect | undefined;

  /** @param giveBack called when the exchange may serve another downstream */
  constructor(context: PipelineContext, downstream: Downstream, giveBack: (exchange: Exchange) => void) {
    this.#context = context;
    this.#giveBack = giveBack;
    this.state = new ExchangeState(context.engine, downstream);
    this.#attempts = new UpstreamAttempts(context, this.state, this);
    this.#response = new ResponseRelay(context, this.state, this.#attempts, this);
    this.#ending = new ExchangeEnding(context, this.state, this);
  }

  // The phases of a request.

  received(head: RequestView): void {
    this.state.begin(head);
    const outcome = route(this.#context, this.state, head);
    const { filters, gateway } = this.state.routing.route ?? NO_ROUTE;
    if (gateway !== undefined) this.#limit(gateway);
    const run = filters === undefined ? undefined : this.#beginFilters(filters);
    if (typeof outcome === 'string') {
      const { routing, record, downstream } = this.state;
      const host = this.#context.engine.state.tlsHosts.host(routing.host);
      const page = certificateErrorPage(outcome, host, record.requestId);
      if (page !== undefined) this.#ending.answer(page);
      else this.fail(outcome, () => refusalDetail(outcome, downstream.client.tls));
    } else if (run !== undefined) {
      this.#httpsRedirect = outcome;
      this.#filter(run);
    } else if (outcome === undefined) {
      const { changes, cluster } = this.state.route;
      if (changes !== undefined && cluster.endpoints.length > 0) changes.count(this.#context.engine.counters);
      this.#connect();
    } else {
      this.#ending.answer(outcome.answer(this.state.record.requestId));
    }
  }

  #limit(rule: GatewayRoute): void {
    if (rule.requestTimeoutMs === undefined && rule.backendTimeoutMs === undefined) return;
    this.#ruleLimits ??= new RuleLimits(this.#context.deadlines, this);
    this.#ruleLimits.begin(rule);
    this.state.ruleLimits = this.#ruleLimits;
  }

  #beginFilters(filters: RouteFilters): FilterRun {
    this.#filterRun ??= new FilterRun(this.#context, this.state, this);
    this.#filterRun.begin(filters);
    this.state.filters = this.#filterRun;
    return this.#filterRun;
  }

  /** The policies of the route, from the first that has had no turn. */
  #filter(run: FilterRun): void {
    const early = run.isPastEarly ? undefined : run.run(true);
    if (early !== undefined) this.#obey(early);
    else if (this.#httpsRedirect !== undefined)
      this.#ending.answer(this.#httpsRedirect.answer(this.state.record.requestId));
    else if (run.isUnderWay && !run.isServed) this.fail(this.state.route.cluster.absence);
    else this.#obey(run.run(false));
  }

  #obey(verdict: Verdict): void {
    if (verdict === undefined) this.#connect();
    else if (verdict === SUSPENDED) this.#clientMoved();
    else if (verdict instanceof Refusal) this.fail(verdict.reason, verdict.detail, verdict);
    else this.#ending.answer(verdict.answer);
  }

  filterResumed(verdict: Verdict): void {
    const run = this.#filterRun as FilterRun;
    if (verdict !== SUSPENDED && run.isLetPass(verdict)) this.#filter(run);
    else this.#obey(verdict);
    // Body bytes that have come meanwhile go out behind the head.
    if (this.state.phase === FORWARDING) this.state.downstream.resume();
  }

  /** Picks an endpoint, and an idle connection to it. Without one, the request waits until a connection has been made. */
  #connect(): void {
    const { state } = this;
    if (state.filters?.retry !== undefined && !state.isRequestComplete) state.replay = new ReplayBody(this.#context);
    const upstream = this.#attempts.begin();
    if (upstream !== undefined) this.#send(upstream);
    else if (state.phase === CONNECTING) this.#clientMoved();
  }

  connected(upstream: Upstream): void {
    this.#send(upstream);
    // Body bytes that have come meanwhile go out together with the head.
    this.state.downstream.resume();
  }

  #send(upstream: Upstream): void {
    const { state } = this;
    const kept = state.keptBody;
    const bodyFollows = state.downstream.hasBodyBytes;
    state.enter(FORWARDING);
    state.upstream = upstream;
    if (state.routing.authenticatesConnection) upstream.keepFor(state.downstream.client);
    upstream.send(this.#attempts.request(), this.#response, bodyFollows || kept !== undefined);
    if (kept !== undefined) {
      state.keptBody = undefined;
      upstream.write(kept);
      kept.release();
    }
    if (!bodyFollows) this.#clientMoved();
  }

  get takesBody(): boolean {
    const { state } = this;
    return !state.isRequestComplete && !state.isSuspended && !state.isEnding;
  }

  data(piece: BodyPiece): void {
    const { state } = this;
    const { upstream, downstream, routing } = state;
    state.bodyBytes += piece.size;
    if (routing.bodyLimit > 0 && state.bodyBytes > routing.bodyLimit) {
      this.fail('request_body_too_large');
      return;
    }
    state.awaitsContinue = false;
    state.replay?.add(piece);
    if (upstream !== undefined) {
      state.bodyReader?.read(piece);
      if (!upstream.write(piece) && !piece.isLast) downstream.pause();
    } else if (piece.isLast) {
      // The request was answered without an upstream, and the rest of its body was thrown away.
      this.#ending.finish();
      return;
    }
    this.#clientMoved();
  }

  clientDrained(): void {
    const { state } = this;
    if (state.phase === TUNNEL) this.#context.deadlines.tunnel(state);
    else this.#clientMoved();
    if (state.transformed === undefined) state.upstream?.resume();
    else state.transformed.resume();
  }

  tunnelFromClient(piece: BodyPiece): void {
    this.#context.deadlines.tunnel(this.state);
    if (this.state.upstream?.write(piece) === false) this.state.downstream.pause();
  }

  /** As in nginx, an end on one side is the end of both, once the other has got what was on its way. */
  clientEndedTunnel(takesMore: boolean): void {
    if (takesMore) this.state.upstream?.halfClose();
    else this.state.upstream?.endSoon();
  }

  // How an exchange ends.

  complete(): void {
    this.#ending.record();
    this.#ending.finish();
  }

  refuse(reason: FailureReason, line: string, detail: FailureDetail, head?: RequestView): void {
    this.state.beginUnread(line);
    this.#ending.refuse(reason, detail, head !== undefined && isGrpc(head));
  }

  fail(reason: FailureReason, detail?: FailureDetail, own: OwnAnswer = AS_REASON): void {
    const { state } = this;
    if (state.phase === OVER) return;
    this.#attempts.end(outcomeOf(reason));
    state.dropUpstream();
    if (state.isAnswered) {
      state.record.fail(reason, detail);
      state.downstream.cut(state.resetCode);
    } else {
      this.#ending.fail(reason, detail, own);
    }
  }

  answerInstead(page: Answer): void {
    this.#ending.answer(page);
  }

  requestTimedOut(): void {
    this.fail(this.state.isAnswered ? 'response_cut_by_request_timeout' : 'route_request_timeout');
  }

  tryTimedOut(): void {
    const { state } = this;
    // What is left of an answer that is thrown away.
    if (state.phase === DISCARDING) this.#response.fail('route_backend_timeout');
    else if (state.isAnswered) this.fail('response_cut_by_backend_timeout');
    else if (!this.#attempts.triesAgainLate()) this.fail('route_backend_timeout');
  }

  abandon(reason: FailureReason | undefined, error: string): void {
    const { state } = this;
    if (reason !== undefined) state.record.fail(reason);
    if (state.phase !== TUNNEL) {
      if (this.#context.isClosed) state.record.fail('shutdown');
      else state.record.fail(state.isAnswered ? 'client_left_mid_response' : 'client_left', error);
    }
    state.enter(OVER);
    this.#attempts.end('cancelled');
    state.dropUpstream();
    this.#ending.record();
  }

  crashed(error: unknown): void {
    this.state.downstream.crashed(error);
  }

  endCrashed(stack: string): boolean {
    const { state } = this;
    if (!state.record.isOpen) return false;
    // A head that has not gone out is no answer.
    if (state.downstream.sentBytes === 0 && state.phase !== TUNNEL) {
      state.enter(ROUTING);
      state.record.answered(0);
    } else if (state.phase === OVER) {
      state.enter(ANSWERED);
    }
    this.fail('internal', stack);
    return true;
  }

  forget(): void {
    this.state.forget();
  }

  release(): void {
    this.#giveBack(this);
  }

  #clientMoved(): void {
    this.#context.deadlines.moved(this.state, this.state.downstream);
  }
}

/** @returns why the request must be refused, or where it has to be sent instead */
function route(
  context: PipelineContext,
  state: ExchangeState,
  head: RequestView,
): FailureReason | HttpsRedirect | undefined {
  const { routing, record, downstream } = state;
  const outcome = routing.validateAndRoute(head, context.engine.state, downstream.client, context.trustedProxies);
  record.host = routing.host;
  record.path = routing.target.path;
  record.route = routing.route;
  return outcome;
}

/** What is asked of the route of a request that has none. */
const NO_ROUTE = { filters: undefined, gateway: undefined };
