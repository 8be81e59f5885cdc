import type { UpstreamHandler } from '../pipeline/ports.ts';
import { type ClientMemory, SMALL_BYTES } from '../transport/client-memory.ts';
import type { Inlet } from '../transport/read-buffers.ts';
import { Stash, type Stashes } from '../transport/stash.ts';
import { ChunkedBody } from './chunked-body.ts';
import { MAX_INTERIMS } from './limits.ts';
import { ReadPiece } from './read-piece.ts';
import { ResponseHead } from './response-head.ts';

/** Awaiting a response head, or the rest of one. */
const HEAD = 0;
const BODY_LENGTH = 1;
const BODY_CHUNKED = 2;
/** The end of the connection ends the body. */
const BODY_CLOSE = 3;
const TUNNEL = 4;

/** What the response readers of a worker share. */
export interface ResponseReaderContext {
  readonly memory: ClientMemory;
  readonly stashes: Stashes;
  /** A response head is read and passed on at once: one serves all upstreams. */
  responseHead: ResponseHead;
}

/** Decodes what an upstream sends: heads, bodies, tunnels. */
export class ResponseReader {
  /** The upstream's own limit for idle connections; -1 when it does not say. */
  keepAliveMs = -1;
  /** Part of a response has come: the request must not be sent again. */
  hasBegun = false;
  /** The response ends before the connection does, and another may follow. */
  isReusable = false;
  readonly #context: ResponseReaderContext;
  readonly #piece: ReadPiece;
  #state = HEAD;
  #isHeadRequest = false;
  /** A response head that is not complete, and what came of it. */
  #head: ResponseHead | undefined;
  readonly #stash: Stash;
  /** 1xx responses to the request under way. */
  #interims = 0;
  #remaining = 0;
  #chunked: ChunkedBody | undefined;
  /** Called with whether no byte came after the response. */
  readonly #complete: (isClean: boolean) => void;

  /** @param inlet through which the bytes come @param complete called behind the last piece of a response */
  constructor(context: ResponseReaderContext, inlet: Inlet, complete: (isClean: boolean) => void) {
    this.#context = context;
    this.#piece = new ReadPiece(inlet);
    this.#stash = new Stash(context.stashes);
    this.#complete = complete;
  }

  get awaitsHead(): boolean {
    return this.#state === HEAD;
  }

  get isTunnel(): boolean {
    return this.#state === TUNNEL;
  }

  /** Another request is sent. */
  begin(isHeadRequest: boolean): void {
    this.#state = HEAD;
    this.#isHeadRequest = isHeadRequest;
    this.#interims = 0;
    this.hasBegun = false;
    this.isReusable = false;
  }

  /** Lets go of a head that is not complete. */
  clear(): void {
    this.#head = undefined;
    this.#stash.clear();
  }

