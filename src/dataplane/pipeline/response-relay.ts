import type { FailureReason } from '../../failures/failures.ts';
import { DiscardedAnswer } from './discarded-answer.ts';
import { ANSWERED, DISCARDING, type ExchangeState, TUNNEL } from './exchange-state.ts';
import type { PageOwner } from './filters/filter.ts';
import { HeldResponse } from './held-response.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { Answer, BodyPiece, FailureDetail, FieldEdits, KeptBody, ResponseView, UpstreamHandler } from './ports.ts';
import { AddedLines, RedirectEdits } from './redirects.ts';
import { believedHosts } from './told-by-proxies.ts';
import { TransformedBody, type TransformedBodyOwner } from './transformed-body.ts';
import { isOfferedUpgrade } from './upgrade.ts';
import type { UpstreamAttempts } from './upstream-attempts.ts';

const NO_HEADERS: Answer['headers'] = [];

/** How the exchange of a response ends. */
export interface ExchangeEnds {
  /** Request and response are complete. */
  complete(): void;
  fail(reason: FailureReason, detail?: FailureDetail): void;
  /** Another service answers in place of the upstream. */
  answerInstead(page: Answer): void;
  crashed(error: unknown): void;
}

/** The phases of a response: head, response filters, body or tunnel. */
export class ResponseRelay implements UpstreamHandler, TransformedBodyOwner, PageOwner {
  readonly state: ExchangeState;
  readonly #context: PipelineContext;
  readonly #attempts: UpstreamAttempts;
  readonly #ends: ExchangeEnds;
  readonly #discarded: DiscardedAnswer;

  constructor(context: PipelineContext, state: ExchangeState, attempts: UpstreamAttempts, ends: ExchangeEnds) {
    this.#context = context;
    this.state = state;
    this.#attempts = attempts;
    this.#ends = ends;
    this.#discarded = new DiscardedAnswer(state, attempts, this);
  }

  get isBlocked(): boolean {
    const { downstream, transformed, held } = this.state;
    if (held !== undefined) return true;
    return transformed === undefined ? downstream.isBlocked : transformed.holdsBack;
  }

  get room(): number {
    return this.state.downstream.room;
  }

  upstreamMoved(): void {
    const { state } = this;
    if (state.upstream !== undefined && state.held === undefined) this.#context.deadlines.moved(state, state.upstream);
  }

  upstreamDrained(): void {
    const { state } = this;
    if (state.phase === TUNNEL) this.#context.deadlines.tunnel(state);
    else this.upstreamMoved();
    state.downstream.resume();
  }

  interim(head: ResponseView): void {
    this.state.awaitsContinue = false;
    this.state.downstream.interim(head);
    this.upstreamMoved();
  }

  responded(head: ResponseView, bodyLength: number, piece: BodyPiece): void {
    const { state } = this;
    if (this.#attempts.mayAskAgain(head.status)) {
      this.#discarded.begin(head.status, bodyLength, piece);
      this.upstreamMoved();
      return;
    }
    state.dropReplay();
    if (head.authenticatesConnection) state.upstream?.keepFor(state.downstream.client);
    state.awaitsContinue = false;
    state.record.answered(head.status);
    this.#attempts.answered(head.status);
    if (state.filters === undefined || !this.#holds(head, bodyLength, piece)) this.#pass(head, bodyLength, piece);
  }

  #pass(head: ResponseView, bodyLength: number, piece: BodyPiece): void {
    const { state } = this;
    state.enter(ANSWERED);
    const edits = this.#editsOf(head);
    const coding = state.filters?.coding;
    if (coding === undefined) {
      state.downstream.respond(head, bodyLength, edits, piece);
    } else {
      state.transformed = new TransformedBody(state, this, sink => this.#context.compressions.begin(coding, sink));
      state.transformed.respond(head, edits, piece);
    }
    if (!piece.isLast) this.upstreamMoved();
  }

  responseData(piece: BodyPiece): void {
    const { phase, downstream, transformed, held } = this.state;
    if (phase === DISCARDING) {
      this.#discarded.data(piece);
      this.upstreamMoved();
      return;
    }
    if (held !== undefined) {
      held.add(piece);
      return;
    }
    if (transformed === undefined) downstream.write(piece);
    else transformed.take(piece);
    if (!piece.isLast) this.upstreamMoved();
  }

  responseComplete(): void {
    const { phase, held } = this.state;
    if (phase === DISCARDING) {
      this.#discarded.complete();
      return;
    }
    this.state.upstream = undefined;
    this.#attempts.end('ok');
    if (held === undefined) this.#end();
    else held.isComplete = true;
  }

  /** All of the response has come. */
  #end(): void {
    if (this.state.transformed?.isComplete !== false) this.transformComplete();
  }

