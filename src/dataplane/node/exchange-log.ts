import type { IncomingMessage } from 'node:http';
import { basicUser } from '../../formats/http/authentication.ts';
import { type Route, serviceKey } from '../../model/route.ts';
import { NO_ROUTE_BLOCK } from '../../observe/counters.ts';
import type { EngineContext } from '../engine.ts';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import { NO_ATTEMPTS } from '../log/request-record.ts';
import { requestIdOf } from '../pipeline/request-id.ts';
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
  #earlierAttempts = NO_ATTEMPTS;
  #switchedMs = 0;
  #reason: FailureReason | '-' = '-';
  #upstreamStatus = 0;
  facts: RequestFacts | undefined;
  route: Route | undefined;
  requestId = '';
  /** `address:port` of the last upstream asked. */
  upstream = '';
  /** Of the response body. */
  bodyBytes = 0;
  /** As it was matched against the routes; empty before. */
  path = '';

  constructor(context: EngineContext, connection: ClientConnection, request: IncomingMessage) {
    this.#context = context;
    this.#connection = connection;
    this.#request = request;
    this.#bytesWrittenBefore = connection.socket.bytesWritten;
    this.requestId = requestIdOf('');
  }

  upstreamAsked(upstream: string): void {
    const now = performance.now();
    if (this.upstream !== '') {
      this.#earlierAttempts = [...this.#earlierAttempts, { upstream: this.upstream, ms: now - this.#upstreamAskedAt }];
    }
    this.upstream = upstream;
    this.#upstreamAskedAt = now;
  }

  /** A tunnel comes of it: its bytes are the body. */
  tunnelBegan(): void {
    this.upstreamAnswered(101);
    this.#switchedMs = performance.now() - this.#startedAt;
  }

  get switched(): boolean {
    return this.#upstreamStatus === 101;
  }

  /** It failed: the first reason is the one that counts. */
  fail(reason: FailureReason, detail = ''): void {
    if (this.#reason !== '-') return;
    this.#reason = reason;
    const { requestId, path, upstream } = this;
    this.#context.failures.report(reason, this.#service, () => ({
      reason,
      at: Date.now(),
      service: this.#service,
      status: this.#upstreamStatus || FAILURES[reason].status,
      requestId,
      path,
      upstream,
      detail,
    }));
  }

  get #service(): string {
    return this.route === undefined ? '' : serviceKey(this.route.service);
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
      // How long people keep a WebSocket open says nothing about how fast it was made.
      (this.switched ? this.#switchedMs : durationMs) / 1000,
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
      service: this.#service,
      routePath: this.route?.path ?? '',
      upstream: this.upstream,
      upstreamMs: performance.now() - this.#upstreamAskedAt,
      upstreamStatus: this.#upstreamStatus,
      earlierAttempts: this.#earlierAttempts,
      reason: this.#reason,
    });
  }
}
