/** What a client of TLS 1.2 sends behind its handshake, record by record: also what no library sends twice. */
import { createCipheriv, createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ListenAddress } from '../../src/formats/listen-address.ts';

const [ALERT, HANDSHAKE, APPLICATION_DATA] = [21, 22, 23];
const [KEY_SIZE, SALT_SIZE] = [16, 4];
/** In the server's first message: behind the heads of record and message, and the version. */
const SERVER_RANDOM_AT = 5 + 4 + 2;
const RANDOM_SIZE = 32;

/** The client's side of a connection whose handshake is over. What comes from the server is not looked at. */
export class Tls12Sender {
  readonly socket: Socket;
  readonly #key: Buffer;
  readonly #salt: Buffer;
  /** Its first record was the end of the handshake. */
  #sequence = 1;

  private constructor(socket: Socket, keys: Buffer) {
    this.socket = socket;
    this.#key = keys.subarray(0, KEY_SIZE);
    this.#salt = keys.subarray(2 * KEY_SIZE, 2 * KEY_SIZE + SALT_SIZE);
  }

  static async connect(address: ListenAddress): Promise<Tls12Sender> {
    const socket = connect({ ...address });
    let first: Buffer | undefined;
    const carrier = new Duplex({
      read: () => undefined,
      write: (bytes: Buffer, _encoding, done) => void socket.write(bytes, done),
    });
    socket.on('data', (bytes: Buffer) => {
      first ??= bytes;
      carrier.push(bytes);
    });
    const tls = connectTls({
      socket: carrier,
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    });
    const [clientRandom, master] = await new Promise<[Buffer, Buffer]>((resolve, reject) => {
      let found: [Buffer, Buffer] | undefined;
      tls.on('keylog', (line: Buffer) => {
        const [, random = '', secret = ''] = line.toString('latin1').trim().split(' ');
        found = [Buffer.from(random, 'hex'), Buffer.from(secret, 'hex')];
      });
      tls.on('secureConnect', () => resolve(found as [Buffer, Buffer]));
      tls.on('error', reject);
    });
    tls.on('data', () => undefined);
    const serverRandom = (first as Buffer).subarray(SERVER_RANDOM_AT, SERVER_RANDOM_AT + RANDOM_SIZE);
    const seed = Buffer.concat([Buffer.from('key expansion'), serverRandom, clientRandom]);
    return new Tls12Sender(socket, expand(master, seed, 2 * (KEY_SIZE + SALT_SIZE)));
  }

  /** A record of application data. */
  data(text: string): Buffer {
    return this.#record(APPLICATION_DATA, Buffer.from(text, 'latin1'));
  }

  /** @param message a ClientHello asks for another handshake */
  handshake(message: Buffer): Buffer {
    return this.#record(HANDSHAKE, message);
  }

  warning(description: number): Buffer {
    return this.#record(ALERT, Buffer.of(1, description));
  }

  #record(type: number, content: Buffer): Buffer {
    const counter = Buffer.alloc(8);
    counter.writeUInt32BE(this.#sequence, 4);
    this.#sequence += 1;
    const about = Buffer.from([type, 3, 3, content.length >> 8, content.length & 0xff]);
    const cipher = createCipheriv('aes-128-gcm', this.#key, Buffer.concat([this.#salt, counter]));
    cipher.setAAD(Buffer.concat([counter, about]));
    const sealed = Buffer.concat([counter, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    const head = Buffer.from([type, 3, 3, sealed.length >> 8, sealed.length & 0xff]);
    return Buffer.concat([head, sealed]);
  }
}

/** RFC 5246 section 5, with SHA-256. */
function expand(secret: Buffer, seed: Buffer, size: number): Buffer {
  const hash = (...parts: readonly Buffer[]): Buffer =>
    createHmac('sha256', secret).update(Buffer.concat(parts)).digest();
  const blocks: Buffer[] = [];
  let chained = seed;
  while (blocks.length * 32 < size) {
    chained = hash(chained);
    blocks.push(hash(chained, seed));
  }
  return Buffer.concat(blocks).subarray(0, size);
}
