import { COUNTER, type WorkerCounters } from '../../../observe/counters.ts';
import type { FrameHandler } from '../frame-handler.ts';
import {
  CONTINUATION,
  DATA,
  DEFAULT_WINDOW,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_HEAD_BYTES,
  HEADERS,
  Http2Error,
  PROTOCOL_ERROR,
  RST_STREAM,
  STREAM_CLOSED,
  WINDOW_UPDATE,
} from '../frames.ts';
import type { PeerSettings } from '../settings.ts';
import { RESET_BY_US } from './closed-streams.ts';
import type { ConnectionStreams } from './connection-streams.ts';
import { CONNECTION_WINDOW } from './limits.ts';
import type { RequestHeads } from './request-heads.ts';

/** The connection whose frames are received. */
export interface ReceivingConnection {
  readonly streams: ConnectionStreams;
  /** The client has sent its settings. */
  greeted(): void;
  pingAcknowledged(): void;
  /** The client opens no more streams. */
  clientLeaves(): void;
}

/** What each frame of a client means for its stream, by the states of RFC 9113 section 5.1, and for the windows. */
export class FrameReceiver implements FrameHandler {
  readonly #connection: ReceivingConnection;
  readonly #counters: WorkerCounters;
  readonly #heads: RequestHeads;
  /** Bytes that the client may send on all streams together. */
  #window = CONNECTION_WINDOW;
  /** Received, and not yet said to the client. */
  #credit = 0;
  /** The DATA frame that is being read: what is left of it in the end is padding. */
  #dataStream = 0;
  #dataLeft = 0;
  /** A frame of another type than DATA is being read. */
  isControl = false;

  constructor(connection: ReceivingConnection, counters: WorkerCounters, heads: RequestHeads) {
    this.#connection = connection;
    this.#counters = counters;
    this.#heads = heads;
  }

  get #streams(): ConnectionStreams {
    return this.#connection.streams;
  }

  /** The first frames that go out: what the client's windows are beyond their defaults. */
  static openWindow(streams: ConnectionStreams): void {
    streams.outbox.windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW);
  }

  frameBegins(type: number, streamId: number, size: number): void {
    const { misbehaviour } = this.#streams;
    if (this.#dataLeft > 0) this.#takePadding();
    this.isControl = type !== DATA;
    const bytes = FRAME_HEAD_BYTES + size;
    if (type === HEADERS || type === CONTINUATION) misbehaviour.served(bytes);
    else if (misbehaviour.received(bytes)) throw new Http2Error(ENHANCE_YOUR_CALM, 'frames that carry nothing');
    if (type === DATA) this.#dataBegins(streamId, size);
    else if ((type === RST_STREAM || (type === WINDOW_UPDATE && streamId > 0)) && this.#streams.isIdle(streamId))
      throw new Http2Error(PROTOCOL_ERROR, 'a frame for a stream that was not opened');
  }

  data(streamId: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const size = end - start;
    this.#dataLeft -= size;
    this.#streams.misbehaviour.carried(size);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    try {
      stream.data(bytes, start, end, endsStream);
    } catch (error) {
      stream.crashed(error);
    }
  }

  headers(streamId: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void {
    const streams = this.#streams;
    const stream = streams.get(streamId);
    if (stream !== undefined) this.#heads.trailers(stream, bytes, start, end, endsStream);
    else if (streamId % 2 === 0) throw new Http2Error(PROTOCOL_ERROR, `a stream ${streamId} of a client`);
    else if (streamId > streams.lastId) this.#heads.request(streamId, bytes, start, end, endsStream);
    else this.#headersOfClosed(streamId, bytes, start, end);
  }

  streamReset(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#counters.addTo(COUNTER.http2ResetsReceived, 1);
    this.#streams.resetByClient(stream);
  }

  settingsChanged(settings: PeerSettings): void {
    this.#streams.changeInitialWindow(settings.initialWindowSize);
    this.#streams.outbox.acknowledgeSettings();
    this.#connection.greeted();
  }

  settingsAcknowledged(): void {}

  ping(bytes: Buffer, at: number): void {
    this.#streams.outbox.acknowledgePing(bytes, at);
  }

  pingAcknowledged(): void {
    this.#connection.pingAcknowledged();
  }

  goaway(): void {
    this.#connection.clientLeaves();
  }

  windowUpdate(streamId: number, increment: number): void {
    if (streamId === 0) {
      this.#streams.widen(increment);
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#streams.widenStream(stream, increment);
  }

  priorityUpdate(streamId: number, value: string): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#streams.prioritise(stream, value);
  }

  streamFailed(streamId: number, code: number, reason: string): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) stream.reset(code);
    else if (this.#streams.isIdle(streamId)) throw new Http2Error(code, reason);
  }

  #dataBegins(streamId: number, size: number): void {
    const streams = this.#streams;
    this.#dataStream = streamId;
    this.#dataLeft = size;
    this.#window -= size;
    if (this.#window < 0) throw new Http2Error(FLOW_CONTROL_ERROR, 'DATA beyond the window of the connection');
    this.#giveCredit(size);
    const stream = streams.get(streamId);
    if (stream === undefined) {
      this.#dataOfClosed(streamId);
      return;
    }
    const { input } = stream;
    input.window -= size;
    if (input.isEnded) stream.reset(STREAM_CLOSED);
    else if (input.window < 0) stream.reset(FLOW_CONTROL_ERROR);
  }

  /**
   * Bytes count as received when they come, whichever stream they are for: an upload that its upstream does not read must not
   * stop the others. Only when very much of them waits, all of them wait.
   */
  #giveCredit(size: number): void {
    this.#credit += size;
    if (this.#credit < CONNECTION_WINDOW / 2 || this.#streams.keptBytes > CONNECTION_WINDOW) return;
    this.#streams.outbox.windowUpdate(0, this.#credit);
    this.#window += this.#credit;
    this.#credit = 0;
  }

  /** RFC 9113 section 5.1: what was on its way when we reset the stream is ignored. */
  #dataOfClosed(streamId: number): void {
    const streams = this.#streams;
    if (streams.isIdle(streamId)) throw new Http2Error(PROTOCOL_ERROR, 'DATA for a stream that was not opened');
    if (streams.closed.how(streamId) === RESET_BY_US) return;
    throw new Http2Error(STREAM_CLOSED, 'DATA for a stream that has ended');
  }

  #headersOfClosed(streamId: number, bytes: Buffer, start: number, end: number): void {
    const how = this.#streams.closed.how(streamId);
    if (how === undefined) throw new Http2Error(PROTOCOL_ERROR, 'HEADERS for a stream below others');
    if (how !== RESET_BY_US) throw new Http2Error(STREAM_CLOSED, 'HEADERS for a stream that has ended');
    this.#heads.ignore(bytes, start, end);
  }

  #takePadding(): void {
    this.#streams.get(this.#dataStream)?.input.takePadding(this.#dataLeft);
    this.#dataLeft = 0;
  }
}
