/**
 * The ports between the pipeline and the codecs. A codec decodes one protocol and calls a handler; an exchange calls the codec's
 * port, and the codec encodes. Only codecs decide lengths, chunks, `Connection` and keep-alive.
 */

import type { FailureReason } from '../../failures/failures.ts';
import type { Endpoint } from '../../model/cluster.ts';
import type { LoggedHead, Protocol } from '../log/request-record.ts';
import type { TimeLimit } from '../runtime/timer-wheel.ts';
import type { ClientPort, TlsSession } from './known-client.ts';

/** What was wrong, for people. A function where the text takes work: only a few failures a second need it. */
export type FailureDetail = string | (() => string);

/** The head of a request, as its codec has read and checked it. */
export interface RequestView extends LoggedHead {
  readonly protocol: Protocol;
  readonly method: string;
  /** The request target as it came (RFC 9112 section 3.2). */
  readonly target: string;
  /** The Host header as it came; empty without one. */
  readonly host: string;
  readonly hasHost: boolean;
  /** Bytes of the body; -1 where no length is declared. */
  readonly contentLength: number;
  /** It has a body whose length is not declared. */
  readonly isChunked: boolean;
  /** The client asks for another protocol, and may: it speaks HTTP/1.1 and sends no body, which a tunnel would lose. */
  readonly offersUpgrade: boolean;
  /** The client takes 1xx responses, and may wait for 100 (RFC 9110 section 10.1.1: an HTTP/1.0 client does neither). */
  readonly takesInterims: boolean;
  /** Whether a header has come. @param id of header-ids.ts */
  has(id: number): boolean;
  /** The values of a header's lines, joined as a list; empty without any. */
  value(id: number): string;
  /**
   * The values of all header lines with a name, whatever it is; empty without any. It looks through the whole head.
   * @param name in lower case
   * @param separator stands between the values of several lines
   */
  field(name: string, separator: string): string;
  /** The names, as they came, and values of all header lines. */
  fields(): Iterable<readonly [name: string, value: string]>;
  /** The header lines that go on unchanged, each with its line end. */
  lines(): string;
}

/** The head of a response, as its codec has read and checked it. */
export interface ResponseView {
  readonly status: number;
  /** A space, the status, a space and the reason phrase. */
  readonly statusAndReason: string;
  /** The declared length; -1 without one. */
  readonly contentLength: number;
  readonly hasDate: boolean;
  readonly hasTrailer: boolean;
  /** It has a header that {@link FieldEdits} may change. */
  readonly hasRedirects: boolean;
  /** What the Upgrade header says; empty without one. */
  readonly upgrade: string;
  /** It asks for a login that is the connection's and not the request's (RFC 4559 section 6). */
  readonly authenticatesConnection: boolean;
  /**
   * The values of all header lines with a name, as a list; empty without any. It looks through the whole head.
   * @param name in lower case
   */
  fieldValue(name: string): string;
  /** The header lines that go on unchanged, each with its line end. */
  lines(): string;
}

/** A piece of a body, within the bytes of one read. It is valid during the call that it is handed to. */
export interface BodyPiece {
  /** Bytes of data; the last piece may have none. */
  readonly size: number;
  /** The body ends with it. */
  readonly isLast: boolean;
  /** Trailer lines that go on behind the last piece, each with its line end. */
  readonly trailers: string;
  /** The data as latin1 text. */
  text(): string;
  /** Copies the data from `start` to `end`, both counted from its first byte. */
  copy(target: Buffer, at: number, start: number, end: number): void;
  /** Memory that holds the data until it is given back. */
  keep(): KeptBytes;
}

/** The part of a request's body that an upstream was given, for the upstream that gets the request next. */
export interface KeptBody extends BodyPiece {
  /** Gives its memory back. */
  release(): void;
}

/** Memory that belongs to the writer of its bytes until the writer gives it back. */
export interface KeptBytes {
  readonly giveBack: () => void;
  /** The first `size` bytes, with short texts written around them. */
  view(size: number, before: string, behind: string): Uint8Array;
}

