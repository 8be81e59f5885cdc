/** One of the two servers that a replay asks. */
import { createHash } from 'node:crypto';
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import { codeOf, FormatError, messageOf } from '../errors.ts';
import { isIdempotent } from '../formats/http/methods.ts';
import { splitAuthority } from '../formats/http/uri.ts';
import { quote } from '../text/quote.ts';
import type { Answer, Outcome } from './answer.ts';
import type { Question } from './replay.ts';

/** From the first byte that is sent to the last that comes back. */
const ANSWER_MS = 30_000;
/** Of a body, this much is compared: an answer without an end must not hold up the rest. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** Connections that wait for their next request. Over TLS each host has its own, and a log may name very many. */
const MAX_IDLE = 64;

const METHODS_WITH_BODY = ['POST', 'PUT', 'PATCH'];

export interface EndOptions {
  /** Lower-case names of the headers of answers that are kept. */
  readonly comparedHeaders: readonly string[];
  /** Headers that each request gets. */
  readonly requestHeaders: readonly (readonly [name: string, value: string])[];
  readonly isInsecure: boolean;
  readonly clock: Clock;
}

/** @throws FormatError for what is no `http://HOST[:PORT]` or `https://HOST[:PORT]` */
export function readEnd(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBare = url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  if (url === undefined || !isBare || !['http:', 'https:'].includes(url.protocol)) {
    throw new FormatError(`${quote(text)} is no server: write http://HOST[:PORT] or https://HOST[:PORT]`);
  }
  return url;
}

export class End {
  readonly #url: URL;
  readonly #options: EndOptions;
  readonly #agent: HttpAgent;
  readonly #underWay = new Set<ClientRequest>();
  #isClosed = false;

  constructor(url: URL, options: EndOptions) {
    this.#url = url;
    this.#options = options;
    this.#agent = this.#isTls
      ? new HttpsAgent({ keepAlive: true, rejectUnauthorized: !options.isInsecure })
      : new HttpAgent({ keepAlive: true });
    const keep = this.#agent.keepSocketAlive.bind(this.#agent);
    this.#agent.keepSocketAlive = socket => this.#idle() < MAX_IDLE && keep(socket);
  }

  /** Sends the request as the log has it. Redirects are not followed. */
  async ask(question: Question): Promise<Outcome> {
    try {
      // What may not be sent twice gets a connection that cannot be closed just then.
      return await this.#ask(question, isIdempotent(question.method) ? this.#agent : false);
    } catch (error) {
      return { failure: codeOf(error) ?? messageOf(error) };
    }
  }

  /** Ends the requests that are under way, too. */
  close(): void {
    this.#isClosed = true;
    for (const sent of this.#underWay) sent.destroy();
    this.#agent.destroy();
  }

  get #isTls(): boolean {
    return this.#url.protocol === 'https:';
  }

  #idle(): number {
    return Object.values(this.#agent.freeSockets).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0);
  }

  async #ask(question: Question, agent: HttpAgent | false): Promise<Answer> {
    const sent = this.#send(question, agent);
    this.#underWay.add(sent);
    let isLate = false;
    const cancel = this.#options.clock.setTimer(ANSWER_MS, () => {
      isLate = true;
      sent.destroy();
    });
    let response: IncomingMessage | undefined;
    try {
      response = await responseOf(sent);
      return await this.#read(response);
    } catch (error) {
      if (isLate) throw Object.assign(new Error('no whole answer in time', { cause: error }), { code: 'ETIMEDOUT' });
      // The server closed the connection while it waited, just when the request was sent: that is no answer to it.
      const isStale =
        response === undefined && sent.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(codeOf(error) ?? '');
      if (isStale && !this.#isClosed) return await this.#ask(question, false);
      throw error;
    } finally {
      cancel();
      this.#underWay.delete(sent);
    }
  }

  /** @param agent false: over a connection of its own */
  #send({ method, target, host }: Question, agent: HttpAgent | false): ClientRequest {
    const name = splitAuthority(host).host;
    const sent = (this.#isTls ? requestHttps : requestHttp)({
      agent,
      host: this.#url.hostname.replace(/^\[|\]$/g, ''),
      ...(this.#url.port === '' ? {} : { port: this.#url.port }),
      // What a client of that host would say in its handshake (RFC 6066 section 3: no addresses).
      ...(isIP(name.replace(/^\[|\]$/g, '')) === 0 ? { servername: name } : {}),
      rejectUnauthorized: !this.#options.isInsecure,
      method,
      path: target,
      headers: this.#headersFor(method, host),
    });
    sent.end();
    return sent;
  }

  #headersFor(method: string, host: string): string[] {
    const lines = ['Host', host, ...this.#options.requestHeaders.flat()];
    // RFC 9110 section 8.6: a request without a body sends Content-Length: 0 where its method defines a meaning for a body.
    return METHODS_WITH_BODY.includes(method) ? [...lines, 'Content-Length', '0'] : lines;
  }

  async #read(response: IncomingMessage): Promise<Answer> {
    const hash = createHash('sha256');
    let bodyBytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const room = MAX_BODY_BYTES - bodyBytes;
      hash.update(chunk.length > room ? chunk.subarray(0, room) : chunk);
      bodyBytes += Math.min(chunk.length, room);
      // Leaving the loop closes the connection.
      if (bodyBytes === MAX_BODY_BYTES) break;
    }
    const headers = new Map<string, string>();
    for (const name of this.#options.comparedHeaders) {
      const lines = response.headersDistinct[name];
      if (lines !== undefined) headers.set(name, lines.join(', '));
    }
    return { status: response.statusCode ?? 0, headers, bodyHash: hash.digest('hex'), bodyBytes };
  }
}

function responseOf(sent: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  sent.once('response', resolve);
  // A 101 is compared as an answer without a body.
  sent.once('upgrade', (response, socket) => {
    socket.destroy();
    resolve(response);
  });
  // It stays: an error may come after the answer has begun.
  sent.on('error', reject);
  return promise;
}
