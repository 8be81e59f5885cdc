/** The shortest way through a running engine: what the client and the upstream do themselves costs next to nothing. */
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { atEnd } from '../support/cleanup.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
/** What every answer ends with: the upstream's, and the pages of the proxy's own, a test's error page among them. */
const TAIL_BYTES = 16;
const PAGE_ENDS = [Buffer.from('done'), Buffer.from('</html>\n'), Buffer.from('</p>\n')];

/** An upstream that answers each head with the same bytes. */
export class FixedUpstream {
  readonly address: ListenAddress;
  answer: Buffer = Buffer.alloc(0);
  /** So many bytes are sent at a time; all at once if nothing else is said. */
  pieceBytes = Number.POSITIVE_INFINITY;

  private constructor(address: ListenAddress) {
    this.address = address;
  }

  static async listen(t: TestContext): Promise<FixedUpstream> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const sockets = new Set<Socket>();
    const server = createServer(socket => {
      sockets.add(socket);
      socket.setNoDelay(true);
      let tail: Buffer = Buffer.alloc(0);
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
        if (endsWith(tail, HEAD_END)) void sendInPieces(socket, upstream.answer, upstream.pieceBytes);
      });
    });
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    const bound = server.address();
    const upstream = new FixedUpstream({
      host: '127.0.0.1',
      port: typeof bound === 'object' && bound ? bound.port : 0,
    });
    atEnd(t, () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return upstream;
  }

  /** @param lines of the head, each with its line end */
  answerWith(lines: string): void {
    this.answer = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n${lines}\r\ndone`, 'latin1');
  }
}

/** A client whose exchanges are over when the answer ends, or the connection. */
export class QuickClient {
  readonly #address: ListenAddress;
  #socket: Socket | undefined;
  #over: (() => void) | undefined;

  constructor(t: TestContext, address: ListenAddress) {
    this.#address = address;
    atEnd(t, () => {
      this.#socket?.destroy();
    });
  }

  /** @param pieceBytes so many are sent at a time */
  exchange(bytes: Buffer, pieceBytes = Number.POSITIVE_INFINITY): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#over = resolve;
    this.#socket ??= this.#connect();
    void sendInPieces(this.#socket, bytes, pieceBytes);
    return promise;
  }

  #connect(): Socket {
    const socket = connect(this.#address);
    socket.setNoDelay(true);
    // An answer may come in pieces, cut anywhere.
    let tail: Buffer = Buffer.alloc(0);
    let isLast = false;
    socket.on('data', (chunk: Buffer) => {
      isLast ||= chunk.includes('\r\nConnection: close\r\n');
      tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
      if (!isLast && PAGE_ENDS.some(end => endsWith(tail, end))) this.#over?.();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#socket = undefined;
      this.#over?.();
    });
    return socket;
  }
}

async function sendInPieces(socket: Socket, bytes: Buffer, pieceBytes: number): Promise<void> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    // Turns of the event loop in which the other end reads what was sent: it would else come together with the next.
    if (start > 0) for (let turns = 0; turns < 2; turns += 1) await turn();
    socket.write(bytes.subarray(start, start + pieceBytes));
  }
}

function endsWith(chunk: Buffer, end: Buffer): boolean {
  return chunk.length >= end.length && chunk.compare(end, 0, end.length, chunk.length - end.length) === 0;
}
