import { writeLatin1, writeRange } from '../../formats/write-bytes.ts';
import type { Guarded } from '../runtime/guard.ts';
import { BufferPool } from '../transport/buffer-pool.ts';
import type { ClientMemory } from '../transport/client-memory.ts';
import { flushLast, type Sender } from '../transport/flush-turn.ts';
import type { Transport } from '../transport/transport.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  DEFAULT_FRAME_BYTES,
  END_HEADERS,
  END_STREAM,
  FRAME_HEAD_BYTES,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts';
import { SETTING_BYTES } from './settings.ts';

/** Most turns write a few short frames. */
const SMALL_BYTES = 4 * 1024;
/** A full read, with the heads of its frames and of its message: so it goes on in one write. */
const LARGE_BYTES = 65 * 1024;

/** A peer that makes us answer, and does not read, wants to fill our memory (CVE-2019-9512, CVE-2019-9515). */
const MAX_CONTROL_FRAMES = 1000;

const PING_BYTES = 8;
const NO_BYTES: Buffer = Buffer.alloc(0);

/** The memory of the outboxes of a worker. */
export class OutboxBuffers extends BufferPool {
  constructor(memory: Pick<ClientMemory, 'kept'>) {
    super(memory, [SMALL_BYTES, LARGE_BYTES]);
  }
}

/** Bytes that can be copied: a Buffer, or a piece of a body. */
export interface ByteSource {
  /** Copies the bytes from `start` to `end`. */
  copy(target: Buffer, at: number, start: number, end: number): void;
}

/** Told of a peer that takes no more for now. */
export interface OutboxWaiting {
  /** Called again for each further write. */
  begins(): void;
  ends(): void;
}

/**
 * The frames that go out on one connection. Those of all its streams come to stand in one buffer, which is written once, at the
 * end of the turn of the event loop; while the transport is blocked, they wait for drained().
 */
export class Outbox implements Sender {
  readonly #transport: Transport;
  readonly #owner: Guarded;
  readonly #buffers: BufferPool;
  readonly #waiting: OutboxWaiting | undefined;
  #buffer: Buffer = NO_BYTES;
  #size = 0;
  #isScheduled = false;
  /** Control frames that may not have left yet. */
  #controlFrames = 0;

  constructor(transport: Transport, owner: Guarded, buffers: BufferPool, waiting?: OutboxWaiting) {
    this.#transport = transport;
    this.#owner = owner;
    this.#buffers = buffers;
    this.#waiting = waiting;
  }

  /** The peer does not take more for now. It shows after a write, and so not before the end of a turn unless much is written. */
  get isBlocked(): boolean {
    return this.#transport.isBlocked;
  }

  /** The peer does not read the answers to its control frames. */
  get isFlooded(): boolean {
    return this.#controlFrames > MAX_CONTROL_FRAMES;
  }

  /** @param block what an encoder holds */
  headers(streamId: number, block: { readonly bytes: Buffer; readonly size: number }, endsStream: boolean): void {
    const { bytes, size } = block;
    const flags = endsStream ? END_STREAM : 0;
    let start = Math.min(size, DEFAULT_FRAME_BYTES);
    this.#frame(HEADERS, start === size ? flags | END_HEADERS : flags, streamId, start);
    this.#bytes(bytes, 0, start);
    while (start < size) {
      const end = Math.min(size, start + DEFAULT_FRAME_BYTES);
      this.#frame(CONTINUATION, end === size ? END_HEADERS : 0, streamId, end - start);
      this.#bytes(bytes, start, end);
      start = end;
    }
  }

  /** Both windows must have room for the bytes from `start` to `end`. */
  data(streamId: number, source: ByteSource, start: number, end: number, endsStream: boolean): void {
    let at = start;
    do {
      const size = Math.min(end - at, DEFAULT_FRAME_BYTES);
      this.#frame(DATA, endsStream && at + size === end ? END_STREAM : 0, streamId, size);
      source.copy(this.#buffer, this.#size, at, at + size);
      this.#size += size;
      at += size;
    } while (at < end);
  }

  reset(streamId: number, code: number): void {
    this.#control(RST_STREAM, 0, streamId, 4);
    this.#uint32(code);
  }

  /** @param settings identifiers and values */
  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.#control(SETTINGS, 0, 0, settings.length * SETTING_BYTES);
    for (const [id, value] of settings) {
      this.#size = this.#buffer.writeUInt16BE(id, this.#size);
      this.#uint32(value);
    }
  }

