import type { FailureReason } from '../../failures/failures.ts';
import type {
  Answer,
  BodyPiece,
  ClientIdentity,
  Downstream,
  DownstreamHandler,
  FailureDetail,
  FieldEdits,
  ResponseView,
} from '../pipeline/ports.ts';
import type { TimeLimit } from '../runtime/timer-wheel.ts';
import type { Inlet } from '../transport/read-buffers.ts';
import type { Transport } from '../transport/transport.ts';
import { composeAnswer, composeInterim, composeResponse, composeSwitch } from './compose-response.ts';
import { writePiece } from './framing.ts';
import { RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';

/** A client's connection, as the request that is under way on it sees it. */
export interface RequestConnection extends ClientIdentity {
  readonly limit: TimeLimit;
  readonly inlet: Inlet;
  readonly transport: Transport;
  /** Whether another request may follow this one. */
  mayPersist(head: RequestHead, isRequestComplete: boolean): boolean;
  pause(): void;
  readOn(): void;
  becomeTunnel(): void;
  /**
   * Request and response are over.
   * @param isLast the connection ends with them
   * @param isClientsLast the client has said that it sends no further request (RFC 9112 section 9.6)
   */
  requestEnded(isLast: boolean, isClientsLast: boolean): void;
  /** Ends the connection before the response is complete. What was written still goes out. */
  cut(): void;
  crashed(error: unknown): void;
}

/**
 * One request and its answer on an HTTP/1.1 connection: decodes the request's body and encodes the response. It decides what is
 * HTTP/1.1's own business: lengths, chunks, and whether the connection persists (RFC 9112 sections 6, 7 and 9.3).
 */
export class Http1Downstream implements Downstream {
  isRequestComplete = true;
  receivedBytes = 0;
  sentBytes = 0;
  sentBodyBytes = 0;
  /** Bytes behind what was read last have come, and wait. */
  hasMore = false;
  readonly client: ClientIdentity;
  readonly #connection: RequestConnection;
  readonly #handlerOf: (downstream: Downstream) => DownstreamHandler;
  #handler: DownstreamHandler | undefined;
  /** Made when the first body comes. */
  #body: RequestBody | undefined;
  #head: RequestHead | undefined;
  #isHeadRequest = false;
  #sendsChunks = false;
  #isTunnel = false;
  /** The connection ends with this response. */
  #isLast = false;

  /** @param handlerOf takes an exchange for the next request */
  constructor(connection: RequestConnection, handlerOf: (downstream: Downstream) => DownstreamHandler) {
    this.client = connection;
    this.#connection = connection;
    this.#handlerOf = handlerOf;
  }

  /** The exchange of the request that is under way. */
  get handler(): DownstreamHandler {
    this.#handler ??= this.#handlerOf(this);
    return this.#handler;
  }

  get limit(): TimeLimit {
    return this.#connection.limit;
  }

  get isBlocked(): boolean {
    return this.#connection.transport.isBlocked;
  }

  takesSome(): boolean {
    return this.#connection.transport.takesSome();
  }

  /** What the kernel does not take is not copied. */
  get room(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  get hasBodyBytes(): boolean {
    return !this.isRequestComplete && this.hasMore;
  }

  // What the connection reads.

  /** A head is complete. */
  begin(head: RequestHead): void {
    this.#begin(head, head.method === 'HEAD');
    this.isRequestComplete = !head.isChunked && head.contentLength <= 0;
    if (!this.isRequestComplete) this.#bodyOf().begin(head.isChunked, head.contentLength, head.connectionOptions);
    this.handler.received(head);
  }

  /** Bytes came that are no request, or too slowly to be one. Where the next one begins is unknown: the connection ends. */
  refuse(reason: FailureReason, line: string, detail: FailureDetail): void {
    this.#begin(undefined, line.startsWith('HEAD '));
    this.isRequestComplete = false;
    this.handler.refuse(reason, line, detail);
  }

  /** Takes a piece of the body. @returns the place behind it */
  readBody(bytes: Buffer, start: number, end: number): number {
    const body = this.#bodyOf();
    const stop = body.take(bytes, start, end);
    if (stop < 0) {
      this.handler.fail('request_chunk_malformed');
      return end;
    }
    this.isRequestComplete = body.isComplete;
    this.handler.data(body.piece);
    return stop;
  }

  /** Takes bytes of a tunnel. */
  readTunnel(bytes: Buffer, size: number): void {
    const { piece } = this.#bodyOf();
    piece.set(bytes, 0, size, size, false);
    this.handler.tunnelFromClient(piece);
  }

  /** No request is under way. */
  idle(): void {
    this.#handler?.release();
    this.#handler = undefined;
  }

  // What the exchange asks of it.

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.readOn();
  }

  interim(head: ResponseView): void {
    // HTTP/1.0 has no 1xx responses (RFC 9110 section 15.2).
    if (this.#head?.takesInterims === true) this.#send(composeInterim(head));
  }

  respond(head: ResponseView, bodyLength: number, edits: FieldEdits | undefined, piece: BodyPiece): void {
    const hasLength = bodyLength >= 0;
    const request = this.#head as RequestHead;
    const takesChunks = request.minorVersion === 1;
    const keeps = this.isRequestComplete && (hasLength || takesChunks) && this.#connection.mayPersist(request, true);
    this.#isLast = !keeps;
    this.#sendsChunks = !hasLength && takesChunks;
    this.#write(composeResponse(head, keeps, this.#sendsChunks, edits), piece);
  }

  write(piece: BodyPiece): void {
    this.#write('', piece);
  }

  answer(answer: Answer, closes: boolean): boolean {
    const request = this.#head;
    const keeps = !closes && request !== undefined && this.#connection.mayPersist(request, this.isRequestComplete);
    this.#isLast = !keeps;
    const body = this.#isHeadRequest ? '' : answer.body;
    this.sentBodyBytes += body.length;
    this.#send(composeAnswer(answer, keeps) + body);
    return keeps && !this.isRequestComplete;
  }

  switchProtocols(head: ResponseView, added: readonly string[]): void {
    this.#isLast = true;
    this.#isTunnel = true;
    this.#connection.transport.writeText(composeSwitch(head, added));
    // From here on, the tunnel's bytes are counted.
    this.sentBytes = 0;
    this.#connection.becomeTunnel();
  }

  finish(): void {
    this.#connection.requestEnded(this.#isLast, this.#head?.saysClose === true);
  }

  cut(): void {
    this.#connection.cut();
  }

  crashed(error: unknown): void {
    this.#connection.crashed(error);
  }

  #begin(head: RequestHead | undefined, isHeadRequest: boolean): void {
    this.#head = head;
    this.#isHeadRequest = isHeadRequest;
    this.#sendsChunks = false;
    this.sentBytes = 0;
    this.sentBodyBytes = 0;
  }

  #bodyOf(): RequestBody {
    this.#body ??= new RequestBody(this.#connection.inlet);
    return this.#body;
  }

  #send(text: string): void {
    this.sentBytes += text.length;
    this.#connection.transport.writeText(text);
  }

  #write(head: string, piece: BodyPiece): void {
    this.sentBodyBytes += piece.size;
    const isFinal = piece.isLast || this.#isTunnel;
    this.sentBytes += writePiece(this.#connection.transport, head, piece, this.#sendsChunks, isFinal);
  }
}
