/** Every kind of transport, each with a peer and an owner that remembers what it was told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createTransportServer } from '../../../src/dataplane/transport/accept.ts';
import { connectTransport } from '../../../src/dataplane/transport/connect.ts';
import { SocketTransport } from '../../../src/dataplane/transport/socket-transport.ts';
import { TcpTransport } from '../../../src/dataplane/transport/tcp-transport.ts';
import type { Transport, TransportOwner } from '../../../src/dataplane/transport/transport.ts';
import { atEnd } from '../../support/cleanup.ts';

/** Far more than the kernel keeps for a peer that does not read. */
export const FLOOD_PIECES = 400;
export const PIECE_BYTES = 64 * 1024;

/** Counts calls. */
export class Tally {
  count = 0;

  readonly add = (): void => {
    this.count += 1;
  };
}

/** Remembers what it was told, and which memory was read into. */
export class Recorder implements TransportOwner {
  memory = Buffer.alloc(1024);
  readonly reads: { readonly own: boolean; readonly text: string }[] = [];
  readonly told: string[] = [];
  wantsMore = true;
  /** Each read goes into memory of its own. */
  changesMemory = false;
  /** What read() throws. */
  bug: Error | undefined;

  readBuffer(): Buffer {
    return this.memory;
  }

  read(bytes: Buffer, size: number): boolean {
    this.reads.push({ own: bytes === this.memory, text: bytes.toString('latin1', 0, size) });
    if (this.changesMemory) this.memory = Buffer.alloc(16);
    if (this.bug !== undefined) throw this.bug;
    return this.wantsMore;
  }

  ended(): void {
    this.told.push('ended');
  }

  closed(error: string | undefined): void {
    this.told.push(`closed ${error}`);
  }

  drained(): void {
    this.told.push('drained');
  }

  writeFailed(): void {
    this.told.push('writeFailed');
  }

  crashed(error: unknown): void {
    this.told.push(`crashed ${String(error)}`);
  }

  get text(): string {
    return this.reads.map(({ text }) => text).join('');
  }
}

export interface Line {
  readonly transport: Transport;
  readonly owner: Recorder;
  /** Reads nothing until it is resumed. */
  readonly peer: Socket;
  readonly memory: { kept: number };
}

export type OpenLine = (t: TestContext) => Promise<Line>;

export async function portOf(t: TestContext, server: Server): Promise<number> {
  atEnd(t, () => void server.close());
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** @param prepare what the server's own Node would be */
export async function accepted(t: TestContext, prepare: (server: Server) => void = () => undefined): Promise<Line> {
  const owner = new Recorder();
  const memory = { kept: 0 };
  const { promise, resolve } = Promise.withResolvers<Transport>();
  const server = createTransportServer(memory, open => resolve(open(owner)));
  prepare(server);
  const peer = connect({ port: await portOf(t, server), host: '127.0.0.1', allowHalfOpen: true });
  return line(t, await promise, owner, peer, memory);
}

export async function connected(t: TestContext): Promise<Line> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  const port = await portOf(t, server);
  const owner = new Recorder();
  const memory = { kept: 0 };
  const { promise, resolve, reject } = Promise.withResolvers<Transport>();
  connectTransport({ host: 'a.test', port, lookup: toLoopback }, memory, {
    connected: open => resolve(open(owner)),
    connectFailed: reject,
    crashed: reject,
  });
  const [transport, [peer]] = await Promise.all([promise, once(server, 'connection')]);
  return line(t, transport, owner, peer as Socket, memory);
}

export const toLoopback: Parameters<typeof connectTransport>[0]['lookup'] = (_name, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }]);

export function line(
  t: TestContext,
  transport: Transport,
  owner: Recorder,
  peer: Socket,
  memory: { kept: number },
): Line {
  atEnd(t, () => void peer.destroy());
  atEnd(t, () => transport.destroy());
  peer.on('error', () => undefined);
  peer.pause();
  return { transport, owner, peer, memory };
}

/** A Node whose server shows nothing of its inside. */
export function hideHandle(server: Server): void {
  let handle: unknown;
  server.prependOnceListener('listening', () => {
    handle = Reflect.get(server, '_handle');
    Reflect.set(server, '_handle', {});
  });
  server.once('listening', () => Reflect.set(server, '_handle', handle));
}

export async function textOf(peer: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of peer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** Short ones and long ones, each with its own number. */
export function piece(index: number): string {
  return String(index).padStart(8, '0') + '\xff'.repeat(index % 3 === 0 ? 10 : PIECE_BYTES);
}

export const KINDS: readonly (readonly [string, OpenLine, typeof TcpTransport | typeof SocketTransport])[] = [
  ['an accepted connection', accepted, TcpTransport],
  ['a connection that was made', connected, TcpTransport],
  ['an accepted connection, where handles are not known', t => accepted(t, hideHandle), SocketTransport],
];
