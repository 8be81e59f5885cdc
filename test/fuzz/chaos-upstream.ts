/** An upstream that does to a request what the request says: one letter of its query for each step. */
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { contentLength, isChunked, readChunked, readHead } from '../support/raw-message.ts';
import { listen } from './upstreams.ts';

/** What a request may ask for; see {@link ChaosUpstream}. */
export const MANNERS = [
  'whole',
  'chunked',
  'pieces',
  'big',
  'big',
  'big',
  'until-close',
  'early',
  'late',
  'nothing',
  'reset',
  'close',
  'cut-fin',
  'cut-reset',
  'cut-chunk',
  'head-only',
  'garbage',
  'too-much',
  'interim',
  'switch',
  'stop-reading',
] as const;

export type Manner = (typeof MANNERS)[number];

const BIG_BYTES = 700_000;
const LATE_MS = 20;

/** The body of a response, or of a request: whose it is can be read anywhere in it. */
export function bodyOf(token: string, size: number): string {
  return `${token};`.repeat(Math.ceil(size / (token.length + 1))).slice(0, size);
}

export class ChaosUpstream {
  readonly address: ListenAddress;
  readonly #close: () => void;

  private constructor(address: ListenAddress, close: () => void) {
    this.address = address;
    this.#close = close;
  }

  /** @param onWrong told of requests that are not as a client sent them */
  static async start(onWrong: (problem: string) => void): Promise<ChaosUpstream> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true, allowHalfOpen: true }, socket => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('end', () => socket.end());
      socket.on('error', () => undefined);
      serve(socket, onWrong);
    });
    const address = await listen(server);
    return new ChaosUpstream(address, () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
  }

  close(): void {
    this.#close();
  }
}

function serve(socket: Socket, onWrong: (problem: string) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  let isTunnel = false;
  let begun = '';
  socket.on('data', (chunk: Buffer) => {
    if (isTunnel) {
      socket.write(chunk);
      return;
    }
    pending = Buffer.concat([pending, chunk]);
    try {
      for (;;) {
        const head = readHead(pending);
        if (head === undefined) return;
        const [, token = '', manner = 'whole'] = /\?(\d+-\d+)&([a-z-]+)/.exec(head.startLine) ?? [];
        const answers = async (): Promise<void> => {
          isTunnel = manner === 'switch' && /^upgrade:/im.test(head.raw);
          await answer(
            socket,
            token,
            isTunnel || manner !== 'switch' ? (manner as Manner) : 'whole',
            head.startLine.startsWith('HEAD '),
          );
        };
        if (manner === 'stop-reading') socket.pause();
        if ((manner === 'early' || manner === 'stop-reading') && begun !== token) {
          begun = token;
          void answers();
        }
        const rest = pending.subarray(head.raw.length);
        const chunks = isChunked(head.headers) ? readChunked(rest) : undefined;
        const size = chunks === undefined ? (contentLength(head.headers) ?? 0) : chunks.end;
        const body = (chunks?.content ?? rest.subarray(0, size)).toString('latin1');
        if (body !== bodyOf(token, body.length))
          onWrong(`the body of ${token} is ${JSON.stringify(body.slice(0, 200))}`);
        if (chunks === undefined ? rest.length < size : !chunks.complete) return;
        pending = rest.subarray(size);
        if (begun !== token) void answers();
        if (isTunnel) return;
      }
    } catch (error) {
      onWrong(String(error));
      socket.destroy();
    }
  });
}

async function answer(socket: Socket, token: string, manner: Manner, isHead: boolean): Promise<void> {
  const body = bodyOf(token, 60);
  const head = (headers: string): string => `HTTP/1.1 200 OK\r\n${headers}\r\n`;
  const whole = head('Content-Length: 60\r\n') + (isHead ? '' : body);
  const chunked = `${head('Transfer-Encoding: chunked\r\n')}3c\r\n${body}\r\n`;
  switch (manner) {
    case 'whole':
    case 'early':
    case 'stop-reading':
      socket.write(whole);
      break;
    case 'chunked':
      socket.write(isHead ? head('Transfer-Encoding: chunked\r\n') : `${chunked}0\r\n\r\n`);
      break;
    case 'pieces':
      for (let at = 0; at < whole.length && socket.writable; at += 17) {
        socket.write(whole.slice(at, at + 17));
        await delay(1);
      }
      break;
    case 'big':
      socket.write(head(`Content-Length: ${BIG_BYTES}\r\n`) + (isHead ? '' : bodyOf(token, BIG_BYTES)));
      break;
    case 'until-close':
      socket.end(head('') + (isHead ? '' : body));
      break;
    case 'late':
      await delay(LATE_MS);
      if (socket.writable) socket.write(whole);
      break;
    case 'nothing':
      break;
    case 'reset':
      socket.resetAndDestroy();
      break;
    case 'close':
      socket.end();
      break;
    case 'cut-fin':
      socket.end(whole.slice(0, -20));
      break;
    case 'cut-reset':
      socket.write(whole.slice(0, -20), () => socket.resetAndDestroy());
      break;
    case 'cut-chunk':
      socket.end(chunked);
      break;
    case 'head-only':
      socket.write(head('Content-Length: 60\r\n'));
      break;
    case 'garbage':
      socket.write('\x00\x01 no HTTP\r\n\r\n');
      break;
    case 'too-much':
      socket.write(`${whole}${whole}`);
      break;
    case 'interim':
      socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${whole}`);
      break;
    case 'switch':
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${token};`);
  }
}
