/** Upstreams that write down every request they see, each with a parser of its own, and answer with the request's id. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { contentLength, type HeaderLine, isChunked, readChunked, readHead, value } from '../support/raw-message.ts';

export interface SeenRequest {
  readonly requestId: string;
  readonly method: string;
  readonly target: string;
  /** Names and values of all header lines, in order. */
  readonly headers: readonly HeaderLine[];
  readonly body: string;
  readonly trailers: readonly HeaderLine[];
}

/** Told of each whole request, by the address that X-Real-IP gives. */
export type Witness = (realIp: string, request: SeenRequest) => void;

export interface Upstream {
  readonly address: ListenAddress;
  readonly close: () => void;
}

/** @param onMalformed told of bytes that are no HTTP/1.1 */
export async function startStrictUpstream(witness: Witness, onMalformed: (error: unknown) => void): Promise<Upstream> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, socket => {
    let pending: Buffer = Buffer.alloc(0);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      try {
        for (let taken = take(pending); taken !== undefined; taken = take(pending)) {
          pending = pending.subarray(taken.end);
          witness(taken.realIp, taken.request);
          socket.write(answer(taken.request));
        }
      } catch (error) {
        onMalformed(error);
        socket.destroy();
      }
    });
  });
  return {
    address: await listen(server),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Node's own server: llhttp. */
export async function startLlhttpUpstream(witness: Witness, onMalformed: (error: unknown) => void): Promise<Upstream> {
  const server = createHttpServer({ maxHeaderSize: 128 * 1024, keepAliveTimeout: 60_000 });
  server.maxHeadersCount = 0;
  server.on('request', (incoming, response) => {
    let body = '';
    incoming.setEncoding('latin1');
    incoming.on('data', (text: string) => {
      body += text;
    });
    // Of a request that is cut off only an error is seen.
    incoming.on('error', () => undefined);
    incoming.on('end', () => {
      const { method = '', url: target = '', rawHeaders, rawTrailers } = incoming;
      const headers = pairs(rawHeaders);
      const requestId = value(headers, 'x-request-id') ?? '';
      witness(value(headers, 'x-real-ip') ?? '', {
        requestId,
        method,
        target,
        headers,
        body,
        trailers: pairs(rawTrailers),
      });
      response.setHeader('Content-Length', requestId.length);
      response.end(requestId);
    });
  });
  for (const event of ['checkContinue', 'checkExpectation'] as const) {
    server.on(event, (...args) => server.emit('request', ...args));
  }
  server.on('clientError', (error, socket) => {
    if ('code' in error && String(error.code).startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE')
      onMalformed(error);
    socket.destroy();
  });
  return {
    address: await listen(server),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The first request in the bytes, as the judge of test/support reads it. */
function take(bytes: Buffer): { request: SeenRequest; realIp: string; end: number } | undefined {
  const head = readHead(bytes);
  if (head === undefined) return undefined;
  const { headers, startLine } = head;
  const match = /^([A-Z_-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.1$/.exec(startLine);
  if (match === null) throw new Error(`request line ${JSON.stringify(startLine)}`);
  const [, method = '', target = ''] = match;
  const begin = head.raw.length;
  const rest = bytes.subarray(begin);
  let body = '';
  let trailers: readonly HeaderLine[] = [];
  let size = contentLength(headers) ?? 0;
  if (isChunked(headers)) {
    const chunks = readChunked(rest);
    if (!chunks.complete) return undefined;
    body = chunks.content.toString('latin1');
    trailers = chunks.trailers;
    size = chunks.end;
  } else {
    if (rest.length < size) return undefined;
    body = rest.toString('latin1', 0, size);
  }
  const requestId = value(headers, 'x-request-id') ?? '';
  const realIp = value(headers, 'x-real-ip') ?? '';
  return { request: { requestId, method, target, headers, body, trailers }, realIp, end: begin + size };
}

function answer({ requestId, method }: SeenRequest): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${requestId.length}\r\n\r\n${method === 'HEAD' ? '' : requestId}`;
}

function pairs(raw: readonly string[]): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (let index = 0; index < raw.length; index += 2) lines.push([raw[index] ?? '', raw[index + 1] ?? '']);
  return lines;
}

export async function listen(server: Server): Promise<ListenAddress> {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the upstream does not listen');
  return { host: address.address, port: address.port };
}
