import { createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { bytesOf, readHead } from '../support/raw-message.ts';
import { pieces, type Stream } from './stream.ts';
import { listen } from './upstreams.ts';

/** Bytes that wait to be sent as the answer to the next request for a target. */
export interface Script {
  readonly stream: Stream;
  /** Sends FIN behind them. */
  readonly ends: boolean;
}

type Scripts = Map<string, { readonly script: Script; readonly sent: () => void }>;

/** Answers a request with whatever bytes it was given for that, and any other with its own target. */
export class ScriptedUpstream {
  readonly address: ListenAddress;
  readonly #close: () => void;
  readonly #scripts: Scripts;

  private constructor(address: ListenAddress, close: () => void, scripts: Scripts) {
    this.address = address;
    this.#close = close;
    this.#scripts = scripts;
  }

  static async start(): Promise<ScriptedUpstream> {
    const scripts: Scripts = new Map();
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, socket => {
      let pending: Buffer = Buffer.alloc(0);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        pending = Buffer.concat([pending, chunk]);
        for (let head = readHead(pending); head !== undefined; head = readHead(pending)) {
          pending = pending.subarray(head.raw.length);
          const target = head.startLine.split(' ')[1] ?? '';
          const waiting = scripts.get(target);
          scripts.delete(target);
          if (waiting === undefined) socket.write(honestAnswer(target));
          else void play(socket, waiting.script).then(waiting.sent);
        }
      });
    });
    const address = await listen(server);
    const close = (): void => {
      server.close();
      for (const socket of sockets) socket.destroy();
    };
    return new ScriptedUpstream(address, close, scripts);
  }

  /** @returns when all of it has been sent to the proxy, or the proxy would take no more */
  expect(target: string, script: Script): Promise<void> {
    return new Promise(resolve => this.#scripts.set(target, { script, sent: resolve }));
  }

  close(): void {
    this.#close();
  }
}

function honestAnswer(target: string): Buffer {
  return bytesOf(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
}

async function play(socket: Socket, { stream, ends }: Script): Promise<void> {
  for (const piece of pieces(stream)) {
    if (!socket.writable) return;
    await new Promise<void>(resolve => socket.write(piece, () => resolve()));
    if (stream.cuts.length > 0) for (let count = 0; count < 3; count += 1) await turn();
  }
  if (ends && socket.writable) socket.end();
}
