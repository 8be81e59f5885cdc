// Not the global one: that is a getter.
import { performance } from 'node:perf_hooks';
import { formatHostPort } from '../../formats/host-port.ts';
import { basicUser } from '../../formats/http/authentication.ts';
import { type Endpoint, type Route, serviceKey } from '../../model/route.ts';
import { COUNTER, NO_ROUTE_BLOCK } from '../../observe/counters.ts';
import type { EngineContext } from '../engine.ts';
import type { FailureExample } from '../failures/failure-example.ts';
import { FAILURES, type FailureReason } from '../failures/failures.ts';
import { NO_ATTEMPTS } from '../log/request-record.ts';
import { AUTHORIZATION, REFERER, USER_AGENT, X_FORWARDED_FOR } from './header-ids.ts';
import type { Downstream, FailureDetail, RequestView } from './ports.ts';
import { requestIdOf } from './request-id.ts';

/** What is remembered of an exchange for its line in the access log and for the counters; one per connection. */
export class ExchangeRecord {
  readonly #context: EngineContext;
  readonly #client: Downstream;
  #startedAt = 0;
  #askedAt = 0;
  #upstreamStatus = 0;
  #status = 0;
  #requestLine = '';
  #endpoint: Endpoint | undefined;
  #isOpen = false;
  #earlierAttempts = NO_ATTEMPTS;
  #switchedAt = 0;
  #reason: FailureReason | '-' = '-';
  route: Route | undefined;
  requestId = '';
  /** As they were judged; empty for what is refused before. */
  host = '';
  path = '';

  constructor(context: EngineContext, client: Downstream) {
    this.#context = context;
    this.#client = client;
  }

  /** Between the begin of an exchange and its line in the access log. */
  get isOpen(): boolean {
    return this.#isOpen;
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
    let now = this.#startedAt;
    if (this.#endpoint !== undefined) {
      now = performance.now();
      this.#earlierAttempts = [...this.#earlierAttempts, { upstream: this.upstream, ms: now - this.#askedAt }];
    }
    this.#askedAt = now;
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
    this.#switchedAt = performance.now();
  }

  /** It failed: the first reason is the one that counts. @param detail asked for at once, if at all */
  fail(reason: FailureReason, detail: FailureDetail = ''): void {
    if (this.#reason !== '-' || !this.#isOpen) return;
    this.#reason = reason;
    // An answer that has begun keeps its status.
    this.#status ||= FAILURES[reason].status;
    this.#context.failures.report(reason, this.#service, () => this.#exampleOf(reason, detail));
  }

  /** The exchange is over. Written once. */
  write(head: RequestView | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { accessLog, counters } = this.#context;
    const { client, receivedBytes, sentBytes, sentBodyBytes } = this.#client;
    const status = this.#status;
    const now = performance.now();
    const durationMs = now - this.#startedAt;
    const upstreamMs = this.#endpoint === undefined ? Number.NaN : now - this.#askedAt;
    counters.addTo(COUNTER.requestBytes, receivedBytes);
    counters.addTo(COUNTER.responseBytes, sentBytes);
    // How long people keep a WebSocket open says nothing about how fast it was made.
    const answeredMs = status === 101 ? this.#switchedAt - now : 0;
    const countedMs = this.#upstreamStatus === 0 ? Number.NaN : upstreamMs + answeredMs;
    const block = this.route?.counterBlock ?? NO_ROUTE_BLOCK;
    counters.countRequest(block, status, (durationMs + answeredMs) / 1000, countedMs / 1000);
    if (accessLog.format !== 'off') {
      accessLog.write({
        remoteAddress: client.peer,
        time: Date.now(),
        requestLine: head?.requestLine ?? this.#requestLine,
        host: this.host,
        status,
        bodyBytes: sentBodyBytes,
        requestBytes: receivedBytes,
        referer: head?.value(REFERER) ?? '',
        userAgent: head?.value(USER_AGENT) ?? '',
        forwardedFor: head?.value(X_FORWARDED_FOR) ?? '',
        remoteUser: basicUser(head?.value(AUTHORIZATION) ?? ''),
        requestId: this.requestId,
        durationMs,
        service: this.#service,
        routePath: this.route?.path ?? '',
        upstream: this.upstream,
        upstreamMs,
        upstreamStatus: this.#upstreamStatus,
        earlierAttempts: this.#earlierAttempts,
        reason: this.#reason,
      });
    }
    this.#client.receivedBytes = 0;
  }

  /** Lets go of what are parts of the head's text. */
  forget(): void {
    this.requestId = '';
    this.host = '';
    this.path = '';
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
    this.path = '';
    this.#earlierAttempts = NO_ATTEMPTS;
    this.#reason = '-';
  }

  get #service(): string {
    return this.route === undefined ? '' : serviceKey(this.route.service);
  }

  #exampleOf(reason: FailureReason, detail: FailureDetail): FailureExample {
    return {
      reason,
      at: Date.now(),
      service: this.#service,
      status: this.#status,
      requestId: this.requestId,
      path: this.path,
      upstream: this.upstream,
      detail: typeof detail === 'string' ? detail : detail(),
    };
  }
}
