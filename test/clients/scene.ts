/** The program with a backend behind it, for clients that others have written. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { scratchDirectory } from '../cli/cli-fixture.ts';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { startHttpBackend } from '../support/http-backend.ts';
import { selfSigned } from '../support/self-signed.ts';
import { service } from '../support/services.ts';
import { echoWebSockets } from './web-socket-echo.ts';

export const LARGE: Buffer = Buffer.alloc(3_000_000, 'large ');
/** Of a streamed answer. */
export const PIECES = 5;
const PIECE_MS = 20;

const PAGE = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module">
  const images = Array.from({ length: 30 }, (_, number) => fetch('/hello?' + number).then(answer => answer.text()));
  document.title = new Set(await Promise.all(images)).size === 1 ? 'all the same' : 'different';
</script>`;

export interface Scene {
  /** Without TLS. */
  readonly http: string;
  /** With TLS, for the name localhost. */
  readonly https: string;
  /** A file with the certificate, which signs itself. */
  readonly certificate: string;
  readonly program: ServingProgram;
  /** For the files of clients. */
  readonly folder: string;
}

export async function scene(t: TestContext): Promise<Scene> {
  const { server, address } = await startHttpBackend(t, (request, response) => void answer(request, response));
  echoWebSockets(server);
  const folder = await scratchDirectory(t);
  const { cert, key } = selfSigned();
  const [certificate, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  await Promise.all([writeFile(certificate, cert), writeFile(keyFile, key)]);
  const program = await ServingProgram.start(t, {
    manifests: [service('backend', { address, annotations: { path: '/' } })],
    args: ['--tls-listen', '127.0.0.1:0', '--tls-certificate', certificate, '--tls-key', keyFile],
  });
  const listening = await program.logged('listening');
  return {
    http: `http://127.0.0.1:${program.address.port}`,
    https: `https://localhost:${String(listening.tlsListen).split(':').at(-1)}`,
    certificate,
    program,
    folder,
  };
}

/** /hello, /large, /trailers, /stream, /page; anything else says what was sent to it. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  switch (request.url?.replace(/\?.*/, '')) {
    case '/hello':
      response.end('hello');
      return;
    case '/large':
      response.setHeader('Content-Length', LARGE.length).end(LARGE);
      return;
    case '/page':
      response.setHeader('Content-Type', 'text/html').end(PAGE);
      return;
    case '/stream':
      for (let piece = 0; piece < PIECES; piece += 1) {
        response.write(`piece ${piece}\n`);
        await delay(PIECE_MS);
      }
      response.end();
      return;
    default:
      // Without a body there is no place for trailers.
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      response.writeHead(200, { Trailer: 'X-Trailer' });
      response.write(received(request, await buffer(request).catch(() => Buffer.alloc(0))));
      response.addTrailers({ 'X-Trailer': 'behind' });
      response.end();
  }
}

/** What a backend says that it got. */
export function received({ method }: { readonly method?: string | undefined }, body: Uint8Array): string {
  return `${method} ${body.length} bytes ${createHash('sha256').update(body).digest('hex')}`;
}

/** Runs a client to its end. @returns standard output @throws Error with all that it said, if it fails */
export async function runClient(file: string, args: readonly string[], timeout = 300_000): Promise<string> {
  const { stdout } = await promisify(execFile)(file, args, { timeout, maxBuffer: 1 << 26, encoding: 'latin1' });
  return stdout;
}
