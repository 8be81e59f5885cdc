/**
 * The encoders of node:zlib, driven at once and in this thread. Node's streams hand each piece to a pool of four threads, which all
 * workers share with the reading of files and the looking up of names, and each needs several callbacks for it. What the streams
 * call for that can be called directly: it compresses 64 KiB in less than a millisecond.
 */
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import type { ContentCoding } from '../../model/policy.ts';

/** What a stream of node:zlib holds: its engine, and where the engine says what it has left over. */
interface ZlibStream {
  readonly _handle: ZlibHandle;
  /** Bytes of the output that are free, then bytes of the input that were not read. */
  readonly _writeState: Uint32Array;
}

interface ZlibHandle {
  onerror: (message: string, errno: number, code: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputSize: number,
    output: Uint8Array,
    outputStart: number,
    outputSize: number,
  ): void;
  reset(): void;
  close(): void;
}

interface CodingTraits {
  /** What one encoder takes, measured, with its window. */
  readonly bytes: number;
  /** It can be used again: `reset()` of a brotli encoder forgets its parameters. */
  readonly isReusable: boolean;
  readonly process: number;
  readonly flush: number;
  readonly finish: number;
  open(): unknown;
}

const KIB = 1024;
/** node:zlib allocates this for each stream, and it is not used here. */
const LEAST_CHUNK = { chunkSize: 64 };

/**
 * Levels and windows. Of a MiB of JSON, nginx's gzip at level 1 makes 311 KiB in 13.7 ms of CPU time. Here gzip makes 293 KiB in 9.1 ms,
 * br 306 KiB in 6.5 ms, zstd 280 KiB in 3.6 ms. The next level of br takes twice the time and three times the memory. A window of
 * 128 KiB costs some percent of the size, and saves megabytes for each response.
 */
export const CODINGS: Readonly<Record<ContentCoding, CodingTraits>> = {
  zstd: {
    bytes: 560 * KIB,
    isReusable: true,
    process: constants.ZSTD_e_continue,
    flush: constants.ZSTD_e_flush,
    finish: constants.ZSTD_e_end,
    open: () =>
      createZstdCompress({
        ...LEAST_CHUNK,
        params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: 17 },
      }),
  },
  br: {
    bytes: 352 * KIB,
    isReusable: false,
    process: constants.BROTLI_OPERATION_PROCESS,
    flush: constants.BROTLI_OPERATION_FLUSH,
    finish: constants.BROTLI_OPERATION_FINISH,
    open: () =>
      createBrotliCompress({
        ...LEAST_CHUNK,
        params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 17 },
      }),
  },
  gzip: {
    bytes: 256 * KIB,
    isReusable: true,
    process: constants.Z_NO_FLUSH,
    flush: constants.Z_SYNC_FLUSH,
    finish: constants.Z_FINISH,
    // Half of the usual window: more encoders stay in the processor's caches, and little is found beyond it at this level.
    open: () => createGzip({ ...LEAST_CHUNK, level: 1, windowBits: 14 }),
  },
};

/** Whether what was given so far has to come out. */
export type EncoderStep = 'process' | 'flush' | 'finish';

/** Takes what an encoder makes. */
export interface EncoderOutput {
  /** Where the next bytes go: it has room for one at least. */
  readonly bytes: Buffer;
  readonly used: number;
  /** @param size of the bytes that have been put there */
  advance(size: number): void;
}

/** Whether the streams of this Node hold what is known here. Where they do not, nothing is compressed. */
export function hasEncoders(): boolean {
  return Object.values(CODINGS).every(({ open }) => {
    const stream = open();
    if (typeof stream !== 'object' || stream === null) return false;
    const handle: unknown = Reflect.get(stream, '_handle');
    const isKnown = (name: string): boolean =>
      typeof handle === 'object' && handle !== null && typeof Reflect.get(handle, name) === 'function';
    return ['writeSync', 'reset', 'close'].every(isKnown) && Reflect.get(stream, '_writeState') instanceof Uint32Array;
  });
}

/** Encodes one body, and then perhaps others. */
export class Encoder {
  readonly coding: ContentCoding;
  readonly #traits: CodingTraits;
  readonly #stream: ZlibStream;
  #error: Error | undefined;

  constructor(coding: ContentCoding) {
    this.coding = coding;
    this.#traits = CODINGS[coding];
    this.#stream = this.#traits.open() as ZlibStream;
    // The stream's own would end the stream, which nothing listens to.
    this.#stream._handle.onerror = (message, _errno, code) => {
      this.#error = Object.assign(new Error(`${coding}: ${message}`), { code });
    };
  }

  /** Encodes bytes from `start` to `end`. @throws when the library fails */
  encode(bytes: Buffer, start: number, end: number, step: EncoderStep, output: EncoderOutput): void {
    const { _handle, _writeState } = this.#stream;
    const flush = this.#traits[step];
    for (let at = start; ; ) {
      const room = output.bytes.length - output.used;
      _handle.writeSync(flush, bytes, at, end - at, output.bytes, output.used, room);
      if (this.#error !== undefined) throw this.#error;
      const [free = 0, unread = 0] = _writeState;
      at = end - unread;
      output.advance(room - free);
      // It may have more to say where it had no room.
      if (free > 0 && unread === 0) return;
    }
  }

  /** Makes it ready for another body, whatever became of the last. @returns false when it cannot be used again */
  reset(): boolean {
    if (!this.#traits.isReusable || this.#error !== undefined) return false;
    this.#stream._handle.reset();
    return true;
  }

  close(): void {
    this.#stream._handle.close();
  }
}
