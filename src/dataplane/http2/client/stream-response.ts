import type { FailureReason } from '../../../failures/failures.ts';
import type { DataPiece } from '../../bodies/data-piece.ts';
import type { BodyPiece, FailureDetail, UpstreamHandler } from '../../pipeline/ports.ts';
import { CANCEL, FLOW_CONTROL_ERROR, PROTOCOL_ERROR } from '../frames.ts';
import { MAX_INTERIMS, STREAM_WINDOW } from './limits.ts';
import type { Http2ResponseHead } from './response-head.ts';
import type { StreamSender } from './stream-sender.ts';

/** The stream that a response comes on. */
interface ReceivingStream {
  readonly id: number;
  readonly connection: {
    readonly sender: StreamSender;
    /** For what is handed on: one serves all streams. */
    readonly piece: DataPiece;
  };
  /** Undefined once the stream is over. */
  readonly handler: UpstreamHandler | undefined;
  /** The head of the final response has come. */
  headCame(): void;
  /** All of the response has been passed on. */
  responseEnded(): void;
  fail(reason: FailureReason, detail: FailureDetail | undefined, code: number): void;
}

const NOTHING = Buffer.alloc(0);

/** The response on one stream of an upstream: its frames are judged, and passed on to the exchange. */
export class StreamResponse {
  /** The head of the final response has come: what follows are trailers. */
  hasHead = false;
  /** 1xx responses that have come. */
  interims = 0;
  readonly #stream: ReceivingStream;
  #isHeadRequest = false;
  /** A head that is passed on together with the first piece of the body. */
  #head: Http2ResponseHead | undefined;
  /** The length of the response; -1 where it is not known. */
  #declared = -1;
  #received = 0;
  /** Bytes of frames that came, and that the upstream has no new window for. */
  #owed = 0;

  constructor(stream: ReceivingStream) {
    this.#stream = stream;
  }

  begin(isHeadRequest: boolean): void {
    this.#isHeadRequest = isHeadRequest;
  }

  /** A DATA frame begins. @param size with its padding */
  dataBegins(size: number): void {
    this.#owed += size;
    if (this.#owed > STREAM_WINDOW) this.malformed('more DATA than the window allows', FLOW_CONTROL_ERROR);
  }

  data(bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    if (this.#stream.handler === undefined) return;
    if (!this.hasHead) {
      this.malformed('DATA before the head of the response');
      return;
    }
    this.#received += end - start;
    if (this.#declared >= 0 && this.#received > this.#declared) {
      this.#hasOtherLength();
      return;
    }
    const { piece } = this.#stream.connection;
    const isLast = endsStream && this.#hasDeclaredLength;
    piece.set(bytes, start, end, isLast);
    this.#pass(piece);
    if (isLast) this.#stream.responseEnded();
    else if (endsStream) this.#hasOtherLength();
    else if (this.#owed > STREAM_WINDOW / 2) this.giveWindow();
  }

  /** A header block has come. @returns whether it waits for the first piece of the body: see {@link passHead} */
  headers(head: Http2ResponseHead, endsStream: boolean): boolean {
    const { handler } = this.#stream;
    if (handler === undefined) return false;
    if (head.fault !== undefined) {
      this.#stream.fail(head.fault, undefined, PROTOCOL_ERROR);
    } else if (this.hasHead) {
      this.#trailers(head, endsStream);
    } else if (head.status < 200) {
      this.#interim(handler, head, endsStream);
    } else {
      const isBodiless = this.#isHeadRequest || head.status === 204 || head.status === 304;
      this.hasHead = true;
      this.#head = head;
      this.#declared = isBodiless ? 0 : head.contentLength;
      this.#stream.headCame();
      if (!endsStream) return true;
      this.#end(isBodiless);
    }
    return false;
  }

  /** Passes on a head that waits: its body does not come with it. */
  passHead(): void {
    if (this.#head === undefined || this.#stream.handler === undefined) return;
    const { piece } = this.#stream.connection;
    piece.clear();
    this.#pass(piece);
  }

  /** What came breaks the rules, for this stream alone. */
  malformed(detail: string, code = PROTOCOL_ERROR): void {
    this.passHead();
    this.#stream.fail('response_http2_malformed', detail, code);
  }

  /** Lets the upstream send as much again as has come, unless the exchange is held up. */
  giveWindow(): void {
    const { id, handler, connection } = this.#stream;
    if (this.#owed === 0 || handler?.isBlocked !== false) return;
    connection.sender.giveWindow(id, this.#owed);
    this.#owed = 0;
  }

  /** The stream is over: a head that waits has nowhere to go. */
  clear(): void {
    this.#head = undefined;
  }

  #interim(handler: UpstreamHandler, head: Http2ResponseHead, endsStream: boolean): void {
    this.interims += 1;
    if (endsStream || head.status === 101) this.malformed(`a response that ends with ${head.status}`);
    else if (this.interims > MAX_INTERIMS) this.#stream.fail('response_too_many_interim', undefined, CANCEL);
    else handler.interim(head);
  }

  #trailers(trailers: Http2ResponseHead, endsStream: boolean): void {
    if (!endsStream) this.malformed('trailers that do not end the response');
    else this.#end(this.#hasDeclaredLength, trailers.lines());
  }

  /** The response ends without further data. @param isWhole its length is the one declared */
  #end(isWhole: boolean, trailers = ''): void {
    const { piece } = this.#stream.connection;
    const isLast = isWhole || this.#hasDeclaredLength;
    piece.set(NOTHING, 0, 0, isLast, trailers);
    this.#pass(piece);
    if (isLast) this.#stream.responseEnded();
    else this.#hasOtherLength();
  }

  get #hasDeclaredLength(): boolean {
    return this.#declared < 0 || this.#received === this.#declared;
  }

  #hasOtherLength(): void {
    this.passHead();
    const detail = () => `${this.#received} bytes, not ${this.#declared}`;
    this.#stream.fail('response_length_mismatch', detail, PROTOCOL_ERROR);
  }

  #pass(piece: BodyPiece): void {
    const { handler } = this.#stream;
    const head = this.#head;
    this.#head = undefined;
    if (head === undefined) handler?.responseData(piece);
    else handler?.responded(head, this.#declared, piece);
  }
}
