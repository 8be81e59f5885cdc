import { readLatin1 } from '../../formats/http/bytes.ts';
import type { FrameHandler } from './frame-handler.ts';
import { PRIORITY_BYTES } from './frame-rules.ts';
import {
  ACK,
  FRAME_SIZE_ERROR,
  GOAWAY,
  Http2Error,
  MAX_INT31,
  PING,
  PRIORITY,
  PRIORITY_UPDATE,
  PROTOCOL_ERROR,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts';
import type { PeerSettings } from './settings.ts';

/**
 * Hands on a frame that carries no part of a message. Its size is one that its type may have.
 * @throws Http2Error when the connection cannot go on
 */
export function readControlFrame(
  handler: FrameHandler,
  settings: PeerSettings,
  type: number,
  flags: number,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  switch (type) {
    case PRIORITY:
      if (end - start !== PRIORITY_BYTES) {
        handler.streamFailed(streamId, FRAME_SIZE_ERROR, `PRIORITY of ${end - start} bytes`);
      }
      break;
    case RST_STREAM:
      handler.streamReset(streamId, bytes.readUInt32BE(start));
      break;
    case SETTINGS:
      if ((flags & ACK) !== 0) {
        handler.settingsAcknowledged();
      } else {
        settings.read(bytes, start, end);
        handler.settingsChanged(settings);
      }
      break;
    case PING:
      if ((flags & ACK) !== 0) handler.pingAcknowledged(bytes, start);
      else handler.ping(bytes, start);
      break;
    case GOAWAY:
      handler.goaway(bytes.readUInt32BE(start) & MAX_INT31, bytes.readUInt32BE(start + 4));
      break;
    case WINDOW_UPDATE:
      readWindowUpdate(handler, streamId, bytes.readUInt32BE(start) & MAX_INT31);
      break;
    case PRIORITY_UPDATE:
      readPriorityUpdate(handler, bytes.readUInt32BE(start) & MAX_INT31, bytes, start + 4, end);
      break;
    default:
  }
}

function readWindowUpdate(handler: FrameHandler, streamId: number, increment: number): void {
  if (increment > 0) handler.windowUpdate(streamId, increment);
  else if (streamId > 0) handler.streamFailed(streamId, PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
  else throw new Http2Error(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0 on stream 0');
}

function readPriorityUpdate(handler: FrameHandler, streamId: number, bytes: Buffer, start: number, end: number): void {
  if (streamId === 0) throw new Http2Error(PROTOCOL_ERROR, 'PRIORITY_UPDATE for stream 0');
  handler.priorityUpdate(streamId, readLatin1(bytes, start, end));
}
