/** A WebSocket server (RFC 6455) that sends each message back, for messages of up to 125 bytes. Argument: its port. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { frameLength, MASK_BYTES, SHORT_HEAD } from '../load/websocket-frame.ts';

const CLOSE = 0x8;

const server = createServer((_request, response) => response.writeHead(426).end());
server.on('upgrade', (request, socket) => {
  // RFC 6455 section 4.2.2: the key and this constant prove that the handshake was understood.
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  echo(socket);
});
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });

function echo(socket: Duplex): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let length = frameLength(pending); length !== undefined; length = frameLength(pending)) {
      const frame = pending.subarray(0, length);
      pending = pending.subarray(length);
      socket.write(unmasked(frame));
      if (((frame[0] ?? 0) & 0xf) === CLOSE) socket.end();
    }
  });
}

/** RFC 6455 section 5.1: a client masks its frames, a server must not. */
function unmasked(frame: Buffer): Buffer {
  const start = SHORT_HEAD + MASK_BYTES;
  const answer = Buffer.allocUnsafe(frame.length - MASK_BYTES);
  answer[0] = frame[0] ?? 0;
  answer[1] = frame.length - start;
  for (let at = start; at < frame.length; at++) {
    answer[at - MASK_BYTES] = (frame[at] ?? 0) ^ (frame[SHORT_HEAD + ((at - start) % MASK_BYTES)] ?? 0);
  }
  return answer;
}
