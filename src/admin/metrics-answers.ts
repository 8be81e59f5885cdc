import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { ControlPlane } from '../control/control-plane.ts';
import { sendText } from './app.ts';
import { Places } from './places.ts';

export interface MetricsLimits {
  /** Answers on their way at a time; further ones wait until one of them ends. */
  readonly answers: number;
  /** Requests that wait for that. */
  readonly waiting: number;
  /** Bytes of all scrapes that are being read. Answers with the same scrape share its bytes. */
  readonly bytes: number;
  /** How long a client may take for the next piece of an answer; milliseconds. */
  readonly stall: number;
  /** How long it may take for the whole; milliseconds. */
  readonly whole: number;
}

const DEFAULT_METRICS_LIMITS: MetricsLimits = {
  answers: 16,
  waiting: 128,
  bytes: 64 * 1024 * 1024,
  stall: 5_000,
  whole: 30_000,
};

/** Given to the kernel at a time. */
const PIECE_BYTES = 64 * 1024;

/**
 * The answers to `GET /metrics`. The text of a large cluster has tens of megabytes, and what a client does not read must
 * not be kept for it: answers go out piece by piece, to a limited number of clients at a time, and one that stands still
 * is ended.
 */
export class MetricsAnswers {
  readonly #scrape: ControlPlane['metrics'];
  readonly #limits: MetricsLimits;
  readonly #places: Places;
  /** What is being read; the oldest answer first. */
  readonly #readers = new Map<ServerResponse, Uint8Array>();

  constructor(scrape: ControlPlane['metrics'], limits: MetricsLimits = DEFAULT_METRICS_LIMITS) {
    this.#scrape = scrape;
    this.#limits = limits;
    this.#places = new Places(limits.answers);
  }

  async answer(reply: FastifyReply, isHead: boolean): Promise<FastifyReply> {
    if (this.#places.waiting >= this.#limits.waiting) {
      return sendText(reply.header('retry-after', '5'), 503, 'too many ask for the metrics already\n');
    }
    if (!(await this.#places.take(reply.raw))) return reply;
    const { contentType, body } = await this.#scrape();
    reply.header('content-type', contentType);
    if (isHead || body.length <= PIECE_BYTES) return reply.send(body);
    this.#keep(reply.raw, body);
    return reply.header('content-length', body.length).send(this.#pieces(reply.raw, body));
  }

  /** Ends the oldest answers when the texts that are being read take too much memory together. */
  #keep(response: ServerResponse, body: Uint8Array): void {
    this.#readers.set(response, body);
    response.once('close', () => this.#readers.delete(response));
    for (const oldest of this.#readers.keys()) {
      const texts = new Set(this.#readers.values());
      const bytes = [...texts].reduce((sum, { length }) => sum + length, 0);
      if (bytes <= this.#limits.bytes || texts.size === 1) return;
      this.#readers.delete(oldest);
      oldest.destroy();
    }
  }

  /** Takes a piece only when those before it have gone to the kernel, which shows a client that stops reading. */
  #pieces(response: ServerResponse, body: Uint8Array): Readable {
    const end = (): void => void response.destroy();
    const whole = setTimeout(end, this.#limits.whole);
    const stall = setTimeout(end, this.#limits.stall);
    response.once('close', () => {
      clearTimeout(whole);
      clearTimeout(stall);
    });
    const pieces = function* (): Generator<Uint8Array> {
      for (let start = 0; start < body.length; start += PIECE_BYTES) {
        stall.refresh();
        yield body.subarray(start, start + PIECE_BYTES);
      }
    };
    return Readable.from(pieces(), { objectMode: false, highWaterMark: PIECE_BYTES });
  }
}
