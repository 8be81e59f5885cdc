import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { Changes } from '../support/eventually.ts';
import { bytesOf, readHead } from '../support/raw-message.ts';
import { pieces, type Stream } from './stream.ts';
import { listen } from './upstreams.ts';

/** Bytes that wait to be sent as the answer to the next request for a target. */
export interface Script {
  readonly stream: Stream;
  /** Sends FIN behind them. */
  readonly ends: boolean;
}

interface Waiting {
  readonly script: Script;
  readonly onPlayed: (connection: number) => void;
}

/** Answers a request with whatever bytes it was given for that, and any other with its own target. */
export class ScriptedUpstream {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #changes = new Changes();
  /** Numbers of connections. */
  readonly #open = new Set<number>();
  #connections = 0;
  #address: ListenAddress = { host: '', port: 0 };

  private constructor() {
    this.#server = createServer({ noDelay: true }, socket => {
      this.#connections += 1;
      this.#serve(socket, this.#connections);
    });
  }

  static async start(): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream();
    upstream.#address = await listen(upstream.#server);
    return upstream;
  }

  get address(): ListenAddress {
    return this.#address;
  }

  /** @returns when all of it was sent, or the proxy would take no more: the number of the connection */
  play(target: string, script: Script): Promise<number> {
    return new Promise(resolve => this.#waiting.set(target, { script, onPlayed: resolve }));
  }

  /** Waits until a connection has ended. */
  ended(connection: number): Promise<true> {
    return this.#changes.until(
      () => `the end of connection ${connection}`,
      () => !this.#open.has(connection) || undefined,
    );
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket, connection: number): void {
    let pending: Buffer = Buffer.alloc(0);
    this.#sockets.add(socket);
    this.#open.add(connection);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#open.delete(connection);
      this.#changes.announce();
    });
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let head = readHead(pending); head !== undefined; head = readHead(pending)) {
        pending = pending.subarray(head.raw.length);
        const target = head.startLine.split(' ')[1] ?? '';
        const waiting = this.#waiting.get(target);
        this.#waiting.delete(target);
        if (waiting === undefined) socket.write(honestAnswer(target));
        else void send(socket, waiting.script).then(() => waiting.onPlayed(connection));
      }
    });
  }
}

function honestAnswer(target: string): Buffer {
  return bytesOf(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
}

async function send(socket: Socket, { stream, ends }: Script): Promise<void> {
  for (const piece of pieces(stream)) {
    if (!socket.writable) return;
    await new Promise<void>(resolve => socket.write(piece, () => resolve()));
    if (stream.cuts.length > 0) for (let count = 0; count < 3; count += 1) await turn();
  }
  if (ends && socket.writable) socket.end();
}
