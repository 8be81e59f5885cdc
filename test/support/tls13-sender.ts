/** What one end of TLS 1.3 sends behind its handshake, record by record: also what no library sends. */
import { createCipheriv, createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ListenAddress } from '../../src/formats/listen-address.ts';

const [HANDSHAKE, APPLICATION_DATA] = [22, 23];
const [KEY_SIZE, NONCE_SIZE, TAG_SIZE] = [16, 12, 16];

/** The only one whose keys are known here. */
export const TLS13_CIPHER = 'TLS_AES_128_GCM_SHA256';

/** Of a line of a key log (RFC 9850), the secret that one end sends with. */
export function secretOf(end: 'CLIENT' | 'SERVER', line: Buffer): Buffer | undefined {
  const [label, , value = ''] = line.toString('latin1').trim().split(' ');
  return label === `${end}_TRAFFIC_SECRET_0` ? Buffer.from(value, 'hex') : undefined;
}

/** RFC 8446 section 7.1, with SHA-256 and up to one block. */
function expandLabel(secret: Buffer, label: string, size: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.of(0, size, name.length), name, Buffer.of(0, 1)]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, size);
}

/** One end of a connection whose handshake is over. What comes from the other is not looked at. */
export class Tls13Sender {
  readonly socket: Socket;
  #secret: Buffer;
  #key: Buffer;
  #iv: Buffer;
  #sequence: number;

  /** @param sequence records that went out behind the handshake */
  constructor(socket: Socket, secret: Buffer, sequence = 0) {
    this.socket = socket;
    this.#secret = secret;
    this.#sequence = sequence;
    this.#key = expandLabel(secret, 'key', KEY_SIZE);
    this.#iv = expandLabel(secret, 'iv', NONCE_SIZE);
  }

  static async connect(address: ListenAddress, protocol = 'http/1.1'): Promise<Tls13Sender> {
    const socket = connect({ ...address });
    const tls = connectTls({
      socket,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ciphers: TLS13_CIPHER,
      ALPNProtocols: [protocol],
    });
    const secret = await new Promise<Buffer>((resolve, reject) => {
      let found: Buffer = Buffer.alloc(0);
      tls.on('keylog', (line: Buffer) => {
        found = secretOf('CLIENT', line) ?? found;
      });
      tls.on('secureConnect', () => resolve(found));
      tls.on('error', reject);
    });
    tls.on('data', () => undefined);
    return new Tls13Sender(socket, secret);
  }

  /** A record of application data. */
  data(text: string): Buffer {
    return this.#record(APPLICATION_DATA, Buffer.from(text, 'latin1'));
  }

  /** RFC 8446 section 4.6.3: what is sent behind it has other keys. @param asks the other end is to change its keys, too */
  keyUpdate(asks: boolean): Buffer {
    const bytes = this.#record(HANDSHAKE, Buffer.of(24, 0, 0, 1, asks ? 1 : 0));
    this.#secret = expandLabel(this.#secret, 'traffic upd', this.#secret.length);
    this.#key = expandLabel(this.#secret, 'key', KEY_SIZE);
    this.#iv = expandLabel(this.#secret, 'iv', NONCE_SIZE);
    this.#sequence = 0;
    return bytes;
  }

  #record(type: number, content: Buffer): Buffer {
    const head = Buffer.from([APPLICATION_DATA, 3, 3, 0, 0]);
    head.writeUInt16BE(content.length + 1 + TAG_SIZE, 3);
    const nonce = Buffer.from(this.#iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(NONCE_SIZE - 4) ^ this.#sequence) >>> 0, NONCE_SIZE - 4);
    this.#sequence += 1;
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce).setAAD(head);
    return Buffer.concat([
      head,
      cipher.update(content),
      cipher.update(Buffer.of(type)),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }
}
