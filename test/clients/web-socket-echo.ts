/** A WebSocket server that sends every message back: RFC 6455 in the smallest. */
import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CLOSE = 8;

export function echoWebSockets(server: Server): void {
  server.on('upgrade', (request, socket: Duplex) => {
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
    socket.on('error', () => socket.destroy());
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    let came: Buffer = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      came = Buffer.concat([came, bytes]);
      for (let message = takeMessage(came); message !== undefined; message = takeMessage(came)) {
        came = message.rest;
        socket.write(message.answer);
        if (message.isLast) socket.end();
      }
    });
  });
}

/** The first whole message of a client, if there is one: one frame of up to 64 KiB. */
function takeMessage(bytes: Buffer): { answer: Buffer; rest: Buffer; isLast: boolean } | undefined {
  if (bytes.length < 6) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const size = short === 126 ? bytes.readUInt16BE(2) : short;
  const maskAt = short === 126 ? 4 : 2;
  const end = maskAt + 4 + size;
  if (bytes.length < end) return undefined;
  const mask = bytes.subarray(maskAt, maskAt + 4);
  const payload = Buffer.from(bytes.subarray(maskAt + 4, end).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  // A server's frame has no mask.
  const head = Buffer.from(bytes.subarray(0, maskAt));
  head[1] = short;
  return {
    answer: Buffer.concat([head, payload]),
    rest: bytes.subarray(end),
    isLast: (bytes.readUInt8(0) & 15) === CLOSE,
  };
}
