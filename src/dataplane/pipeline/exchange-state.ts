import type { RouteLimits } from '../../model/route.ts';
import type { Settings } from '../../settings/schema.ts';
import type { ReplayBody } from '../bodies/replay-body.ts';
import type { CompiledRoute } from '../compiled-route.ts';
import type { EngineContext } from '../engine.ts';
import type { Turns } from './deadlines.ts';
import { ExchangeRecord } from './exchange-record.ts';
import type { ActiveFilters, BodyReader } from './filters/filter.ts';
import { EXPECT, X_REQUEST_ID } from './header-ids.ts';
import type { HeldResponse } from './held-response.ts';
import type { Downstream, KeptBody, RequestView, Upstream } from './ports.ts';
import { requestIdOf } from './request-id.ts';
import { RequestRouting } from './request-routing.ts';
import type { RuleLimits } from './rule-limits.ts';
import type { TransformedBody } from './transformed-body.ts';

/** No request is under way, or its connection is gone: late callbacks must do nothing. */
export const OVER = 0;
/** From a complete head to the choice of an endpoint. */
export const ROUTING = 1;
/** A policy of the route waits for what decides. The body of the request waits. */
export const FILTERING = 2;
/** A connection is being made. The body of the request waits. */
export const CONNECTING = 3;
/** An upstream gets the request, and its final response has not begun. */
export const FORWARDING = 4;
/** A response has come that is not passed on: when it has ended, the request is sent again. */
export const DISCARDING = 5;
/** The final response has begun, or an answer of our own. */
export const ANSWERED = 6;
export const TUNNEL = 7;

/** What is known of the exchange that is under way; used again for other exchanges. */
export class ExchangeState implements Turns {
  /** Whose request it is. */
  downstream: Downstream;
  readonly record: ExchangeRecord;
  readonly routing = new RequestRouting();
  phase = OVER;
  /**
   * Changes with each phase. What suspends a phase remembers it: where it has changed, the exchange has gone on or has ended,
   * and what resumes is ignored.
   */
  generation = 0;
  /** One reading of the settings serves the whole exchange. */
  settings: Settings;
  /** Undefined for bytes that are no request. */
  head: RequestView | undefined;
  /** Of the route of the request; undefined where it has none. */
  filters: ActiveFilters | undefined;
  /** Gets the pieces of the request's body, too; undefined where no policy wants them. */
  bodyReader: BodyReader | undefined;
  upstream: Upstream | undefined;
  /** Undefined where the rule of the request sets none. */
  ruleLimits: RuleLimits | undefined;
  /** The body of the response, where a policy makes another one of it. */
  transformed: TransformedBody | undefined;
  /** Bytes of the request's body so far. */
  bodyBytes = 0;
  awaitsContinue = false;
  /** What an upstream has left of the request's body, for the one that gets the request next. */
  keptBody: KeptBody | undefined;
  /** The upstream's response, while another service is asked for a page in its place. */
  held: HeldResponse | undefined;
  /** The body of the request, where it may be sent again after an answer. */
  replay: ReplayBody | undefined;
  /** The code with which an upstream ended the request on HTTP/2. */
  resetCode: number | undefined;
  readonly #context: EngineContext;

  constructor(context: EngineContext, downstream: Downstream) {
    this.#context = context;
    this.downstream = downstream;
    this.settings = context.state.settings;
    this.record = new ExchangeRecord(context, downstream);
  }

  get isRequestComplete(): boolean {
    return this.downstream.isRequestComplete;
  }

  get isSuspended(): boolean {
    return this.phase === CONNECTING || this.phase === FILTERING;
  }

  /** The upstream has sent all of its response, and a part is still being made for the client. */
  get isEnding(): boolean {
    return this.transformed !== undefined && this.upstream === undefined;
  }

  get isAnswered(): boolean {
    return this.phase >= ANSWERED;
  }

  get limits(): RouteLimits {
    return this.routing.limits;
  }

  /** Streams of gRPC may be quiet on both sides. */
  get bodyTimeoutMs(): number {
    return this.routing.isGrpc ? this.limits.readTimeoutMs : this.settings.clientBodyTimeout;
  }

  /** Of a request that has been routed. */
  get route(): CompiledRoute {
    return this.routing.route as CompiledRoute;
  }

  /** The next requests are those of another downstream. */
  serve(downstream: Downstream): void {
    this.downstream = downstream;
    this.record.client = downstream;
  }

  begin(head: RequestView): void {
    this.enter(ROUTING);
    this.settings = this.#context.state.settings;
    this.head = head;
    this.filters = undefined;
    this.bodyReader = undefined;
    this.ruleLimits = undefined;
    this.bodyBytes = 0;
    this.resetCode = undefined;
    this.awaitsContinue = !this.isRequestComplete && head.has(EXPECT);
    this.record.begin(requestIdOf(head.value(X_REQUEST_ID)));
  }

  /** Bytes came that are no request. */
  beginUnread(line: string): void {
    this.enter(ROUTING);
    this.settings = this.#context.state.settings;
    this.head = undefined;
    this.filters = undefined;
    this.bodyReader = undefined;
    this.ruleLimits = undefined;
    this.record.beginUnread(line);
  }

  enter(phase: number): void {
    this.phase = phase;
    this.generation += 1;
  }

  /** Whatever leads to the upstream, and what came from it. */
  dropUpstream(): void {
    this.upstream?.destroy();
    this.upstream = undefined;
    this.transformed?.destroy();
    this.transformed = undefined;
    this.dropReplay();
    this.keptBody?.release();
    this.keptBody = undefined;
    this.held = undefined;
  }

  /** The request will not be sent again. */
  dropReplay(): void {
    this.replay?.clear();
    this.replay = undefined;
  }

  /** Drops the texts that are parts of the head: each would keep the whole head in memory. */
  forget(): void {
    this.record.forget();
    this.routing.forget();
  }
}
