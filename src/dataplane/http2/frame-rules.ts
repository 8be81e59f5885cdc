/** What the head of each frame must say: RFC 9113 section 6. */
import {
  ACK,
  CONTINUATION,
  DATA,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  Http2Error,
  PADDED,
  PING,
  PRIORITISED,
  PRIORITY,
  PRIORITY_UPDATE,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts';
import { SETTING_BYTES } from './settings.ts';

/** A dependency and a weight, which RFC 9113 section 5.3.2 made meaningless. */
export const PRIORITY_BYTES = 5;

const NAMES: ReadonlyMap<number, string> = new Map([
  [DATA, 'DATA'],
  [HEADERS, 'HEADERS'],
  [PRIORITY, 'PRIORITY'],
  [RST_STREAM, 'RST_STREAM'],
  [SETTINGS, 'SETTINGS'],
  [PUSH_PROMISE, 'PUSH_PROMISE'],
  [PING, 'PING'],
  [GOAWAY, 'GOAWAY'],
  [WINDOW_UPDATE, 'WINDOW_UPDATE'],
  [CONTINUATION, 'CONTINUATION'],
  [PRIORITY_UPDATE, 'PRIORITY_UPDATE'],
]);

/** @returns what a type of frames is called in messages */
export function frameName(type: number): string {
  return NAMES.get(type) ?? `a frame of type ${type}`;
}

/** @throws Http2Error where the frame ends the connection, whatever is in it */
export function checkFrame(type: number, flags: number, streamId: number, size: number): void {
  switch (type) {
    case DATA:
      needsStream(type, streamId);
      needsSize(type, size, (flags & PADDED) === 0 ? 0 : 1);
      break;
    case HEADERS:
      needsStream(type, streamId);
      needsSize(type, size, ((flags & PADDED) === 0 ? 0 : 1) + ((flags & PRIORITISED) === 0 ? 0 : PRIORITY_BYTES));
      break;
    case PRIORITY:
    case CONTINUATION:
      needsStream(type, streamId);
      break;
    case RST_STREAM:
      needsStream(type, streamId);
      needsSize(type, size, 4, 4);
      break;
    case SETTINGS:
      needsConnection(type, streamId);
      if ((flags & ACK) !== 0) needsSize(type, size, 0, 0);
      else if (size % SETTING_BYTES !== 0) throw wrongSize(type, size);
      break;
    case PING:
      needsConnection(type, streamId);
      needsSize(type, size, 8, 8);
      break;
    case GOAWAY:
      needsConnection(type, streamId);
      needsSize(type, size, 8);
      break;
    case WINDOW_UPDATE:
      needsSize(type, size, 4, 4);
      break;
    case PRIORITY_UPDATE:
      needsConnection(type, streamId);
      needsSize(type, size, 4);
      break;
    case PUSH_PROMISE:
      // RFC 9113 section 8.4: clients never push, and we switch it off where we are the client.
      throw new Http2Error(PROTOCOL_ERROR, 'PUSH_PROMISE');
    default:
  }
}

function needsStream(type: number, streamId: number): void {
  if (streamId === 0) throw new Http2Error(PROTOCOL_ERROR, `${frameName(type)} on stream 0`);
}

function needsConnection(type: number, streamId: number): void {
  if (streamId !== 0) throw new Http2Error(PROTOCOL_ERROR, `${frameName(type)} on stream ${streamId}`);
}

function needsSize(type: number, size: number, least: number, most = Infinity): void {
  if (size < least || size > most) throw wrongSize(type, size);
}

function wrongSize(type: number, size: number): Http2Error {
  return new Http2Error(FRAME_SIZE_ERROR, `${frameName(type)} of ${size} bytes`);
}
