import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { atEnd } from './cleanup.ts';
import { Changes } from './eventually.ts';
import { selfSigned } from './self-signed.ts';
import { secretOf, TLS13_CIPHER, Tls13Sender } from './tls13-sender.ts';

/** A connection whose handshake is over. */
export interface Tls13Connection {
  readonly sender: Tls13Sender;
  /** What has come, in clear. */
  received: string;
  isClosed: boolean;
}

/** A server of TLS 1.3 that reads as any other, and sends the records that a test makes. */
export class Tls13Upstream {
  readonly address: ListenAddress;
  /** In order. */
  readonly connections: Tls13Connection[] = [];
  readonly #changes = new Changes();

  private constructor(port: number) {
    this.address = { host: '127.0.0.1', port };
  }

  static async start(t: TestContext): Promise<Tls13Upstream> {
    const tcp = createServer({ noDelay: true });
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const upstream = new Tls13Upstream((tcp.address() as AddressInfo).port);
    const sockets = new Set<Socket>();
    const { cert, key } = selfSigned();
    tcp.on('connection', (socket: Socket) => {
      sockets.add(socket);
      // One for each connection, so that it is known whose keys are logged.
      const tls = createTlsServer({ cert, key, minVersion: 'TLSv1.3', ciphers: TLS13_CIPHER });
      let secret: Buffer = Buffer.alloc(0);
      tls.on('keylog', (line: Buffer) => {
        secret = secretOf('SERVER', line) ?? secret;
      });
      tls.on('secureConnection', secured => {
        // OpenSSL sends so many records with tickets, at the end of this turn.
        const sequence = secured.isSessionReused() ? 1 : 2;
        const connection = { sender: new Tls13Sender(socket, secret, sequence), received: '', isClosed: false };
        secured.on('error', () => undefined);
        secured.on('data', (bytes: Buffer) => {
          connection.received += bytes.toString('latin1');
          upstream.#changes.announce();
        });
        secured.on('close', () => {
          connection.isClosed = true;
          upstream.#changes.announce();
        });
        setImmediate(() => {
          upstream.connections.push(connection);
          upstream.#changes.announce();
        });
      });
      tls.emit('connection', socket);
    });
    atEnd(t, () => {
      tcp.close();
      for (const socket of sockets) socket.destroy();
    });
    return upstream;
  }

  /** Waits until a connection has got a whole head. */
  requested(index: number): Promise<Tls13Connection> {
    const what = () => `a request on connection ${index}`;
    return this.#changes.until(what, () => {
      const connection = this.connections[index];
      return connection?.received.endsWith('\r\n\r\n') === true ? connection : undefined;
    });
  }

  /** Waits until the other end has closed a connection. */
  closed(index: number): Promise<true> {
    return this.#changes.until(
      () => `the end of connection ${index}`,
      () => this.connections[index]?.isClosed || undefined,
    );
  }
}
