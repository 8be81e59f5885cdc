import type { IncomingMessage } from 'node:http';
import { NO_ROUTE_BLOCK } from '../../observe/counters.ts';
import { type Route, serviceKey } from '../../routing/route.ts';
import { basicUser } from '../authentication.ts';
import type { EngineContext } from '../engine.ts';
import { requestIdOf } from '../request-id.ts';
import type { ClientConnection } from './client-connection.ts';
import type { RequestFacts } from './request-facts.ts';

/** What is remembered of an exchange for its line in the access log and for the counters. */
export class ExchangeLog {
  readonly #context: EngineContext;
  readonly #connection: ClientConnection;
  readonly #request: IncomingMessage;
  readonly #startedAt = performance.now();
  readonly #bytesWrittenBefore: number;
  #upstreamAskedAt = Number.NaN;
  #upstreamMs = Number.NaN;
  #upstreamStatus = 0;
  facts: RequestFacts | undefined;
  route: Route | undefined;
  requestId = '';
  /** `address:port` of the last upstream asked. */
  upstream = '';
  /** Of the response body. */
  bodyBytes = 0;
  /** A tunnel came of it: its bytes are the body. */
  switched = false;

  constructor(context: EngineContext, connection: ClientConnection, request: IncomingMessage) {
    this.#context = context;
    this.#connection = connection;
    this.#request = request;
    this.#bytesWrittenBefore = connection.socket.bytesWritten;
    this.requestId = requestIdOf('');
  }

  upstreamAsked(upstream: string): void {
    this.upstream = upstream;
    this.#upstreamAskedAt = performance.now();
  }

  upstreamAnswered(status: number): void {
    this.#upstreamStatus = status;
    this.upstreamEnded();
  }

  upstreamEnded(): void {
    this.#upstreamMs = performance.now() - this.#upstreamAskedAt;
  }

  write(status: number): void {
    const { accessLog, counters } = this.#context;
    const durationMs = performance.now() - this.#startedAt;
    const requestBytes = this.#connection.takeBytesRead();
    const responseBytes = this.#connection.socket.bytesWritten - this.#bytesWrittenBefore;
    counters.add('requestBytes', requestBytes);
    counters.add('responseBytes', responseBytes);
    counters.countRequest(
      this.route?.counterBlock ?? NO_ROUTE_BLOCK,
      status,
      durationMs / 1000,
      this.#upstreamMs / 1000,
    );
    if (accessLog.format === 'off') return;
    const { method, url, httpVersion } = this.#request;
    accessLog.write({
      remoteAddress: this.#connection.remoteAddress,
      time: Date.now(),
      requestLine: `${method} ${url} HTTP/${httpVersion}`,
      host: this.facts?.host ?? '',
      status,
      bodyBytes: this.switched ? responseBytes : this.bodyBytes,
      requestBytes,
      referer: this.facts?.referer ?? '',
      userAgent: this.facts?.userAgent ?? '',
      forwardedFor: this.facts?.forwardedFor ?? '',
      remoteUser: basicUser(this.facts?.authorization ?? ''),
      requestId: this.requestId,
      durationMs,
      service: this.route === undefined ? '' : serviceKey(this.route.service),
      routePath: this.route?.path ?? '',
      upstream: this.upstream,
      upstreamMs: this.#upstreamMs,
      upstreamStatus: this.#upstreamStatus,
    });
  }
}
