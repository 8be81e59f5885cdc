import { COUNTER } from '../../../observe/counters.ts';
import { FRAME_HEAD_BYTES, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED } from '../frames.ts';
import { type FieldSink, HpackDecoder } from '../hpack/decoder.ts';
import type { ClientStream } from './client-stream.ts';
import { RESET_BY_US } from './closed-streams.ts';
import type { ConnectionStreams } from './connection-streams.ts';
import { HEADER_TABLE_BYTES, MAX_HEAD_BYTES, MAX_HEAD_FIELDS, MAX_STREAMS, MAX_STREAMS_PER_READ } from './limits.ts';
import type { Http2Context } from './server-context.ts';
import { TrailerRules } from './trailer-rules.ts';

const LIMITS = { bytes: MAX_HEAD_BYTES, fields: MAX_HEAD_FIELDS };
/** Smaller heads are not counted in the memory of all clients. */
const SMALL_HEAD_BYTES = 2 * 1024;
/** For a block that only the table needs. */
const NO_SINK: FieldSink = { field: () => undefined };

/** The connection whose heads are read. */
export interface RequestOpener {
  readonly streams: ConnectionStreams;
  /** The protocol by which clients may open tunnels was offered to this one. */
  readonly takesWebSockets: boolean;
  /** No stream above this id is served. */
  readonly lastServedId: number;
  /** A stream is opened. */
  requestBegins(): void;
}

/** Decodes the header blocks of one connection, opens its streams, and refuses those that are too many. */
export class RequestHeads {
  /** Streams that were opened in the bytes that are being read. */
  openedNow = 0;
  readonly #context: Http2Context;
  readonly #connection: RequestOpener;
  readonly #decoder = new HpackDecoder(HEADER_TABLE_BYTES, LIMITS);
  #trailers: TrailerRules | undefined;

  constructor(context: Http2Context, connection: RequestOpener) {
    this.#context = context;
    this.#connection = connection;
  }

  /** Decodes a block whose message is not wanted: the next ones refer to its fields. */
  ignore(bytes: Buffer, start: number, end: number): void {
    this.#decoder.decode(bytes, start, end, NO_SINK);
  }

  /** The first block of a stream. */
  request(id: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const { streams, lastServedId } = this.#connection;
    streams.lastId = id;
    // RFC 9113 section 6.8: the client learns from GOAWAY that it was not served.
    if (id > lastServedId) {
      streams.closed.add(id, RESET_BY_US);
      this.ignore(bytes, start, end);
      return;
    }
    if (this.#isTooMany()) {
      this.ignore(bytes, start, end);
      this.#refuseStream(id);
      return;
    }
    const { rules, streams: spare } = this.#context.http2;
    const { settings, counters, memory } = this.#context;
    counters.addTo(COUNTER.requests, 1);
    counters.addTo(COUNTER.http2Streams, 1);
    const stream = spare.take(streams);
    const { head } = stream;
    rules.begin(head, settings.underscoresInHeaders, this.#connection.takesWebSockets);
    const isWhole = this.#decoder.decode(bytes, start, end, rules);
    const fault = rules.end(isWhole, !endsStream);
    this.openedNow += 1;
    streams.open(stream, id, FRAME_HEAD_BYTES + end - start);
    this.#connection.requestBegins();
    try {
      if (fault !== undefined) {
        stream.refuse(fault, rules.requestLine, rules.faultPlace, endsStream);
      } else if (rules.size > SMALL_HEAD_BYTES && !memory.hasRoom()) {
        stream.refuse('memory_exhausted', rules.requestLine, '', endsStream);
      } else {
        stream.begin(endsStream, rules.size > SMALL_HEAD_BYTES ? rules.size : 0);
      }
    } catch (error) {
      stream.crashed(error);
    }
  }

  /** A further block of an open stream. */
  trailers(stream: ClientStream, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    this.#trailers ??= new TrailerRules();
    const rules = this.#trailers;
    rules.begin();
    const isWhole = this.#decoder.decode(bytes, start, end, rules);
    stream.receivedBytes += FRAME_HEAD_BYTES + end - start;
    if (stream.input.isEnded) stream.reset(STREAM_CLOSED);
    // RFC 9113 section 8.5: a tunnel has none.
    else if (stream.head.isTunnel) stream.reset(PROTOCOL_ERROR);
    else if (!isWhole) stream.failMalformed('request_header_too_large', 'trailers');
    // RFC 9113 section 8.1: trailers are the end.
    else if (!endsStream) stream.failMalformed('request_header_malformed', 'trailers without the end of the stream');
    else if (rules.fault !== undefined) stream.failMalformed(rules.fault, 'trailers');
    else stream.trailers(rules.lines);
  }

  /** What was begun for streams that have ended counts until it has ended, too. */
  #isTooMany(): boolean {
    const { streams } = this.#connection;
    return streams.size >= MAX_STREAMS || this.openedNow >= MAX_STREAMS_PER_READ || streams.connects >= MAX_STREAMS;
  }

  #refuseStream(id: number): void {
    const { streams } = this.#connection;
    this.#context.counters.addTo(COUNTER.http2StreamsRefused, 1);
    streams.outbox.reset(id, REFUSED_STREAM);
    streams.closed.add(id, RESET_BY_US);
    streams.countEnd('opens more streams than it may');
  }
}
