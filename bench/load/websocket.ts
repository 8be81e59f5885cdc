/** Clients that each send a message, wait until it comes back, and send the next. */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../support/bench-error.ts';
import { clientFrame, serverFrame } from './websocket-frame.ts';

const MESSAGE = randomBytes(64);
const HANDSHAKE_MS = 5_000;

export interface WebSocketResult {
  readonly messages: number;
  readonly micros: number;
  /** Microseconds from sending a message to its return. */
  readonly p50: number;
  readonly p99: number;
}

/** @throws BenchError when a handshake is refused, or a message comes back otherwise or not at all */
export async function runWebSockets(
  port: number,
  path: string,
  connections: number,
  seconds: number,
): Promise<WebSocketResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => openWebSocket(port, path)));
  const clients = sockets.map(socket => new EchoClient(socket));
  const started = performance.now();
  for (const client of clients) client.send();
  await sleep(seconds * 1000);
  const micros = (performance.now() - started) * 1000;
  for (const socket of sockets) socket.destroy();
  const problem = clients.find(client => client.problem !== undefined)?.problem;
  if (problem !== undefined) throw new BenchError(problem);
  const latencies = Float64Array.from(clients.flatMap(client => client.latencies)).sort();
  if (latencies.length === 0) throw new BenchError('no WebSocket message came back');
  const quantile = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { messages: latencies.length, micros, p50: quantile(0.5), p99: quantile(0.99) };
}

function openWebSocket(port: number, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    };
    const asking = request({ host: '127.0.0.1', port, path, headers, agent: false, timeout: HANDSHAKE_MS });
    asking.once('upgrade', (_response, socket) => resolve(socket as Socket));
    asking.once('response', ({ statusCode }) => {
      reject(new BenchError(`a WebSocket handshake is answered with ${statusCode}`));
      asking.destroy();
    });
    asking.once('timeout', () => asking.destroy(new BenchError('a WebSocket handshake is not answered')));
    asking.once('error', reject).end();
  });
}

class EchoClient {
  readonly latencies: number[] = [];
  problem: string | undefined;
  readonly #socket: Socket;
  readonly #frame = clientFrame(MESSAGE);
  readonly #expected = serverFrame(MESSAGE);
  #received: Buffer = Buffer.alloc(0);
  #sentAt = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.once('error', error => this.#fail(`a WebSocket failed: ${error.message}`));
    socket.once('end', () => this.#fail('a WebSocket was closed'));
  }

  send(): void {
    this.#sentAt = performance.now();
    this.#socket.write(this.#frame);
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (this.#received.length < this.#expected.length) return;
    if (!this.#received.equals(this.#expected)) {
      this.#fail('a WebSocket message came back otherwise');
      return;
    }
    this.#received = Buffer.alloc(0);
    this.latencies.push((performance.now() - this.#sentAt) * 1000);
    this.send();
  }

  #fail(problem: string): void {
    this.problem ??= problem;
    this.#socket.destroy();
  }
}
