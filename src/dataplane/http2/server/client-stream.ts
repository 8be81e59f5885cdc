import { stackOf } from '../../../errors.ts';
import type { FailureReason } from '../../../failures/failures.ts';
import { DataPiece } from '../../bodies/data-piece.ts';
import { endedLines } from '../../fields/header-lines.ts';
import { answerLines, linesWithoutLength, responseLines } from '../../fields/response-fields.ts';
import type {
  Answer,
  BodyPiece,
  ClientIdentity,
  ConnectionLimits,
  Downstream,
  DownstreamHandler,
  FailureDetail,
  FieldEdits,
  ResponseView,
} from '../../pipeline/ports.ts';
import { guarded } from '../../runtime/guard.ts';
import { type Timed, TimeLimit } from '../../runtime/timer-wheel.ts';
import type { ClientMemory } from '../../transport/client-memory.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR } from '../frames.ts';
import { DEFAULT_PRIORITY, type Priority, priorityOf } from './priority.ts';
import { Http2RequestHead } from './request-head.ts';
import type { Waiting } from './send-queue.ts';
import { type Receiving, StreamInput } from './stream-input.ts';
import { type Sending, StreamOutput } from './stream-output.ts';

/** Pieces are copied into frames: larger ones save nothing. */
const MAX_PIECE_BYTES = 64 * 1024;

/** A client's connection, as its streams see it. */
export interface StreamConnection extends ClientIdentity, Sending, Receiving {
  readonly limits: ConnectionLimits;
  readonly memory: Pick<ClientMemory, 'kept'>;
  exchangeOf(downstream: Downstream): DownstreamHandler;
  /** Whether the kernel has taken some of what waits for it in the last so many milliseconds. */
  takesSome(withinMs: number): boolean;
  /** Part of the response waits. */
  waits(stream: ClientStream): void;
  /** Both sides have sent all. */
  ended(stream: ClientStream): void;
  /** Sends RST_STREAM. */
  reset(stream: ClientStream, code: number): void;
  /** A bug that is no request's. */
  reportBug(error: unknown): void;
}

/**
 * One stream of a client: a request and its answer. It outlives the exchange while the end of the response waits for the
 * client's windows. Used again for other streams.
 */
export class ClientStream implements Downstream, Timed, Waiting {
  readonly limit = new TimeLimit(this);
  readonly head = new Http2RequestHead();
  readonly input: StreamInput;
  readonly output: StreamOutput;
  client: ClientIdentity;
  id = 0;
  priority: Priority = DEFAULT_PRIORITY;
  receivedBytes = 0;
  sentBodyBytes = 0;
  #connection: StreamConnection;
  /** Undefined when the exchange is over. */
  #handler: DownstreamHandler | undefined;
  /** How the stream is reset when it ends with the client's half open, or in spite of its end. */
  #resetCode = NO_ERROR;
  #headBytes = 0;

  constructor(connection: StreamConnection) {
    this.#connection = connection;
    this.client = connection;
    this.input = new StreamInput(connection);
    this.output = new StreamOutput(connection);
  }

  // What the connection reads.

  /** A stream is opened, and its head is complete. @param window of its response @param receivedBytes of the head */
  open(connection: StreamConnection, id: number, window: number, receivedBytes: number): void {
    this.#connection = connection;
    this.client = connection;
    this.id = id;
    this.receivedBytes = receivedBytes;
    this.sentBodyBytes = 0;
    this.#resetCode = NO_ERROR;
    this.output.begin(connection, id, window);
    this.#handler = connection.exchangeOf(this);
  }

