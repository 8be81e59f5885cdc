import type { PeerSettings } from './settings.ts';

/** What a connection's frames are handed to. All bytes are valid during the call only. */
export interface FrameHandler {
  /**
   * A frame begins. It comes before the frame's own call, for all types, also those that are ignored: what floods are counted
   * by, and the flow-control windows, in which DATA counts with its padding.
   * @param size of the payload
   */
  frameBegins(type: number, streamId: number, size: number): void;
  /** Data of a DATA frame, as far as it has come; an empty piece comes only with the end of the stream. */
  data(streamId: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void;
  /** A complete header block, out of HEADERS and CONTINUATION. */
  headers(streamId: number, bytes: Buffer, start: number, end: number, endsStream: boolean): void;
  /** RST_STREAM. */
  streamReset(streamId: number, code: number): void;
  /** SETTINGS of the peer, which are to be acknowledged. @param settings all that are in force; always the same object */
  settingsChanged(settings: PeerSettings): void;
  settingsAcknowledged(): void;
  /** PING, which is to be acknowledged. @param at where its 8 bytes begin */
  ping(bytes: Buffer, at: number): void;
  /** @param at as in {@link ping} */
  pingAcknowledged(bytes: Buffer, at: number): void;
  goaway(lastStreamId: number, code: number): void;
  /** @param streamId 0 for the connection's window */
  windowUpdate(streamId: number, increment: number): void;
  /** PRIORITY_UPDATE (RFC 9218 section 7.1). @param value as that of a Priority header */
  priorityUpdate(streamId: number, value: string): void;
  /** A frame was wrong in a way that ends its stream alone (RFC 9113 section 5.4.2). */
  streamFailed(streamId: number, code: number, reason: string): void;
}
