import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import { errorAnswer, withHeaders } from './error-pages.ts';
import { ANSWERED, type ExchangeState, OVER } from './exchange-state.ts';
import { changedAnswer } from './filters/field-changes.ts';
import type { Refusal } from './filters/filter.ts';
import { type GrpcFailure, grpcErrorAnswer } from './grpc.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { Answer, FailureDetail } from './ports.ts';

/** What an answer to a failure has that others to failures of the same reason have not. */
export type OwnAnswer = Pick<Refusal, 'headers' | 'status'>;

export const AS_REASON: OwnAnswer = { headers: [], status: undefined };

/** The exchange that ends. */
interface EndingOwner {
  crashed(error: unknown): void;
}

/**
 * How one exchange ends: with an answer that is made here (a redirect, an answer of a policy, an error), or with the last byte of the
 * upstream's; and always with its line in the log.
 */
export class ExchangeEnding {
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #owner: EndingOwner;

  constructor(context: PipelineContext, state: ExchangeState, owner: EndingOwner) {
    this.#context = context;
    this.#state = state;
    this.#owner = owner;
  }

  /** Ends with an answer that is no failure. @param closes the connection ends with it */
  answer(answer: Answer, closes = false): void {
    this.#state.record.answeredHere(answer.status);
    this.#discardRest(this.#send(answer, closes));
  }

  /** Ends with an error, or with the page that another service has for it. No part of a response has gone out. */
  fail(reason: FailureReason, detail: FailureDetail | undefined, own: OwnAnswer): void {
    if (this.#state.filters === undefined || !this.#asksForPage(reason, detail, own))
      this.#discardRest(this.#sendError(reason, detail, own));
  }

  /** Ends with an error, because what came is no request. Nothing more of it is read. @param isGrpc it was meant as a call */
  refuse(reason: FailureReason, detail: FailureDetail, isGrpc: boolean): void {
    if (isGrpc) this.#sendGrpcError({ reason, resetCode: undefined, hasTimeout: false }, detail, AS_REASON);
    else this.#sendError(reason, detail, AS_REASON);
    this.finish();
  }

  /** Writes the line of the log. */
  record(): void {
    const { record, head, filters, ruleLimits } = this.#state;
    record.write(head);
    filters?.end();
    ruleLimits?.end();
  }

  finish(): void {
    this.#state.enter(OVER);
    this.#state.downstream.finish();
  }

  /** @returns whether another service is asked for a page in place of the error */
  #asksForPage(reason: FailureReason, detail: FailureDetail | undefined, own: OwnAnswer): boolean {
    const { record, filters, downstream } = this.#state;
    // A bug of ours ends the request at once, and so does the end of the program.
    if (filters === undefined || reason === 'internal' || this.#context.isClosed) return false;
    const { closes } = FAILURES[reason];
    const { status, headers } = withHeaders(errorAnswer(reason, '', record.requestId, own.status), own.headers);
    const error = { status, isOurs: true, isUnserved: reason === 'no_endpoint' };
    const isAsked = filters.askForPage(error, headers, {
      pageCame: page => this.answer(page, closes),
      noPage: () => this.#discardRest(this.#sendError(reason, detail, own)),
      crashed: bug => this.#owner.crashed(bug),
    });
    if (!isAsked) return false;
    record.fail(reason, detail, status);
    this.#context.deadlines.moved(this.#state, downstream);
    return true;
  }

  /** @returns as Downstream.answer() */
  #sendError(reason: FailureReason, detail: FailureDetail | undefined, own: OwnAnswer): boolean {
    const { head, record, routing, resetCode } = this.#state;
    if (head !== undefined && routing.isGrpc) {
      const failure = { reason, resetCode, hasTimeout: routing.grpcTimeoutMs !== undefined };
      return this.#sendGrpcError(failure, detail, own);
    }
    const { errorPage } = this.#context.engine.state;
    const answer = errorAnswer(reason, errorPage, record.requestId, own.status);
    record.fail(reason, detail, answer.status);
    return this.#send(withHeaders(answer, own.headers), FAILURES[reason].closes);
  }

  /** @returns as Downstream.answer() */
  #sendGrpcError(failure: GrpcFailure, detail: FailureDetail | undefined, own: OwnAnswer): boolean {
    const { record } = this.#state;
    const { reason } = failure;
    const answer = grpcErrorAnswer(failure, record.requestId);
    record.answeredHere(answer.status);
    record.fail(reason, detail);
    return this.#send(withHeaders(answer, own.headers), FAILURES[reason].closes);
  }

  /** @returns as Downstream.answer() */
  #send(answer: Answer, closes: boolean): boolean {
    const { downstream } = this.#state;
    this.#state.enter(ANSWERED);
    const isReadOn = downstream.answer(this.#edited(answer), closes);
    this.record();
    return isReadOn;
  }

  /** What policies and the location of an Ingress change in an answer that is made here. */
  #edited(answer: Answer): Answer {
    const { filters, record, downstream } = this.#state;
    if (filters !== undefined) return filters.edited(answer);
    const changes = record.route?.changes?.responses(downstream.client.tls !== undefined);
    return changes === undefined ? answer : changedAnswer(answer, changes);
  }

  /** After an answer that was made here. @param isReadOn the rest of the request is read, and thrown away */
  #discardRest(isReadOn: boolean): void {
    if (!isReadOn) {
      this.finish();
      return;
    }
    const { downstream } = this.#state;
    this.#state.awaitsContinue = false;
    this.#context.deadlines.moved(this.#state, downstream);
    // The body may have come before its upstream was there.
    downstream.resume();
  }
}