/** What becomes of a header line: it stays as it is, it goes, or its value is edited. */
export const STAYS = 0;
export const GOES = 1;
export const EDITED = 2;
export type Fate = typeof STAYS | typeof GOES | typeof EDITED;

/** Changes to the header lines of a message. */
export interface FieldEdits {
  /** Header lines that are put behind the others, each with its line end. */
  readonly added: string;
  /** The lengths of the names that it concerns, each as {@link lengthBit} has it: most lines are passed by at once. */
  readonly lengths: number;
  /** What becomes of a line whose name stands in the text from `start` to `end`, in whatever case. */
  fateOf(text: string, start: number, end: number): Fate;
  /** @param name in lower case, of a line that is edited @returns the new value */
  edit(name: string, value: string): string;
}

/** A bit for the length of a name; all that are longer than 31 share one with those of 31. */
export function lengthBit(length: number): number {
  return 1 << Math.min(length, 31);
}

/** The bits for the lengths of all of the names. */
export function lengthBits(names: Iterable<string>): number {
  let bits = 0;
  for (const name of names) bits |= lengthBit(name.length);
  return bits;
}

/** A complete response that the pipeline gives itself. */
export interface Answer {
  readonly status: number;
  /** Empty: it has none. */
  readonly contentType: string;
  /** Further headers: name, value. None of them is Content-Type or says how the body is framed. */
  readonly headers: readonly (readonly [string, string])[];
  /** Bytes as latin1 text. */
  readonly body: string;
}

/** One side of an exchange, as its time limit sees it. */
export interface Side {
  readonly limit: TimeLimit;
  /** It takes no more bytes for now. */
  readonly isBlocked: boolean;
  /** Some of the bytes that wait for it have gone since this was asked last. */
  takesSome(): boolean;
}

/** Time limits that connections set for themselves. */
export interface ConnectionLimits {
  /** Until a client's first byte, and from the first byte of a head to its last. */
  head(client: TimeLimit): void;
  /** Until the next request. */
  idle(client: TimeLimit, isDraining: boolean): void;
  /** Until the last bytes of a connection have gone out. */
  ending(client: TimeLimit): void;
  /** After FIN. */
  lingering(client: TimeLimit): void;
  none(limit: TimeLimit): void;
  /** For a connection that is gone. */
  remove(limit: TimeLimit): void;
  /** A limit has passed. @returns whether the side has moved after all, so that its limit begins anew */
  isRenewed(side: Side): boolean;
}

/** What upstreams are told about a client whom no trusted proxy speaks for, and who says nothing of itself. */
export interface PlainForwarded {
  /**
   * Header lines, each with its line end.
   * @param authority host and port as they came; empty where the request names none
   * @param isToIngress upstreams of Ingresses are told more
   */
  lines(authority: string, isToIngress: boolean): string;
}

/** What is known of a client: the same for all requests of its connection. */
export interface ClientIdentity {
  /** The address of the peer, or of the one that the PROXY protocol says it passes on. */
  readonly peer: string;
  /** Undefined on the plain port. */
  readonly tls: TlsSession | undefined;
  /** The port of a Gateway that it has come to; undefined on all other ports. */
  readonly port: ClientPort | undefined;
  readonly plainForwarded: PlainForwarded;
  /** Idle upstream connections that serve this client alone. They end with it. */
  ownUpstreams: Upstream[] | undefined;
  /** Connections to upstreams that are being made for it, also for requests that have ended meanwhile. */
  connects: number;
}

