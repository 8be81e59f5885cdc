import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { TestContext } from 'node:test';
import type { ListenAddress } from '../../src/formats/listen-address.ts';

const BLOCK_BYTES = 64 * 1024;

/** What a download with a number consists of, again and again: no two of them can be taken for one another. */
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
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((incoming, response) => {
      incoming.resume();
      const [, download, bytes] = /^\/download\/(\d+)\/(\d+)$/.exec(incoming.url ?? '') ?? [];
      if (download === undefined) answer(incoming, response);
      else void this.#send(response, Number(download), Number(bytes));
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  static async start(t: TestContext): Promise<Backend> {
    const backend = new Backend();
    backend.#server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
    await once(backend.#server, 'listening');
    t.after(() => {
      backend.#server.close();
      backend.#server.closeAllConnections();
    });
    return backend;
  }

  get address(): ListenAddress {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the backend does not listen');
    return { host: address.address, port: address.port };
  }

  async #send(response: ServerResponse, download: number, size: number): Promise<void> {
    response.writeHead(200, { 'Content-Length': size });
    // Whoever leaves in the middle is none of its business.
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