  transformMoved(): void {
    this.#context.deadlines.moved(this.state, this.state.downstream);
  }

  transformComplete(): void {
    this.state.transformed = undefined;
    this.#ends.complete();
  }

  upstreamBroken(hasBegun: boolean, error: string | undefined): void {
    const { upstream } = this.state;
    this.state.upstream = undefined;
    this.#attempts.broken(upstream, hasBegun, error);
  }

  upstreamUnprocessed(body: KeptBody | undefined): void {
    const { state } = this;
    state.upstream = undefined;
    state.keptBody = body;
    this.#attempts.unprocessed(body !== undefined || state.bodyBytes === 0);
  }

  upstreamReset(code: number, name: string): void {
    this.state.resetCode = code;
    this.fail(this.state.isAnswered ? 'response_cut_by_reset' : 'upstream_stream_reset', name);
  }

  switched(head: ResponseView): boolean {
    const { state } = this;
    if (state.upstream === undefined || !isOfferedUpgrade(head.upgrade, state.routing.upgrade)) {
      this.fail('response_unasked_switch');
      return false;
    }
    state.enter(TUNNEL);
    state.record.tunnelBegan();
    state.ruleLimits?.end();
    this.#attempts.tunnelBegan();
    this.#context.deadlines.tunnel(state);
    state.downstream.switchProtocols(head, this.#attempts.bindingLines);
    return true;
  }

  tunnelFromUpstream(piece: BodyPiece): void {
    this.#context.deadlines.tunnel(this.state);
    this.state.downstream.write(piece);
  }

  upstreamEndedTunnel(): void {
    this.state.downstream.cut();
  }

  fail(reason: FailureReason, detail?: FailureDetail): void {
    const { state } = this;
    if (state.phase === DISCARDING) {
      this.#discarded.leave();
      return;
    }
    if (state.held === undefined) {
      this.#ends.fail(reason, detail);
      return;
    }
    // It is no matter where a page takes its place.
    state.held.failure = { reason, detail };
    state.upstream?.destroy();
    state.upstream = undefined;
  }

  // While another service is asked for a page in place of the response.

  /** @returns whether the response waits */
  #holds(head: ResponseView, bodyLength: number, piece: BodyPiece): boolean {
    const { state } = this;
    // A login of the connection goes on with this very response.
    if (head.authenticatesConnection) return false;
    const error = { status: head.status, isOurs: false, isUnserved: false };
    if (!state.filters?.askForPage(error, NO_HEADERS, this)) return false;
    state.held = new HeldResponse(head, bodyLength);
    state.held.add(piece);
    const { deadlines } = this.#context;
    deadlines.moved(state, state.downstream);
    if (state.upstream !== undefined) deadlines.none(state.upstream.limit);
    return true;
  }

  pageCame(page: Answer): void {
    const { state } = this;
    this.#attempts.end('ok');
    state.dropUpstream();
    this.#ends.answerInstead(page);
  }

  noPage(): void {
    const { state } = this;
    const held = state.held as HeldResponse;
    state.held = undefined;
    if (held.failure !== undefined) {
      this.#ends.fail(held.failure.reason, held.failure.detail);
      return;
    }
    this.#pass(held.head, held.bodyLength, held.body);
    if (held.isComplete) {
      this.#end();
      return;
    }
    state.upstream?.resume();
    state.downstream.resume();
  }

  crashed(error: unknown): void {
    this.#ends.crashed(error);
  }

  /** What the policies of the route change in the head, behind what the route itself does. */
  #editsOf(head: ResponseView): FieldEdits | undefined {
    const own = this.#ownEditsOf(head);
    const { filters, route, downstream } = this.state;
    if (filters !== undefined) return filters.editsOf(head, own);
    const changes = route.changes?.responses(downstream.client.tls !== undefined);
    return changes === undefined ? own : changes.ofResponse(own);
  }

  #ownEditsOf(head: ResponseView): FieldEdits | undefined {
    const { routing, route, record, downstream } = this.state;
    const added = this.#attempts.bindingLines;
    if (!head.hasRedirects || !route.editsRedirects) return added.length === 0 ? undefined : new AddedLines(added);
    // What the client, and what the upstream, may call this place.
    const believed = believedHosts(this.state.head, downstream.client.peer, this.#context.trustedProxies);
    return new RedirectEdits(route, [routing.authority, routing.host, record.upstream, ...believed], added);
  }
}
