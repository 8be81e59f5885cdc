import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { TestContext } from 'node:test';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { startHttpBackend } from '../support/http-backend.ts';

const BLOCK_BYTES = 64 * 1024;

/** A download repeats this block. Each number has another block, so that a test sees when downloads are mixed up. */
export function blockOf(download: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let index = 0; index < BLOCK_BYTES; index += 4)
    block.writeInt32BE(Math.imul(index + 1, 0x9e37 * (download + 1)), index);
  return block;
}

/** Answers `ok`, or `/download/NUMBER/BYTES` as fast as it is read; never spools. */
export class Backend {
  /** Bytes of all downloads that were given to the kernel, or wait for it. */
  sentBytes = 0;
  readonly address: ListenAddress;

  private constructor(address: ListenAddress) {
    this.address = address;
  }

  static async start(t: TestContext): Promise<Backend> {
    const { address } = await startHttpBackend(t, (request, response) => {
      request.resume();
      const [, download, bytes] = /^\/download\/(\d+)\/(\d+)$/.exec(request.url ?? '') ?? [];
      if (download === undefined) answer(request, response);
      else void backend.#send(response, Number(download), Number(bytes));
    });
    const backend = new Backend(address);
    return backend;
  }

  async #send(response: ServerResponse, download: number, size: number): Promise<void> {
    response.writeHead(200, { 'Content-Length': size });
    // A client may leave in the middle.
    await pipeline(this.#pieces(blockOf(download), size), response).catch(() => undefined);
  }

  *#pieces(block: Buffer, size: number): Iterable<Buffer> {
    for (let left = size; left > 0; left -= block.length) {
      const piece = block.subarray(0, Math.min(left, block.length));
      this.sentBytes += piece.length;
      yield piece;
    }
  }
}

function answer(incoming: IncomingMessage, response: ServerResponse): void {
  const send = (): void => void response.end('ok');
  if (incoming.readableEnded) send();
  else incoming.once('end', send);
}