  /** The head of the request is a good one. @param headBytes what it counts with in the memory of all clients */
  begin(endsStream: boolean, headBytes: number): void {
    const { head } = this;
    this.#headBytes = headBytes;
    this.#connection.memory.kept += headBytes;
    this.priority = priorityOf(head.priority);
    this.input.begin(this.#connection, this.id, endsStream, head.isTunnel);
    this.#handler?.received(head);
  }

  /** The request must not go on to an upstream. */
  refuse(reason: FailureReason, line: string, detail: FailureDetail, endsStream: boolean): void {
    this.priority = DEFAULT_PRIORITY;
    this.input.begin(this.#connection, this.id, endsStream, false);
    this.#resetCode = PROTOCOL_ERROR;
    this.#handler?.refuse(reason, line, detail, this.head);
  }

  data(bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const { head, input } = this;
    const handler = this.#handler;
    this.receivedBytes += end - start;
    if (handler === undefined) {
      // The answer is complete, and its end waits: the rest is thrown away.
      if (endsStream) input.isEnded = true;
      return;
    }
    const size = input.size + end - start;
    const { contentLength } = head;
    // RFC 9113 section 8.1.1. What is beyond the length would be the next request of an HTTP/1.1 upstream.
    if (contentLength >= 0 && (size > contentLength || (endsStream && size < contentLength))) {
      this.failMalformed('request_length_mismatch', `${size} bytes of data, content-length ${contentLength}`);
      return;
    }
    input.take(handler, bytes, start, end, endsStream);
  }

  trailers(lines: string): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.input.trailers = lines;
    this.data(Buffer.alloc(0), 0, 0, true);
  }

  /** The request turns out to be malformed in its middle. */
  failMalformed(reason: FailureReason, detail: FailureDetail): void {
    this.#resetCode = PROTOCOL_ERROR;
    this.#handler?.fail(reason, detail);
  }

  /** The client, or the connection, ends the stream. @param reason undefined where the client has left */
  abandon(reason?: FailureReason, error = ''): void {
    try {
      this.#handler?.abandon(reason, error);
    } finally {
      this.#leaveExchange();
    }
  }

  // What the exchange asks of it.

  get isRequestComplete(): boolean {
    return this.input.isComplete;
  }

  get hasBodyBytes(): boolean {
    return !this.input.isComplete && this.input.hasKept;
  }

  get sentBytes(): number {
    return this.output.sentBytes;
  }

  get isBlocked(): boolean {
    return this.output.isWaiting;
  }

  get room(): number {
    return Math.min(this.output.room, MAX_PIECE_BYTES);
  }

  takesSome(): boolean {
    return this.output.takesSome() || (this.output.room > 0 && this.#connection.takesSome(this.limit.limitMs));
  }

  pause(): void {
    this.input.pause();
  }

  resume(): void {
    if (this.#handler !== undefined) this.input.resume(this.#handler);
  }

  interim(head: ResponseView): void {
    this.output.sendHead(head.status, linesWithoutLength(head), false);
  }

  respond(head: ResponseView, _bodyLength: number, edits: FieldEdits | undefined, piece: BodyPiece): void {
    // RFC 8441 section 5: 2xx says that the tunnel is open, and only 101 says that of an upstream.
    if (this.head.isTunnel && head.status < 300) {
      this.#refuseTunnel(head.status);
      return;
    }
    const isEmpty = piece.isLast && piece.size === 0 && piece.trailers === '';
    this.output.sendHead(head.status, responseLines(head, edits), isEmpty);
    if (!isEmpty) this.write(piece);
  }

  write(piece: BodyPiece): void {
    if (this.output.isEnded) return;
    this.sentBodyBytes += piece.size;
    this.output.write(piece);
    if (this.output.isWaiting) this.#connection.waits(this);
  }

  answer(answer: Answer): boolean {
    const isBodiless = this.head.sentMethod === 'HEAD' || answer.body === '';
    this.output.sendHead(answer.status, answerLines(answer), isBodiless);
    if (!isBodiless) {
      const piece = new DataPiece(this.#connection.buffers);
      const bytes = Buffer.from(answer.body, 'latin1');
      piece.set(bytes, 0, bytes.length, true);
      this.write(piece);
    }
    // RFC 9113 section 8.1: what is left of the request is not read, and RST_STREAM says so.
    return false;
  }

  switchProtocols(head: ResponseView, added: readonly string[]): void {
    const lines = linesWithoutLength(head) + endedLines(added);
    this.output.sendHead(200, withoutAccept(lines), false);
    // From here on, the tunnel's bytes are counted.
    this.output.sentBytes = 0;
    if (this.#handler !== undefined) this.input.becomeTunnel(this.#handler);
  }

  finish(): void {
    this.#leaveExchange();
    this.#settle();
  }

  cut(code?: number): void {
    const { input, output } = this;
    // RFC 8441 section 5: the end of a tunnel is the end of its stream.
    if (input.isTunnel) output.end();
    else if (!output.isEnded && this.#resetCode === NO_ERROR) this.#resetCode = code || INTERNAL_ERROR;
    this.abandon();
    this.#settle();
  }

  crashed(error: unknown): void {
    const stack = stackOf(error);
    try {
      if (this.#handler?.endCrashed(stack) === true) return;
    } catch (second) {
      // The bug is in the code that answers, or that ends the exchange.
      this.#connection.reportBug(second);
    }
    this.reset(INTERNAL_ERROR);
  }

  timedOut(): void {
    const { limits } = this.#connection;
    if (limits.isRenewed(this)) return;
    if (this.#handler === undefined) this.reset(CANCEL);
    else if (this.input.isTunnel) this.reset(CANCEL, 'tunnel_idle_timeout');
    else if (this.isBlocked) this.reset(CANCEL, 'client_send_timeout');
    else this.#handler.fail('client_body_timeout');
  }

  // What waits for the windows and the connection.

  sendWaiting(most: number): boolean {
    const goesOn = this.output.sendWaiting(most);
    if (this.output.isWaiting) return goesOn;
    if (this.#handler === undefined) this.#settle();
    else this.#handler.clientDrained();
    return false;
  }

  /** Ends the stream at once. @param reason why this side ends it */
  reset(code: number, reason?: FailureReason): void {
    this.abandon(reason);
    this.#connection.reset(this, code);
  }

  /** The stream is gone: nothing of it is kept. */
  clear(): void {
    this.input.clear();
    this.output.clear();
    this.head.reset();
    this.#connection.memory.kept -= this.#headBytes;
    this.#headBytes = 0;
    this.#connection.limits.remove(this.limit);
  }

  /** The upstream has answered the handshake of a WebSocket as if it were a plain request. */
  #refuseTunnel(status: number): void {
    this.output.sendHead(502, '', true);
    const { id } = this;
    const handler = this.#handler;
    // The upstream's codec is in the middle of this response.
    process.nextTick(
      guarded(this, () => {
        if (this.id === id && this.#handler === handler)
          handler?.fail('response_unasked_switch', `status ${status} instead of 101`);
      }),
    );
  }

  /** The exchange is over. */
  #leaveExchange(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.release();
  }

  /** Ends the stream when the response is sent to its end; until then, the client has to take it. */
  #settle(): void {
    const { output } = this;
    if (output.isWaiting) {
      this.#connection.limits.ending(this.limit);
    } else if (this.#resetCode === NO_ERROR && this.input.isEnded) {
      this.#connection.ended(this);
    } else {
      this.#connection.reset(this, this.#resetCode);
    }
  }
}

/** RFC 8441 section 5: the answer to the key of HTTP/1.1's handshake goes no further than the key came. */
function withoutAccept(lines: string): string {
  return lines.replace(/(?<=^|\n)sec-websocket-accept:[^\r]*\r\n/gi, '');
}
