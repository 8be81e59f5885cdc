import type { ClientRequest, IncomingMessage, InformationEvent, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProxyServer } from 'http-proxy-3';
import type { FailureReason } from '../../failures/failures.ts';
import type { Endpoint } from '../../model/cluster.ts';
import { MAX_INTERIMS } from '../http1/limits.ts';
import { type Guarded, guarded } from '../runtime/guard.ts';
import { hasBody, type RequestFacts } from './request-facts.ts';
import type { UpstreamHeaders } from './upstream-headers.ts';
import type { ConnectFailure, UpstreamConnection, UpstreamPool } from './upstream-pool.ts';

export interface AttemptInput {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly facts: RequestFacts;
  /** For the request line. */
  readonly target: string;
  readonly headers: UpstreamHeaders;
  readonly endpoints: readonly [first: Endpoint, second: Endpoint];
  /** No kept-alive connection will do. */
  readonly fresh: boolean;
  readonly connectMs: number;
  readonly readMs: number;
  readonly sendMs: number;
}

/** What may come of an attempt. */
export interface AttemptListener extends Guarded {
  informed(status: number, rawHeaders: readonly string[]): void;
  responded(response: IncomingMessage): void;
  switched(response: IncomingMessage, socket: Duplex, early: Buffer): void;
  broken(error: Error): void;
  /** @param error the code of what caused it */
  fail(reason: FailureReason, error?: string): void;
  /** A connection to it is taken or made. @param failed why a connect before it failed */
  asked(endpoint: Endpoint, failed?: FailureReason): void;
}

/** A request on its way to an upstream, once: through http-proxy-3, over a connection of our own pool. */
export class UpstreamAttempt {
  readonly #services: { readonly proxy: ProxyServer; readonly pool: UpstreamPool };
  readonly #input: AttemptInput;
  readonly #listener: AttemptListener;
  #upstreamRequest: ClientRequest | undefined;
  #upstreamResponse: IncomingMessage | undefined;
  #isAbandoned = false;
  connection: UpstreamConnection | undefined;

  constructor(
    services: { readonly proxy: ProxyServer; readonly pool: UpstreamPool },
    input: AttemptInput,
    listener: AttemptListener,
  ) {
    this.#services = services;
    this.#input = input;
    this.#listener = listener;
  }

  start(): void {
    const { request, response, endpoints, headers, fresh, connectMs } = this.#input;
    const [{ address, port }] = endpoints;
    // What ClientRequest asks of an agent. Node's own has no age limit, no retry and no connect timeout.
    const agent = {
      keepAlive: true,
      addRequest: (upstreamRequest: ClientRequest) => {
        this.#prepare(upstreamRequest);
        const onAttempt = (endpoint: Endpoint, failed?: FailureReason): void => this.#listener.asked(endpoint, failed);
        const done = guarded(this.#listener, (outcome: UpstreamConnection | ConnectFailure) => {
          if (!('reason' in outcome)) this.#connected(upstreamRequest, outcome);
          else if (!this.#isAbandoned) this.#listener.fail(outcome.reason, outcome.error);
        });
        this.#services.pool.acquire({ endpoints, timeoutMs: connectMs, fresh, onAttempt }, done);
      },
    };
    const target = { host: address, port, protocol: 'http:' };
    try {
      // Its type knows no repeated headers; Node's http.request, which gets them in the end, does.
      const options = { target, agent, headers: headers as Record<string, string> };
      const broken = guarded(this.#listener, (error: Error) => {
        if (!this.#isAbandoned) this.#listener.broken(error);
      });
      this.#services.proxy.web(request, response, options, broken);
    } catch (error) {
      this.#listener.crashed(error);
    }
  }

  /** Its outcome is no longer wanted. */
  abandon(): void {
    this.#isAbandoned = true;
    const upstreamRequest = this.#upstreamRequest;
    if (upstreamRequest === undefined || upstreamRequest.destroyed) return;
    this.#input.request.unpipe(upstreamRequest);
    upstreamRequest.on('error', () => undefined);
    upstreamRequest.destroy();
  }

  #prepare(upstreamRequest: ClientRequest): void {
    const { request, facts, target, headers } = this.#input;
    this.#upstreamRequest = upstreamRequest;
    // Set here because http-proxy-3 drops an empty query and Trailer, and with Expect Node would write the head too early.
    upstreamRequest.path = target;
    // Zero is no limit: Node would drop further header lines in silence.
    upstreamRequest.maxHeadersCount = 0;
    // Node would announce a body of length 0 for a POST that has no framing at all.
    if (!hasBody(facts)) upstreamRequest.useChunkedEncodingByDefault = false;
    if (facts.trailer !== undefined && facts.isChunked) upstreamRequest.setHeader('Trailer', facts.trailer);
    if (facts.expect !== undefined) upstreamRequest.setHeader('Expect', facts.expect);
    if (headers.Connection === undefined) upstreamRequest.removeHeader('Connection');
    let interims = 0;
    const listener = this.#listener;
    const informed = guarded(listener, ({ statusCode, rawHeaders }: InformationEvent) => {
      interims += 1;
      if (interims > MAX_INTERIMS) listener.fail('response_too_many_interim');
      else listener.informed(statusCode, rawHeaders);
    });
    const switched = guarded(listener, (response: IncomingMessage, socket: Duplex, early: Buffer) =>
      listener.switched(response, socket, early),
    );
    const responded = guarded(listener, (response: IncomingMessage) => {
      this.#upstreamResponse = response;
      listener.responded(response);
    });
    upstreamRequest.on('information', informed);
    upstreamRequest.on('upgrade', switched);
    upstreamRequest.on('response', responded);
    // Registered before the pipe's own listener, which ends the upstream's request.
    request.once('end', () => {
      if (request.rawTrailers.length > 0) upstreamRequest.addTrailers(headerPairs(request.rawTrailers));
    });
  }

  #connected(upstreamRequest: ClientRequest, connection: UpstreamConnection): void {
    const { request, facts, readMs, sendMs } = this.#input;
    const { socket } = connection;
    this.connection = connection;
    const onTimeout = guarded(this.#listener, () => {
      // While the client is the slow one, its own time limits count.
      const bodyIsLate = !request.complete && socket.writableLength === 0;
      if (this.#upstreamResponse?.isPaused() || bodyIsLate)
        socket.setTimeout(upstreamRequest.writableFinished ? readMs : sendMs);
      else if (this.#upstreamResponse !== undefined) this.#listener.fail('response_cut_by_timeout');
      else this.#listener.fail(socket.writableLength > 0 ? 'upstream_send_timeout' : 'upstream_read_timeout');
    });
    socket.on('timeout', onTimeout);
    upstreamRequest.once('close', () => socket.off('timeout', onTimeout));
    upstreamRequest.once('upgrade', () => socket.off('timeout', onTimeout));
    socket.once('free', () => this.#services.pool.release(connection));
    socket.setTimeout(upstreamRequest.writableFinished ? readMs : sendMs);
    upstreamRequest.once('finish', () => socket.setTimeout(readMs));
    upstreamRequest.onSocket(socket);
    // The upstream decides on the head alone whether it wants the body (Expect), or answers early.
    if (hasBody(facts)) upstreamRequest.flushHeaders();
  }
}

/** Raw headers as Node's addTrailers() takes them. */
export function headerPairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) list.push([raw[index] as string, raw[index + 1] as string]);
  return list;
}
