import { Stash, type Stashes } from '../transport/stash.ts';
import { readControlFrame } from './control-frames.ts';
import type { FrameHandler } from './frame-handler.ts';
import { checkFrame, frameName, PRIORITY_BYTES } from './frame-rules.ts';
import {
  ACK,
  CLIENT_PREFACE,
  CONTINUATION,
  DATA,
  DEFAULT_FRAME_BYTES,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FRAME_HEAD_BYTES,
  FRAME_SIZE_ERROR,
  HEADERS,
  Http2Error,
  MAX_INT31,
  PADDED,
  PRIORITISED,
  PRIORITY_UPDATE,
  PROTOCOL_ERROR,
  SETTINGS,
} from './frames.ts';
import { PeerSettings } from './settings.ts';

/** Of a header block, encoded. */
const MAX_BLOCK_BYTES = 32 * 1024;
/** More CONTINUATION frames than these have no purpose but to cost (CVE-2024-27316). */
const MAX_CONTINUATIONS = 8;

/**
 * Reads the frames of one connection, wherever they are cut. Data is handed on where it was read, as it comes; of the other
 * frames, those that are not whole are kept until they are.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #settings = new PeerSettings();
  /** Part of a frame's head or of its payload. */
  readonly #partial: Stash;
  /** A header block whose CONTINUATION frames have not all come. */
  readonly #block: Stash;
  #prefaceSize: number;
  #isFirst = true;
  #isStopped = false;
  // The frame that is being read.
  #isInFrame = false;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Bytes of the payload that are still to come. */
  #left = 0;
  /** Those of them that are padding, or no one's; -1 where the first byte will tell. */
  #padding = 0;
  // The header block that is being read.
  #blockStream = 0;
  #blockEndsStream = false;
  #continuations = 0;

  /** @param expectsPreface the peer is a client: its first bytes are the preface */
  constructor(handler: FrameHandler, stashes: Stashes, expectsPreface: boolean) {
    this.#handler = handler;
    this.#partial = new Stash(stashes);
    this.#block = new Stash(stashes);
    this.#prefaceSize = expectsPreface ? 0 : CLIENT_PREFACE.length;
  }

  /** The peer has begun a frame or a header block, and not finished it. */
  get isMidway(): boolean {
    return this.#isInFrame || this.#blockStream !== 0 || this.#partial.size > 0;
  }

  /**
   * Reads the first bytes of these.
   * @throws Http2Error when the connection cannot go on
   */
  read(bytes: Buffer, size: number): void {
    let at = this.#prefaceSize < CLIENT_PREFACE.length ? this.#readPreface(bytes, size) : 0;
    while (at < size && !this.#isStopped) {
      if (!this.#isInFrame) at = this.#readHead(bytes, at, size);
      else if (isStreamed(this.#type)) at = this.#readStreamed(bytes, at, size);
      else at = this.#readWhole(bytes, at, size);
    }
  }

  /** Nothing more is read, also of what was handed over already, and nothing is kept. */
  stop(): void {
    this.#isStopped = true;
    this.#partial.clear();
    this.#block.clear();
  }

  #readPreface(bytes: Buffer, size: number): number {
    let at = 0;
    while (at < size && this.#prefaceSize < CLIENT_PREFACE.length) {
      if (bytes[at] !== CLIENT_PREFACE[this.#prefaceSize]) throw new Http2Error(PROTOCOL_ERROR, 'no preface');
      this.#prefaceSize += 1;
      at += 1;
    }
    return at;
  }

  #readHead(bytes: Buffer, at: number, size: number): number {
    const kept = this.#partial.size;
    if (kept === 0 && size - at >= FRAME_HEAD_BYTES) {
      this.#begin(bytes, at);
      return at + FRAME_HEAD_BYTES;
    }
    const taken = Math.min(FRAME_HEAD_BYTES - kept, size - at);
    const head = this.#partial.append(bytes.subarray(at), taken);
    if (head.length === FRAME_HEAD_BYTES) {
      this.#begin(head, 0);
      this.#partial.clear();
    }
    return at + taken;
  }

  #begin(bytes: Buffer, at: number): void {
    const size = bytes.readUIntBE(at, 3);
    const type = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    const streamId = bytes.readUInt32BE(at + 5) & MAX_INT31;
    this.#type = type;
    this.#flags = flags;
    this.#streamId = streamId;
    this.#left = size;
    if (size > DEFAULT_FRAME_BYTES) throw new Http2Error(FRAME_SIZE_ERROR, `${frameName(type)} of ${size} bytes`);
    checkFrame(type, flags, streamId, size);
    this.#checkOrder(type, flags, streamId, size);
    this.#handler.frameBegins(type, streamId, size);
    this.#isInFrame = true;
    if (type === DATA) this.#padding = (flags & PADDED) === 0 ? 0 : -1;
    else this.#padding = isStreamed(type) ? size : 0;
    if (size > 0) return;
    if (!isStreamed(type)) this.#finish(bytes, at, at);
    else this.#handOn(bytes, at, at);
  }

  /** RFC 9113 sections 3.4 and 6.10: SETTINGS come first, and nothing comes between the parts of a header block. */
  #checkOrder(type: number, flags: number, streamId: number, size: number): void {
    if (this.#isFirst && (type !== SETTINGS || (flags & ACK) !== 0)) {
      throw new Http2Error(PROTOCOL_ERROR, `${frameName(type)} before SETTINGS`);
    }
    this.#isFirst = false;
    if (type !== CONTINUATION) {
      if (this.#blockStream !== 0) throw new Http2Error(PROTOCOL_ERROR, `${frameName(type)} within a header block`);
      return;
    }
    if (streamId !== this.#blockStream) throw new Http2Error(PROTOCOL_ERROR, 'CONTINUATION of no header block');
    this.#continuations += 1;
    if (this.#continuations > MAX_CONTINUATIONS || this.#block.size + size > MAX_BLOCK_BYTES) {
      throw new Http2Error(ENHANCE_YOUR_CALM, 'a header block of too many frames or bytes');
    }
  }

  /** DATA, and frames that are ignored. */
  #readStreamed(bytes: Buffer, start: number, size: number): number {
    let at = start;
    if (this.#padding < 0) {
      this.#padding = bytes[at] as number;
      this.#left -= 1;
      at += 1;
      if (this.#padding > this.#left) throw new Http2Error(PROTOCOL_ERROR, 'DATA with more padding than bytes');
      if (this.#padding < this.#left) return at;
      this.#handOn(bytes, at, at);
      return at;
    }
    const data = Math.max(0, this.#left - this.#padding);
    const taken = Math.min(data === 0 ? this.#left : data, size - at);
    this.#left -= taken;
    if (data === 0) this.#isInFrame = this.#left > 0;
    else this.#handOn(bytes, at, at + taken);
    return at + taken;
  }

  /** A piece of DATA. The stream ends with its last data: padding may still follow. */
  #handOn(bytes: Buffer, start: number, end: number): void {
    this.#isInFrame = this.#left > 0;
    if (this.#type !== DATA) return;
    const endsStream = this.#left === this.#padding && (this.#flags & END_STREAM) !== 0;
    if (end > start || endsStream) this.#handler.data(this.#streamId, bytes, start, end, endsStream);
  }

  /** Frames that are handed on when all of their payload is there. */
  #readWhole(bytes: Buffer, at: number, size: number): number {
    const kept = this.#partial.size;
    if (kept === 0 && size - at >= this.#left) {
      const end = at + this.#left;
      this.#finish(bytes, at, end);
      return end;
    }
    const taken = Math.min(this.#left - kept, size - at);
    const payload = this.#partial.append(bytes.subarray(at), taken);
    if (payload.length === this.#left) {
      this.#finish(payload, 0, payload.length);
      this.#partial.clear();
    }
    return at + taken;
  }

  #finish(bytes: Buffer, start: number, end: number): void {
    this.#isInFrame = false;
    if (this.#type === HEADERS) this.#readHeaders(bytes, start, end);
    else if (this.#type === CONTINUATION) this.#continue(bytes, start, end);
    else this.#readControl(bytes, start, end);
  }

  #readControl(bytes: Buffer, start: number, end: number): void {
    readControlFrame(this.#handler, this.#settings, this.#type, this.#flags, this.#streamId, bytes, start, end);
  }

  #readHeaders(bytes: Buffer, payloadStart: number, payloadEnd: number): void {
    const flags = this.#flags;
    let start = payloadStart;
    let end = payloadEnd;
    if ((flags & PADDED) !== 0) {
      end -= bytes[start] as number;
      start += 1;
    }
    if ((flags & PRIORITISED) !== 0) start += PRIORITY_BYTES;
    if (end < start) throw new Http2Error(PROTOCOL_ERROR, 'HEADERS with more padding than bytes');
    const endsStream = (flags & END_STREAM) !== 0;
    if ((flags & END_HEADERS) !== 0) {
      this.#handler.headers(this.#streamId, bytes, start, end, endsStream);
      return;
    }
    this.#blockStream = this.#streamId;
    this.#blockEndsStream = endsStream;
    this.#continuations = 0;
    this.#block.append(bytes.subarray(start, end), end - start);
  }

  #continue(bytes: Buffer, start: number, end: number): void {
    const block = this.#block.append(bytes.subarray(start, end), end - start);
    if ((this.#flags & END_HEADERS) === 0) return;
    const streamId = this.#blockStream;
    this.#blockStream = 0;
    this.#handler.headers(streamId, block, 0, block.length, this.#blockEndsStream);
    this.#block.clear();
  }
}

/** Whether frames of a type are read as they come, without being kept. */
function isStreamed(type: number): boolean {
  return type === DATA || (type > CONTINUATION && type !== PRIORITY_UPDATE);
}