  read(handler: UpstreamHandler, bytes: Buffer, size: number): void {
    if (this.#state === TUNNEL) this.#passTunnel(handler, bytes, 0, size);
    else if (this.#state === HEAD) this.#readHead(handler, bytes, size);
    else this.#readBody(handler, undefined, bytes, 0, size);
  }

  /** The upstream has sent FIN. @returns whether that is a proper end of the response or of the tunnel */
  end(handler: UpstreamHandler): boolean {
    if (this.#state === TUNNEL) {
      handler.upstreamEndedTunnel();
      return true;
    }
    if (this.#state !== BODY_CLOSE) return false;
    this.#piece.setEnd();
    handler.responseData(this.#piece);
    this.#complete(true);
    return true;
  }

  #readHead(handler: UpstreamHandler, fresh: Buffer, size: number): void {
    // A head that comes in pieces goes on where it stopped, and has an object of its own for that.
    const begun = this.#head;
    const head = begun ?? this.#context.responseHead;
    const bytes = begun === undefined ? fresh : this.#stash.append(fresh, size);
    const end = begun === undefined ? size : bytes.length;
    this.hasBegun = true;
    let at = 0;
    for (;;) {
      if (at > 0 || begun === undefined) head.reset();
      const outcome = head.read(bytes, at, end);
      if (typeof outcome === 'string') {
        handler.fail(outcome, () => head.faultPlace(bytes, at, end));
        return;
      }
      if (!outcome) {
        this.#keepHead(handler, head, bytes, at, end);
        return;
      }
      at += head.length;
      if (this.#head !== undefined) this.clear();
      if (head.status === 101) {
        if (handler.switched(head)) {
          this.#state = TUNNEL;
          if (at < end) this.#passTunnel(handler, bytes, at, end);
        }
        return;
      }
      if (head.status >= 200) break;
      this.#interims += 1;
      if (this.#interims > MAX_INTERIMS) {
        handler.fail('response_too_many_interim');
        return;
      }
      handler.interim(head);
      if (at === end) return;
    }
    this.#beginBody(head);
    this.#readBody(handler, head, bytes, at, end);
  }

  #keepHead(handler: UpstreamHandler, head: ResponseHead, bytes: Buffer, at: number, end: number): void {
    if (this.#head === undefined) {
      this.#head = head;
      this.#context.responseHead = new ResponseHead();
    }
    this.#stash.keep(bytes, at, end);
    if (end - at > SMALL_BYTES && !this.#context.memory.hasRoom()) handler.fail('memory_exhausted');
    else handler.upstreamMoved();
  }

  /** RFC 9112 section 6.3. */
  #beginBody(head: ResponseHead): void {
    const { status, contentLength } = head;
    const isBodiless = this.#isHeadRequest || status === 204 || status === 304;
    this.keepAliveMs = head.keepAliveMs;
    this.#remaining = isBodiless ? 0 : contentLength;
    if (head.isChunked && !isBodiless) {
      this.#state = BODY_CHUNKED;
      this.#chunked ??= new ChunkedBody();
      this.#chunked.reset(head.connectionOptions);
    } else {
      this.#state = this.#remaining >= 0 ? BODY_LENGTH : BODY_CLOSE;
    }
    const hasEnd = this.#state !== BODY_CLOSE;
    this.isReusable = hasEnd && !head.saysClose && (head.minorVersion === 1 || head.saysKeepAlive);
  }

  /** @param head of the response where this is its first piece */
  #readBody(handler: UpstreamHandler, head: ResponseHead | undefined, bytes: Buffer, start: number, end: number): void {
    const piece = this.#piece;
    const bodyLength = this.#remaining;
    const stop = this.#take(bytes, start, end);
    if (head === undefined) handler.responseData(piece);
    else handler.responded(head, bodyLength, piece);
    if (stop < 0) handler.fail('response_chunk_malformed');
    // Bytes past the declared length are cut, and the connection that sent them ends.
    else if (piece.isLast) this.#complete(stop === end);
  }

  /** Decodes a piece. @returns the place after it, or -1 for bytes that break the rules of chunks */
  #take(bytes: Buffer, start: number, end: number): number {
    const piece = this.#piece;
    if (this.#state === BODY_CHUNKED) {
      const body = this.#chunked as ChunkedBody;
      const stop = body.feed(bytes, start, end);
      piece.setRanges(bytes, body.ranges, body.rangeBytes, end);
      piece.isLast = body.isComplete;
      piece.trailers = body.trailers;
      return stop;
    }
    if (this.#state === BODY_CLOSE) {
      piece.set(bytes, start, end, end, false);
      return end;
    }
    const stop = start + Math.min(this.#remaining, end - start);
    this.#remaining -= stop - start;
    piece.set(bytes, start, stop, end, this.#remaining === 0);
    return stop;
  }

  #passTunnel(handler: UpstreamHandler, bytes: Buffer, start: number, end: number): void {
    this.#piece.set(bytes, start, end, end, false);
    handler.tunnelFromUpstream(this.#piece);
  }
}
