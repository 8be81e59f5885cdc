/** A DNS server that knows a few names and says nothing of any other. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { atEnd } from './cleanup.ts';

const HEADER_BYTES = 12;
const TYPE_A = 1;

export class SilentDns {
  /** The names that clients asked for, with repetitions. */
  readonly asked: string[] = [];
  readonly #socket: Socket;
  /** IPv4 addresses by name. */
  readonly #known: ReadonlyMap<string, string>;

  private constructor(socket: Socket, known: ReadonlyMap<string, string>) {
    this.#socket = socket;
    this.#known = known;
    socket.on('message', (query, { port, address }) => this.#answer(query, port, address));
  }

  static async start(t: TestContext, known: Readonly<Record<string, string>>): Promise<SilentDns> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    atEnd(t, () => void socket.close());
    return new SilentDns(socket, new Map(Object.entries(known)));
  }

  /** A resolv.conf that names it. */
  get resolvConf(): string {
    return `nameserver 127.0.0.1:${this.#socket.address().port}\n`;
  }

  #answer(query: Buffer, port: number, address: string): void {
    const labels: string[] = [];
    let at = HEADER_BYTES;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const name = labels.join('.').toLowerCase();
    this.asked.push(name);
    const known = this.#known.get(name);
    if (known === undefined) return;
    const isA = query.readUInt16BE(at + 1) === TYPE_A;
    const question = query.subarray(HEADER_BYTES, at + 5);
    const header = Buffer.from([...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
    // A pointer to the question's name, type A, class IN, 30 s, 4 bytes.
    const record = Buffer.from([
      0xc0,
      HEADER_BYTES,
      0,
      TYPE_A,
      0,
      1,
      0,
      0,
      0,
      30,
      0,
      4,
      ...known.split('.').map(Number),
    ]);
    this.#socket.send(
      isA ? Buffer.concat([header, question, record]) : Buffer.concat([header, question]),
      port,
      address,
    );
  }
}
