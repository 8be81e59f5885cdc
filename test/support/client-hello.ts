/** First messages of TLS clients, and how they are cut into records. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';

const RECORD_HEAD = 5;

/** What a real client sends first. */
export async function clientHello(options: ConnectionOptions = {}): Promise<Buffer> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options });
  client.on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const parts: Buffer[] = [];
  while (!isWhole(Buffer.concat(parts))) parts.push((await once(socket, 'data'))[0]);
  socket.destroy();
  client.destroy();
  server.close();
  return Buffer.concat(parts);
}

/** The same message in records of so many bytes. */
export function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(RECORD_HEAD);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) records.push(record(message.subarray(at, at + size)));
  return Buffer.concat(records);
}

/** A record of a handshake. */
export function record(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([22, 3, 1, message.length >> 8, message.length & 0xff]), message]);
}

/** A message of the smallest kind, with these extensions. */
export function helloWith(...extensions: readonly Buffer[]): Buffer {
  const version = Buffer.from([3, 3]);
  const [session, cipherSuites, compression] = [Buffer.from([0]), Buffer.from([0, 2, 0x13, 0x01]), Buffer.from([1, 0])];
  const fields = [
    version,
    Buffer.alloc(32, 7),
    session,
    cipherSuites,
    compression,
    vector(2, Buffer.concat(extensions)),
  ];
  return record(Buffer.concat([Buffer.from([1]), vector(3, Buffer.concat(fields))]));
}

/** RFC 6066 section 3. */
export function serverNameExtension(name: string): Buffer {
  return extension(0, vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name, 'latin1'))])));
}

export function extension(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 0xff]), vector(2, value)]);
}

/** Bytes behind their length. */
export function vector(lengthSize: number, bytes: Buffer): Buffer {
  const length = Buffer.alloc(lengthSize);
  length.writeUIntBE(bytes.length, 0, lengthSize);
  return Buffer.concat([length, bytes]);
}

function isWhole(bytes: Buffer): boolean {
  return bytes.length >= RECORD_HEAD && bytes.length >= RECORD_HEAD + bytes.readUInt16BE(3);
}
