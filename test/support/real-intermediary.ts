/** A TLS proxy between the entry and the API server, that does to answers what networks and servers do at bad moments. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './eventually.ts';
import { selfSigned } from './self-signed.ts';
import { serverPort } from './server-port.ts';

const SLICE_BYTES = 512;

interface Stream {
  readonly answer: ServerResponse;
  /** Nothing more comes from the server. */
  readonly mute: () => void;
}

export class RealIntermediary implements AsyncDisposable {
  readonly port: number;
  /** PEM, to be trusted by those who go through here. */
  readonly certificate: string;
  /** Watches lose the time they ask for: the server ends them when it thinks fit. */
  namesNoTimeout = false;
  /** Milliseconds between two pieces of a list. */
  listDelayMs = 0;
  /** So many lists break off in the middle. */
  listsToCut = 0;
  /** So far. */
  watches = 0;
  listsCut = 0;
  readonly #target: number;
  readonly #server: Server;
  readonly #streams = new Set<Stream>();

  private constructor(port: number, target: number) {
    const identity = selfSigned();
    this.port = port;
    this.certificate = identity.cert;
    this.#target = target;
    this.#server = createServer(identity, (asked, answer) => {
      this.#pass(asked, answer).catch(() => answer.destroy());
    });
  }

  /** @param target port of 127.0.0.1, where TLS is spoken; its certificate is not looked at */
  static async to(target: number): Promise<RealIntermediary> {
    const intermediary = new RealIntermediary(await serverPort(), target);
    await once(intermediary.#server.listen(intermediary.port, '127.0.0.1'), 'listening');
    return intermediary;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** Resolves when a watch is open. Between two watches there is a moment without one. */
  async watched(): Promise<void> {
    await eventually('a watch', () => this.#streams.size > 0);
  }

  /** Says so on every watch, in the server's name, and leaves it open and silent. */
  async sendError(code: number): Promise<void> {
    await this.watched();
    const object = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'injected', code };
    for (const { answer, mute } of this.#streams) {
      mute();
      answer.write(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    }
  }

  /** Breaks every watch. */
  async breakWatches(): Promise<void> {
    await this.watched();
    for (const { answer } of this.#streams) answer.destroy();
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(asked.url ?? '/', 'https://127.0.0.1');
    const isWatch = url.searchParams.get('watch') === 'true';
    if (isWatch && this.namesNoTimeout) url.searchParams.delete('timeoutSeconds');
    const sent = request({
      host: '127.0.0.1',
      port: this.#target,
      path: url.pathname + url.search,
      method: asked.method,
      headers: asked.headers,
      rejectUnauthorized: false,
    });
    answer.once('close', () => sent.destroy());
    asked.pipe(sent);
    const [received] = (await once(sent, 'response')) as [IncomingMessage];
    answer.writeHead(received.statusCode ?? 502, received.headers).flushHeaders();
    if (isWatch) this.#stream(received, answer);
    else await this.#list(received, answer);
  }

  #stream(received: IncomingMessage, answer: ServerResponse): void {
    const stream: Stream = { answer, mute: () => received.unpipe(answer) };
    this.watches += 1;
    this.#streams.add(stream);
    answer.once('close', () => this.#streams.delete(stream));
    received.once('error', () => answer.destroy());
    received.pipe(answer);
  }

  async #list(received: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks = (await received.toArray()) as Buffer[];
    const body = Buffer.concat(chunks);
    const isCut = this.listsToCut > 0;
    if (isCut) this.listsToCut -= 1;
    const end = isCut ? Math.floor(body.length / 2) : body.length;
    for (let start = 0; start < end && !answer.destroyed; start += SLICE_BYTES) {
      answer.write(body.subarray(start, Math.min(end, start + SLICE_BYTES)));
      if (this.listDelayMs > 0) await delay(this.listDelayMs);
    }
    if (!isCut) answer.end();
    else {
      this.listsCut += 1;
      answer.destroy();
    }
  }
}
