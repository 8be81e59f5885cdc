import { MOST_STREAMS, type UpstreamPool } from '../../clusters/upstream-pool.ts';
import type { FrameHandler } from '../frame-handler.ts';
import { FrameReader } from '../frame-reader.ts';
import { DATA, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, Http2Error, MAX_INT31, PROTOCOL_ERROR } from '../frames.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import type { Outbox } from '../outbox.ts';
import type { PeerSettings } from '../settings.ts';
import type { StreamMap } from '../stream-map.ts';
import type { Http2UpstreamContext } from './context.ts';
import { CONNECTION_WINDOW, HEADER_TABLE_BYTES, MAX_HEAD_BYTES, MAX_HEAD_FIELDS, MAX_IDLE_FRAMES } from './limits.ts';
import type { StreamSender } from './stream-sender.ts';
import type { Http2UpstreamStream } from './upstream-stream.ts';

const LIMITS = { bytes: MAX_HEAD_BYTES, fields: MAX_HEAD_FIELDS };
/** For the fields of streams that are over. */
const IGNORED = { field: (): void => undefined };

/** A connection to an upstream, as the reader of its frames sees it. */
export interface FramedConnection {
  readonly context: Http2UpstreamContext;
  readonly pool: UpstreamPool;
  readonly sender: StreamSender;
  readonly outbox: Outbox;
  /** Those whose request has been sent, and that are not over. */
  readonly streams: Pick<StreamMap<Http2UpstreamStream>, 'get' | 'values'>;
  /** GOAWAY: takes no further request. */
  retire(): void;
}

/** Reads what an upstream sends on one connection, and hands it to the streams. What it throws ends the connection. */
export class UpstreamFrames implements FrameHandler {
  /** SETTINGS have come: the upstream speaks HTTP/2. */
  isConfirmed = false;
  readonly #connection: FramedConnection;
  readonly #reader: FrameReader;
  readonly #decoder = new HpackDecoder(HEADER_TABLE_BYTES, LIMITS);
  /** Bytes of DATA that came, and that the upstream has no new window for. */
  #owed = 0;
  /** Frames in a row that brought no request and no response further. */
  #idleFrames = 0;
  /** What the sender had sent when the last of them came. */
  #progress = 0;
  /** The stream whose head waits for the first piece of its body. */
  #headOf: Http2UpstreamStream | undefined;

  constructor(connection: FramedConnection) {
    this.#connection = connection;
    this.#reader = new FrameReader(this, connection.context.stashes, false);
  }

  /** @throws Http2Error when the connection cannot go on */
  read(bytes: Buffer, size: number): void {
    this.#reader.read(bytes, size);
    this.#passHead();
  }

  /** Nothing more is read, also of what is being read. */
  stop(): void {
    this.#reader.stop();
  }

  frameBegins(type: number, streamId: number, size: number): void {
    const { outbox, sender } = this.#connection;
    this.#idleFrames = sender.progress === this.#progress ? this.#idleFrames + 1 : 0;
    this.#progress = sender.progress;
    if (this.#idleFrames > MAX_IDLE_FRAMES || outbox.isFlooded) {
      throw new Http2Error(ENHANCE_YOUR_CALM, 'too many frames that carry nothing');
    }
    if (type !== DATA) return;
    this.#owed += size;
    if (this.#owed > CONNECTION_WINDOW) throw new Http2Error(FLOW_CONTROL_ERROR, 'more DATA than the window allows');
    if (this.#owed > CONNECTION_WINDOW / 2) {
      sender.giveWindow(0, this.#owed);
      this.#owed = 0;
    }
    this.#streamOf(streamId)?.response.dataBegins(size);
  }

  data(streamId: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const stream = this.#streamOf(streamId);
    if (stream === undefined) return;
    if (stream === this.#headOf) this.#headOf = undefined;
    if (end > start) this.#idleFrames = 0;
    try {
      stream.response.data(bytes, start, end, endsStream);
    } catch (error) {
      stream.crashed(error);
    }
  }

  headers(streamId: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const stream = this.#streamOf(streamId);
    if (stream === undefined) {
      // The block may change the table that others refer to.
      this.#decoder.decode(bytes, start, end, IGNORED);
      return;
    }
    this.#passHead();
    this.#idleFrames = 0;
    const head = this.#connection.context.http2ResponseHead;
    head.begin(stream.response.hasHead);
    head.end(this.#decoder.decode(bytes, start, end, head));
    try {
      if (stream.response.headers(head, endsStream)) this.#headOf = stream;
    } catch (error) {
      stream.crashed(error);
    }
  }

  streamReset(streamId: number, code: number): void {
    this.#passHead();
    this.#streamOf(streamId)?.wasReset(code);
  }

  settingsChanged(settings: PeerSettings): void {
    const { pool, sender, outbox, streams } = this.#connection;
    this.isConfirmed = true;
    outbox.acknowledgeSettings();
    pool.streamLimit = Math.min(MOST_STREAMS, settings.maxConcurrentStreams);
    sender.initialWindowChanged(settings.initialWindowSize, streams.values());
  }

  settingsAcknowledged(): void {}

  ping(bytes: Buffer, at: number): void {
    this.#connection.outbox.acknowledgePing(bytes, at);
  }

  pingAcknowledged(): void {}

  /** Streams with higher numbers are other upstreams' now (RFC 9113 section 6.8). */
  goaway(lastStreamId: number): void {
    this.#passHead();
    const unprocessed = this.#connection.streams.values().filter(({ id }) => id > lastStreamId);
    this.#connection.retire();
    for (const stream of unprocessed) stream.unprocessed();
  }

  windowUpdate(streamId: number, increment: number): void {
    const { sender } = this.#connection;
    if (streamId === 0) {
      sender.windowGrew(increment);
      return;
    }
    const stream = this.#streamOf(streamId);
    if (stream === undefined) return;
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_INT31) this.streamFailed(streamId, FLOW_CONTROL_ERROR, 'a window beyond 2^31-1');
    else sender.sendWaiting();
  }

  priorityUpdate(): void {}

  streamFailed(streamId: number, code: number, reason: string): void {
    this.#passHead();
    this.#streamOf(streamId)?.response.malformed(reason, code);
  }

  /** A stream that is not over. @throws Http2Error for one that has never been (RFC 9113 section 5.1) */
  #streamOf(streamId: number): Http2UpstreamStream | undefined {
    const stream = this.#connection.streams.get(streamId);
    if (stream === undefined && !this.#connection.sender.hasUsed(streamId)) {
      throw new Http2Error(PROTOCOL_ERROR, `a frame for stream ${streamId}, which has not begun`);
    }
    return stream;
  }

  #passHead(): void {
    const stream = this.#headOf;
    this.#headOf = undefined;
    if (stream === undefined) return;
    try {
      stream.response.passHead();
    } catch (error) {
      stream.crashed(error);
    }
  }
}