/** One request and its answer as a client speaks it: an HTTP/1.1 connection while it is busy, or one stream of HTTP/2. */
export interface Downstream extends Side {
  readonly client: ClientIdentity;
  /** The whole request has come. */
  readonly isRequestComplete: boolean;
  /** Bytes of the body have come, and wait to be read. */
  readonly hasBodyBytes: boolean;
  /** Bytes that it sends on at once; of a larger piece, the rest waits in memory. */
  readonly room: number;
  /** Bytes that have come since this was set to 0. */
  receivedBytes: number;
  /** Bytes of the answer, or of a tunnel, that were sent. */
  readonly sentBytes: number;
  /** Those of the response's body, or of a tunnel. */
  readonly sentBodyBytes: number;
  /** Reads no more of the body for now. */
  pause(): void;
  /** Reads on, beginning with what has come already. */
  resume(): void;
  /** Passes on a 1xx response. */
  interim(head: ResponseView): void;
  /**
   * Passes on the head of the final response, and the first piece of its body with it.
   * @param bodyLength -1 when it is not known
   */
  respond(head: ResponseView, bodyLength: number, edits: FieldEdits | undefined, piece: BodyPiece): void;
  /** Sends on a further piece of the response's body, or bytes of a tunnel. */
  write(piece: BodyPiece): void;
  /**
   * Answers without an upstream.
   * @param closes the connection must not be used again
   * @returns whether the rest of the request is still read
   */
  answer(answer: Answer, closes: boolean): boolean;
  /** Passes on a 101 response: from here on, both sides send bytes of a tunnel. @param added as in {@link FieldEdits} */
  switchProtocols(head: ResponseView, added: readonly string[]): void;
  /** Request and response are over. */
  finish(): void;
  /**
   * Ends the response before its end, so that the client sees it. What was written still goes out.
   * @param code of HTTP/2 that the upstream ended it with; undefined where it gave none
   */
  cut(code?: number): void;
  /** A bug has ended the exchange. */
  crashed(error: unknown): void;
}

/** What the codec of a client's side calls: the exchange of one request. */
export interface DownstreamHandler {
  /** Pieces of the body can be taken now. */
  readonly takesBody: boolean;
  /** A head is complete. */
  received(head: RequestView): void;
  /** Bytes came that are no request, or too slowly to be one. @param line their first line @param head what could be read of it */
  refuse(reason: FailureReason, line: string, detail: FailureDetail, head?: RequestView): void;
  /** A piece of the request's body. */
  data(piece: BodyPiece): void;
  /** The client takes bytes again. */
  clientDrained(): void;
  tunnelFromClient(piece: BodyPiece): void;
  /** The client ended its side of a tunnel. @param takesMore it still takes what the upstream sends */
  clientEndedTunnel(takesMore: boolean): void;
  /** Answers with an error; where an answer has begun, the client sees that it is cut short. */
  fail(reason: FailureReason, detail?: FailureDetail): void;
  /** The connection has ended, with the request under way. @param reason undefined where the client has left */
  abandon(reason: FailureReason | undefined, error: string): void;
  /** A bug ended it. @returns whether it was under way: its client has been answered, or sees that the answer is cut */
  endCrashed(stack: string): boolean;
  /** Drops the texts that are parts of the head: each would keep the whole head in memory. */
  forget(): void;
  /** The request is over, and another downstream may use the handler. */
  release(): void;
}

/** What the upstream is told about the client. */
export interface Forwarded {
  readonly realIp: string;
  readonly forwardedFor: string;
  readonly proto: string;
  /** Empty when the client sent no Host. */
  readonly host: string;
}

/** What upstreams of Ingresses are told about the client. What is empty is not said. */
export interface IngressForwarded extends Forwarded {
  readonly port: string;
  /** Path and query as the client has sent them. */
  readonly originalUri: string;
  /** What X-Forwarded-For and X-Forwarded-Host said. */
  readonly originalFor: string;
  readonly originalHost: string;
}

/** What codecs need of the head of a request that they send. */
export type OutgoingHead = Pick<
  RequestView,
  'method' | 'contentLength' | 'isChunked' | 'takesInterims' | 'has' | 'value' | 'lines'
>;

