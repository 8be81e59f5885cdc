import type { FailureReason } from '../../../failures/failures.ts';
import type { ClusterState } from '../../clusters/cluster-state.ts';
import { guarded } from '../../runtime/guard.ts';
import { type Timed, TimeLimit, type TimerWheel } from '../../runtime/timer-wheel.ts';
import type { BodyPiece, FailureDetail, ResponseView, Upstream, UpstreamHandler } from '../ports.ts';
import { OwnRequest } from './own-request.ts';
import type { Question, SubrequestFailure, SubrequestListener } from './question.ts';
import { type AttemptsContext, type SubrequestAttemptOwner, SubrequestAttempts } from './subrequest-attempts.ts';

/** So much of a body is read to keep the connection, where only the head counts. Beyond, a new connection is cheaper. */
export const MOST_UNREAD_BYTES = 64 * 1024;

/** What is read at once. */
const ROOM_BYTES = 64 * 1024;

/** Who counts the subrequests of a cluster. */
export interface SubrequestOwner {
  /** The answer has come. */
  answered(subrequest: Subrequest): void;
  failed(subrequest: Subrequest, failure: SubrequestFailure): void;
  /** It no longer holds a connection, and none is being made for it. */
  gone(): void;
}

export interface SubrequestContext extends AttemptsContext {
  readonly wheel: TimerWheel;
}

/** Its listener waits. */
const ASKING = 0;
/** Its listener has the answer, and the rest of the body is thrown away. */
const ANSWERED = 1;
const OVER = 2;

/** One request of our own to a cluster, its answer, and the one time limit for all of it. */
export class Subrequest implements UpstreamHandler, SubrequestAttemptOwner, Timed {
  readonly isBlocked = false;
  readonly room = ROOM_BYTES;
  readonly limit = new TimeLimit(this);
  /** By the monotonic clock. */
  readonly startedAt: number;
  readonly #context: SubrequestContext;
  readonly #request: OwnRequest;
  readonly #question: Question;
  readonly #listener: SubrequestListener;
  readonly #owner: SubrequestOwner;
  readonly #attempts: SubrequestAttempts;
  #state = ASKING;
  #upstream: Upstream | undefined;
  // Of the answer.
  #status = 0;
  #lines = '';
  #body = '';
  #unreadBytes = 0;

  constructor(
    context: SubrequestContext,
    cluster: ClusterState,
    question: Question,
    listener: SubrequestListener,
    owner: SubrequestOwner,
  ) {
    this.#context = context;
    this.#question = question;
    this.#listener = listener;
    this.#owner = owner;
    this.#request = new OwnRequest(question);
    this.#attempts = new SubrequestAttempts(context, cluster, this.#request, question.timeoutMs, this);
    this.startedAt = context.engine.clock.monotonic();
  }

  begin(): void {
    this.#context.wheel.set(this.limit, this.#question.timeoutMs);
    this.#attempts.begin();
  }

  /** The answer is no longer needed. */
  cancel(): void {
    if (this.#state === ASKING) this.#end('cancelled');
  }

  abort(detail: string): void {
    this.#failed('failed', detail);
  }

  renew(): void {
    if (this.#state === ASKING) this.#context.wheel.set(this.limit, this.#question.timeoutMs);
  }

  connected(upstream: Upstream): void {
    this.#upstream = upstream;
    upstream.send(this.#request, this, false);
    this.#question.body?.flowTo(upstream);
  }

  attemptsFailed(detail: string): void {
    this.#failed('failed', detail);
  }

  settled(): void {
    this.#owner.gone();
  }

  timedOut(): void {
    this.#failed('timed_out', `no answer within ${this.#question.timeoutMs / 1000} s`);
  }

  crashed(error: unknown): void {
    const isAwaited = this.#state === ASKING;
    this.#end('cancelled');
    if (isAwaited) this.#listener.crashed(error);
    else this.#context.engine.failures.reportBug(error);
  }

  // What the upstream sends.

  upstreamMoved(): void {}

  upstreamDrained(): void {
    if (this.#state === ASKING && this.#upstream !== undefined) this.#question.body?.flowTo(this.#upstream);
  }

  interim(): void {}

  responded(head: ResponseView, bodyLength: number, piece: BodyPiece): void {
    this.#status = head.status;
    this.#lines = head.lines();
    this.#attempts.answered(head.status);
    if (this.#question.mostBodyBytes === 0) this.#answer();
    if (this.#state === ANSWERED && bodyLength > MOST_UNREAD_BYTES) this.#end('ok');
    else this.responseData(piece);
  }

  responseData(piece: BodyPiece): void {
    if (this.#state === ANSWERED) {
      this.#unreadBytes += piece.size;
      if (this.#unreadBytes > MOST_UNREAD_BYTES) this.#end('ok');
    } else if (this.#state === ASKING) {
      const { mostBodyBytes } = this.#question;
      if (this.#body.length + piece.size <= mostBodyBytes) this.#body += piece.text();
      else this.#failed('failed', `the body of the answer has more than ${mostBodyBytes} bytes`);
    }
  }

  responseComplete(): void {
    this.#upstream = undefined;
    if (this.#state === ASKING) this.#answer();
    this.#end('ok');
  }

  upstreamBroken(hasBegun: boolean, error: string | undefined): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    this.#attempts.broken(upstream, { hasBegun, bodyBytesGone: this.#question.body?.sentBytes ?? 0, error });
  }

  upstreamUnprocessed(): void {
    this.#upstream = undefined;
    this.#attempts.unprocessed(this.#question.body?.sentBytes ?? 0);
  }

  upstreamReset(_code: number, name: string): void {
    this.fail('upstream_stream_reset', name);
  }

  fail(reason: FailureReason, detail?: FailureDetail): void {
    const text = typeof detail === 'function' ? detail() : detail;
    if (this.#state === ASKING) this.#attempts.failed(reason, text);
    else this.#end('ok');
  }

  /** Nothing is upgraded. */
  switched(): boolean {
    this.fail('response_unasked_switch');
    return false;
  }

  tunnelFromUpstream(): void {}

  upstreamEndedTunnel(): void {}

  #answer(): void {
    this.#state = ANSWERED;
    this.#owner.answered(this);
    const answer = { status: this.#status, lines: this.#lines, body: this.#body };
    this.#lines = '';
    this.#body = '';
    guarded(this.#listener, () => this.#listener.answered(answer))();
  }

  #failed(failure: 'failed' | 'timed_out', detail: string): void {
    const isAwaited = this.#state === ASKING;
    this.#end(failure === 'timed_out' ? 'timeout' : 'cancelled');
    if (!isAwaited) return;
    this.#owner.failed(this, failure);
    guarded(this.#listener, () => this.#listener.failed(failure, detail))();
  }

  /** @param outcome counts where the endpoint has not answered */
  #end(outcome: 'ok' | 'timeout' | 'cancelled'): void {
    if (this.#state === OVER) return;
    this.#state = OVER;
    this.#context.wheel.remove(this.limit);
    this.#upstream?.destroy();
    this.#upstream = undefined;
    this.#attempts.end(outcome);
  }
}
