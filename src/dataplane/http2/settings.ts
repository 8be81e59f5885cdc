import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW,
  FLOW_CONTROL_ERROR,
  Http2Error,
  MAX_FRAME_BYTES,
  MAX_INT31,
  PROTOCOL_ERROR,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_HEADER_TABLE_SIZE,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_MAX_HEADER_LIST_SIZE,
  SETTINGS_NO_RFC7540_PRIORITIES,
} from './frames.ts';

/** An identifier and a value. */
export const SETTING_BYTES = 6;

/** What the peer of a connection has set, with the defaults of RFC 9113 section 6.5.2. */
export class PeerSettings {
  headerTableSize = 4096;
  maxConcurrentStreams = Infinity;
  initialWindowSize = DEFAULT_WINDOW;
  maxFrameSize = DEFAULT_FRAME_BYTES;
  maxHeaderListSize = Infinity;
  /** RFC 8441. */
  enablesConnectProtocol = false;

  /**
   * Takes the settings of a frame, in their order.
   * @throws Http2Error for a value that a setting may not have
   */
  read(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at += SETTING_BYTES) this.#take(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
  }

  #take(id: number, value: number): void {
    switch (id) {
      case SETTINGS_HEADER_TABLE_SIZE:
        this.headerTableSize = value;
        break;
      case SETTINGS_MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        break;
      case SETTINGS_INITIAL_WINDOW_SIZE:
        if (value > MAX_INT31) throw new Http2Error(FLOW_CONTROL_ERROR, `an initial window of ${value}`);
        this.initialWindowSize = value;
        break;
      case SETTINGS_MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES || value > MAX_FRAME_BYTES) throw invalid('MAX_FRAME_SIZE', value);
        this.maxFrameSize = value;
        break;
      case SETTINGS_MAX_HEADER_LIST_SIZE:
        this.maxHeaderListSize = value;
        break;
      case SETTINGS_ENABLE_CONNECT_PROTOCOL:
        // RFC 8441 section 3: once it is on, it stays on.
        if (value > 1 || (value === 0 && this.enablesConnectProtocol)) throw invalid('ENABLE_CONNECT_PROTOCOL', value);
        this.enablesConnectProtocol = value === 1;
        break;
      case SETTINGS_ENABLE_PUSH:
        if (value > 1) throw invalid('ENABLE_PUSH', value);
        break;
      case SETTINGS_NO_RFC7540_PRIORITIES:
        if (value > 1) throw invalid('NO_RFC7540_PRIORITIES', value);
        break;
      // RFC 9113 section 6.5.2: unknown ones are ignored.
      default:
    }
  }
}

function invalid(name: string, value: number): Http2Error {
  return new Http2Error(PROTOCOL_ERROR, `${name} is set to ${value}`);
}