/** A request as an upstream gets it. */
export interface OutgoingRequest {
  readonly head: OutgoingHead;
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  /** Of the absolute target or the Host header, as it came; empty for HTTP/1.0 without one. */
  readonly authority: string;
  readonly client: ClientIdentity;
  /** What is said of the client; undefined for one that no proxy speaks for. */
  readonly forwarded: Forwarded | undefined;
  /** What is said instead to upstreams of an Ingress, `plain` where the client's {@link PlainForwarded} says it; absent elsewhere. */
  readonly ingress?: IngressForwarded | 'plain' | undefined;
  /** What is said of the client's certificate: names and values of headers. */
  readonly certificateFields: readonly (readonly [name: string, value: string])[];
  /** The prefix that the target lacks; empty without one. */
  readonly forwardedPrefix: string;
  readonly requestId: string;
  /** A cookie that is between the client and this proxy; empty without one. */
  readonly hiddenCookie: string;
  /** What policies change in the header lines behind Host; undefined where they change nothing. */
  readonly edits: FieldEdits | undefined;
  /**
   * Of a request that is no client's: all its header lines but Host and those that frame the body, each with its line end.
   * Undefined where the lines are made of the client's head and of what is said of the client.
   */
  readonly ownLines: string | undefined;
  /** The protocols to upgrade to; undefined for a plain request. */
  readonly upgrade: string | undefined;
}

/** One request and its answer as a backend speaks it. */
export interface Upstream extends Side {
  /** Where it leads. */
  readonly endpoint: Endpoint;
  /** Requests that were sent on it, with the one under way. */
  served: number;
  /** It is idle, and another request may be sent on it. */
  readonly isReusable: boolean;
  /** The kernel has taken nothing of the request that was sent last: the connection was broken before. */
  readonly isUnsent: boolean;
  /** A request begins. @param bodyFollows a piece of its body is written at once, and goes out with the head */
  send(request: OutgoingRequest, handler: UpstreamHandler, bodyFollows: boolean): void;
  /** Sends on a piece of the request's body, or bytes of a tunnel. @returns false when it takes no more for now */
  write(piece: BodyPiece): boolean;
  /** Reads on, after the client was blocked. */
  resume(): void;
  /** From now on it serves this client alone. */
  keepFor(client: ClientIdentity): void;
  /** It was made for a request that has ended meanwhile, and may serve another. */
  release(): void;
  /** Ends a tunnel, after what was written has gone out. */
  endSoon(): void;
  /** Ends our side of a tunnel, after what was written has gone out. The upstream may still send, until it ends its own. */
  halfClose(): void;
  destroy(): void;
}

/** What the codec of an upstream's side calls: the exchange that a response is for. */
export interface UpstreamHandler {
  /** The client takes no more for now: reading has to stop. */
  readonly isBlocked: boolean;
  /** As {@link Downstream.room}: more should not be read at once. */
  readonly room: number;
  /** Part of a head has come. */
  upstreamMoved(): void;
  /** The upstream takes bytes again. */
  upstreamDrained(): void;
  /** A 1xx response but 101. */
  interim(head: ResponseView): void;
  /** @returns whether the upstream may switch: then the bytes that follow are a tunnel's */
  switched(head: ResponseView): boolean;
  /** The final response's head, with the first piece of its body. @param bodyLength -1 when it is not known */
  responded(head: ResponseView, bodyLength: number, piece: BodyPiece): void;
  /** A further piece of the response's body. */
  responseData(piece: BodyPiece): void;
  /** The response is complete, and the upstream serves others. */
  responseComplete(): void;
  tunnelFromUpstream(piece: BodyPiece): void;
  upstreamEndedTunnel(): void;
  /** The connection ended before a response began. @param error its code; undefined when the upstream closed */
  upstreamBroken(hasBegun: boolean, error: string | undefined): void;
  /**
   * The upstream has said that it did nothing with the request (RFC 9113 section 8.7).
   * @param body what it was given of the request's body; undefined where that is no longer kept
   */
  upstreamUnprocessed(body: KeptBody | undefined): void;
  /** The upstream has ended this request alone. @param code of HTTP/2 @param name of the code */
  upstreamReset(code: number, name: string): void;
  fail(reason: FailureReason, detail?: FailureDetail): void;
  crashed(error: unknown): void;
}
