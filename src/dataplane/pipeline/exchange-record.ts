// Imported, because the global one is a getter, which costs more.
import { performance } from 'node:perf_hooks';
import type { FailureExample } from '../../failures/failure-example.ts';
import { FAILURES, type FailureReason } from '../../failures/failures.ts';
import type { Endpoint } from '../../model/cluster.ts';
import type { PolicyKind } from '../../model/policy.ts';
import { serviceKey } from '../../model/route.ts';
import { COUNTER, NO_ROUTE_BLOCK } from '../../observe/counters.ts';
import { formatHostPort } from '../../text/host-port.ts';
import type { CompiledRoute } from '../compiled-route.ts';
import type { EngineContext } from '../engine.ts';
import { type LoggedHead, NO_ATTEMPTS, type RequestRecord } from '../log/request-record.ts';
import { TextHead } from '../log/text-head.ts';
import type { ClientIdentity, Downstream, FailureDetail } from './ports.ts';
import { requestIdOf } from './request-id.ts';

/** What a record takes from the client's side of an exchange. */
export interface RecordedTraffic extends Pick<Downstream, 'receivedBytes' | 'sentBytes' | 'sentBodyBytes'> {
  readonly client: Pick<ClientIdentity, 'peer' | 'tls'>;
}

/** Gathers what the access log and the counters say about an exchange; used again for other exchanges. */
export class ExchangeRecord implements RequestRecord {
  readonly #context: EngineContext;
  #startedAt = 0;
  #askedAt = 0;
  #endedAt = 0;
  #upstreamStatus = 0;
  /** An upstream's head is complete. */
  #isAnswered = false;
  #status = 0;
  #requestLine = '';
  #endpoint: Endpoint | undefined;
  #isOpen = false;
  #earlierAttempts = NO_ATTEMPTS;
  #switchedAt = 0;
  #reason: FailureReason | '-' = '-';
  /** The client's side of the exchange. */
  client: RecordedTraffic;
  route: CompiledRoute | undefined;
  requestId = '';
  /** The policy that has answered or refused the request; undefined where none has. */
  policy: PolicyKind | undefined;
  /** Host and path as routes see them; empty for what was refused before. */
  host = '';
  path = '';

  constructor(context: EngineContext, client: RecordedTraffic) {
    this.#context = context;
    this.client = client;
  }

  /** Between the begin of an exchange and its line in the access log. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  begin(requestId: string): void {
    this.#begin(requestId);
    this.#requestLine = '';
  }

  /** Bytes came that are no request. @param line the first of their lines */
  beginUnread(line: string): void {
    this.#begin(requestIdOf(''));
    this.#requestLine = line;
  }

  /** `address:port` of the upstream asked last, empty when none was asked. */
  get upstream(): string {
    return this.#endpoint === undefined ? '' : formatHostPort(this.#endpoint.address, this.#endpoint.port);
  }

  /** The attempt under way gave no answer. As in nginx, its status is the one that the entry would answer with. */
  attemptFailed(reason: FailureReason): void {
    this.#upstreamStatus ||= FAILURES[reason].status;
  }

  /** @param hasWaited the request has waited for the endpoint */
  upstreamAsked(endpoint: Endpoint, hasWaited = false): void {
    // The first attempt begins with the request: that saves a look at the clock.
    let now = hasWaited ? performance.now() : this.#startedAt;
    if (this.#endpoint !== undefined) {
      now = performance.now();
      const attempt = { endpoint: this.#endpoint, status: this.#upstreamStatus, ms: now - this.#askedAt };
      this.#earlierAttempts = [...this.#earlierAttempts, attempt];
    }
    this.#upstreamStatus = 0;
    this.#askedAt = now;
    this.#endpoint = endpoint;
  }

  /** The upstream's head is complete. @param status 0: it is not passed on after all */
  answered(status: number): void {
    this.#status = status;
    this.#upstreamStatus = status;
    this.#isAnswered = status > 0;
  }

  /** An answer has come that is not passed on. */
  attemptAnswered(status: number): void {
    this.#upstreamStatus = status;
  }

  /** The entry answers, and that is no failure. */
  answeredHere(status: number): void {
    this.#status = status;
  }

  /** 101: from here on the bytes are a tunnel's. */
  tunnelBegan(): void {
    this.answered(101);
    this.#switchedAt = performance.now();
  }

  /** The exchange failed. The first reason counts. @param detail a function is called at once, or never @param status of the answer */
  fail(reason: FailureReason, detail: FailureDetail = '', status = FAILURES[reason].status): void {
    if (this.#reason !== '-' || !this.#isOpen) return;
    this.#reason = reason;
    // An answer that has begun keeps its status.
    this.#status ||= status;
    if (this.#endpoint !== undefined && FAILURES[reason].source === 'upstream') this.attemptFailed(reason);
    this.#context.failures.report(reason, this.#service, () => this.#exampleOf(reason, detail));
  }

  /** The exchange is over. Written once. @param head undefined where the bytes were no request */
  write(head: LoggedHead | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { accessLog, counters } = this.#context;
    const { receivedBytes, sentBytes } = this.client;
    const status = this.#status;
    const now = performance.now();
    this.#endedAt = now;
    counters.addTo(COUNTER.requestBytes, receivedBytes);
    counters.addTo(COUNTER.responseBytes, sentBytes);
    // The time that a tunnel stays open is not counted as the time of a request.
    const answeredMs = status === 101 ? this.#switchedAt - now : 0;
    const countedMs = this.#isAnswered ? this.upstreamMs + answeredMs : Number.NaN;
    const block = this.route?.cluster.counterBlock ?? NO_ROUTE_BLOCK;
    counters.countRequest(block, status, (this.durationMs + answeredMs) / 1000, countedMs / 1000);
    const isLogged = accessLog.isOn && this.route?.ingress?.isLogged !== false;
    if (isLogged) accessLog.write(this, head ?? new TextHead({ requestLine: this.#requestLine }), Date.now());
    this.client.receivedBytes = 0;
  }

  // What the log reads of it.

  get remoteAddress(): string {
    return this.client.client.peer;
  }

  get tls(): RequestRecord['tls'] {
    return this.client.client.tls;
  }

  get requestBytes(): number {
    return this.client.receivedBytes;
  }

  get bodyBytes(): number {
    return this.client.sentBodyBytes;
  }

  get status(): number {
    return this.#status;
  }

  get durationMs(): number {
    return this.#endedAt - this.#startedAt;
  }

  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  get upstreamMs(): number {
    return this.#endpoint === undefined ? Number.NaN : this.#endedAt - this.#askedAt;
  }

  get upstreamStatus(): number {
    return this.#upstreamStatus;
  }

  get earlierAttempts(): RequestRecord['earlierAttempts'] {
    return this.#earlierAttempts;
  }

  get reason(): FailureReason | '-' {
    return this.#reason;
  }

  /** Drops the texts that are parts of the head: each would keep the whole head in memory. */
  forget(): void {
    this.requestId = '';
    this.host = '';
    this.path = '';
  }

  #begin(requestId: string): void {
    this.#isOpen = true;
    this.#startedAt = performance.now();
    this.#upstreamStatus = 0;
    this.#isAnswered = false;
    this.#status = 0;
    this.#endpoint = undefined;
    this.route = undefined;
    this.policy = undefined;
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