  acknowledgeSettings(): void {
    this.#control(SETTINGS, ACK, 0, 0);
  }

  /** @param bytes 8 of them are sent, and come back */
  ping(bytes: Buffer): void {
    this.#control(PING, 0, 0, PING_BYTES);
    this.#bytes(bytes, 0, PING_BYTES);
  }

  acknowledgePing(bytes: Buffer, at: number): void {
    this.#control(PING, ACK, 0, PING_BYTES);
    this.#bytes(bytes, at, at + PING_BYTES);
  }

  /** @param reason for the peer's log, in ASCII */
  goaway(lastStreamId: number, code: number, reason = ''): void {
    this.#control(GOAWAY, 0, 0, 8 + reason.length);
    this.#uint32(lastStreamId);
    this.#uint32(code);
    this.#size = writeLatin1(this.#buffer, this.#size, reason);
  }

  /** @param streamId 0 for the connection's window */
  windowUpdate(streamId: number, increment: number): void {
    this.#control(WINDOW_UPDATE, 0, streamId, 4);
    this.#uint32(increment);
  }

  /** The end of the turn. */
  flush(): void {
    this.#isScheduled = false;
    if (!this.#transport.isBlocked) this.writeOut();
  }

  /** The transport takes bytes again. */
  drained(): void {
    this.#controlFrames = 0;
    this.#waiting?.ends();
    this.writeOut();
  }

  /** Writes what waits, also to a transport that is blocked: before the connection is ended. */
  writeOut(): void {
    if (this.#size === 0) return;
    const buffer = this.#buffer;
    const bytes = buffer.subarray(0, this.#size);
    this.#buffer = NO_BYTES;
    this.#size = 0;
    const buffers = this.#buffers;
    if (this.#transport.writeBytes(bytes, () => buffers.giveBack(buffer))) this.#controlFrames = 0;
    else this.#waiting?.begins();
  }

  /** The connection is gone: what waits is dropped. */
  discard(): void {
    if (this.#buffer !== NO_BYTES) this.#buffers.giveBack(this.#buffer);
    this.#buffer = NO_BYTES;
    this.#size = 0;
  }

  crashed(error: unknown): void {
    this.#owner.crashed(error);
  }

  #control(type: number, flags: number, streamId: number, size: number): void {
    this.#controlFrames += 1;
    this.#frame(type, flags, streamId, size);
  }

  /** Writes the head of a frame, and makes room for its payload. */
  #frame(type: number, flags: number, streamId: number, size: number): void {
    this.#makeRoom(FRAME_HEAD_BYTES + size);
    const buffer = this.#buffer;
    const at = this.#size;
    buffer[at] = size >> 16;
    buffer[at + 1] = size >> 8;
    buffer[at + 2] = size;
    buffer[at + 3] = type;
    buffer[at + 4] = flags;
    buffer[at + 5] = streamId >> 24;
    buffer[at + 6] = streamId >> 16;
    buffer[at + 7] = streamId >> 8;
    buffer[at + 8] = streamId;
    this.#size = at + FRAME_HEAD_BYTES;
  }

  #makeRoom(size: number): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      flushLast(this);
    }
    const needed = this.#size + size;
    if (needed <= this.#buffer.length) return;
    if (needed > LARGE_BYTES) this.writeOut();
    const old = this.#buffer;
    this.#buffer = this.#buffers.take(this.#size + size);
    if (old === NO_BYTES) return;
    old.copy(this.#buffer, 0, 0, this.#size);
    this.#buffers.giveBack(old);
  }

  #bytes(bytes: Buffer, start: number, end: number): void {
    this.#size = writeRange(this.#buffer, this.#size, bytes, start, end);
  }

  #uint32(value: number): void {
    this.#size = this.#buffer.writeUInt32BE(value, this.#size);
  }
}
