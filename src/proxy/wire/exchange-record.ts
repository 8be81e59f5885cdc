// Not the global one: that is a getter.
import { performance } from 'node:perf_hooks';
import { formatHostPort } from '../../formats/host-port.ts';
import { COUNTER, NO_ROUTE_BLOCK } from '../../observe/counters.ts';
import { type Endpoint, type Route, serviceKey } from '../../routing/route.ts';
import { basicUser } from '../authentication.ts';
import type { EngineContext } from '../engine.ts';
import { CLIENT_CLOSED_REQUEST } from '../failure.ts';
import { requestIdOf } from '../request-id.ts';
import { AUTHORIZATION, REFERER, USER_AGENT, X_FORWARDED_FOR } from './header-names.ts';
import type { RequestHead } from './request-head.ts';

/** What is remembered of an exchange for its line in the access log and for the counters; one per connection. */
export class ExchangeRecord {
  readonly #context: EngineContext;
  readonly #peer: string;
  #startedAt = 0;
  #askedAt = 0;
  #upstreamStatus = 0;
  #status = 0;
  #requestLine = '';
  #endpoint: Endpoint | undefined;
  #isOpen = false;
  route: Route | undefined;
  requestId = '';
  /** As it was judged. */
  host = '';
  /** Bytes that came since the last exchange was written. */
  requestBytes = 0;
  responseBytes = 0;
  /** Of the response body. */
  bodyBytes = 0;

  constructor(context: EngineContext, peer: string) {
    this.#context = context;
    this.#peer = peer;
  }

  begin(requestId: string): void {
    this.#begin(requestId);
    this.#requestLine = '';
  }

  /** Bytes that are no request. */
  beginUnread(line: string): void {
    this.#begin(requestIdOf(''));
    this.#requestLine = line;
  }

  get upstream(): string {
    return this.#endpoint === undefined ? '' : formatHostPort(this.#endpoint.address, this.#endpoint.port);
  }

  upstreamAsked(endpoint: Endpoint): void {
    // The first one is asked at once: a look at the clock would be a good part of what this record costs.
    this.#askedAt = this.#endpoint === undefined ? this.#startedAt : performance.now();
    this.#endpoint = endpoint;
  }

  /** The upstream's head is complete. */
  answered(status: number): void {
    this.#status = status;
    this.#upstreamStatus = status;
  }

  /** 101: from here on the bytes are a tunnel's. */
  tunnelBegan(): void {
    this.answered(101);
    this.responseBytes = 0;
  }

  get isTunnel(): boolean {
    return this.#status === 101;
  }

  /** It was answered here. */
  failed(status: number): void {
    this.#status = status;
  }

  /** The exchange is over; without an answer it was the client that left. Written once. */
  write(head: RequestHead | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { accessLog, counters } = this.#context;
    const status = this.#status || CLIENT_CLOSED_REQUEST;
    const now = performance.now();
    const durationMs = now - this.#startedAt;
    const upstreamMs = this.#upstreamStatus === 0 ? Number.NaN : now - this.#askedAt;
    counters.addTo(COUNTER.requestBytes, this.requestBytes);
    counters.addTo(COUNTER.responseBytes, this.responseBytes);
    counters.countRequest(this.route?.counterBlock ?? NO_ROUTE_BLOCK, status, durationMs / 1000, upstreamMs / 1000);
    if (accessLog.format !== 'off') {
      accessLog.write({
        remoteAddress: this.#peer,
        time: Date.now(),
        requestLine: head?.requestLine ?? this.#requestLine,
        host: this.host,
        status,
        bodyBytes: this.bodyBytes,
        requestBytes: this.requestBytes,
        referer: head?.value(REFERER) ?? '',
        userAgent: head?.value(USER_AGENT) ?? '',
        forwardedFor: head?.value(X_FORWARDED_FOR) ?? '',
        remoteUser: basicUser(head?.value(AUTHORIZATION) ?? ''),
        requestId: this.requestId,
        durationMs,
        service: this.route === undefined ? '' : serviceKey(this.route.service),
        routePath: this.route?.path ?? '',
        upstream: this.upstream,
        upstreamMs,
        upstreamStatus: this.#upstreamStatus,
      });
    }
    this.requestBytes = 0;
  }

  #begin(requestId: string): void {
    this.#isOpen = true;
    this.#startedAt = performance.now();
    this.#upstreamStatus = 0;
    this.#status = 0;
    this.#endpoint = undefined;
    this.route = undefined;
    this.requestId = requestId;
    this.host = '';
    this.responseBytes = 0;
    this.bodyBytes = 0;
  }
}
