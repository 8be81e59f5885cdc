import type { ContentCoding, RetryPolicy } from '../../../model/policy.ts';
import type { ServiceRef } from '../../../model/route.ts';
import { type ExchangeState, FILTERING, ROUTING } from '../exchange-state.ts';
import { copiedRequest } from '../outgoing-request.ts';
import type { PipelineContext } from '../pipeline-context.ts';
import type { BodyPiece, ClientIdentity, RequestView } from '../ports.ts';
import type { Asking, OwnMessage } from '../subrequests/question.ts';
import { clientIpOf, isSecure } from '../told-by-proxies.ts';
import { FieldChanges } from './field-changes.ts';
import type { BodyReader, Filter, FilteredExchange, Resume } from './filter.ts';

/** What the filters of a route see of one request, and what they have changed in it; used again for each request whose route has filters. */
export class FilteredRequest implements FilteredExchange {
  readonly requestEdits = new FieldChanges();
  readonly responseEdits = new FieldChanges();
  coding: ContentCoding | undefined;
  retry: RetryPolicy | undefined;
  upstreamHost = '';
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #resume: Resume;
  readonly #kept = new Map<Filter, unknown>();
  #clientIp: string | undefined;
  #upstreamPath: string | undefined;

  /** @param resume goes on with the request that a filter has suspended */
  constructor(context: PipelineContext, state: ExchangeState, resume: Resume) {
    this.#context = context;
    this.#state = state;
    this.#resume = resume;
  }

  begin(): void {
    this.#clientIp = undefined;
    this.#upstreamPath = undefined;
    this.requestEdits.clear();
    this.responseEdits.clear();
    this.coding = undefined;
    this.retry = undefined;
    this.upstreamHost = '';
  }

  end(): void {
    // V8 makes a new table for a Map that is cleared, an empty one too.
    if (this.#kept.size > 0) this.#kept.clear();
  }

  get head(): RequestView {
    return this.#state.head as RequestView;
  }

  get client(): ClientIdentity {
    return this.#state.downstream.client;
  }

  get clientIp(): string {
    this.#clientIp ??= clientIpOf(this.head, this.client, this.#context.trustedProxies);
    return this.#clientIp;
  }

  get scheme(): 'http' | 'https' {
    return isSecure(this.head, this.client, this.#context.trustedProxies) ? 'https' : 'http';
  }

  get host(): string {
    return this.#state.routing.host;
  }

  get authority(): string {
    return this.#state.routing.authority;
  }

  get path(): string {
    return this.#state.routing.target.path;
  }

  get decodedPath(): string {
    return this.#state.routing.decodedPath.value ?? this.path;
  }

  get query(): string {
    return this.#state.routing.target.query;
  }

  get requestId(): string {
    return this.#state.record.requestId;
  }

  get routePath(): string {
    return this.#state.route.path;
  }

  get service(): ServiceRef {
    return this.#state.route.service;
  }

  get servicePort(): string {
    return this.#state.route.cluster.port;
  }

  get upstreamPath(): string {
    this.#upstreamPath ??= this.#state.routing.upstreamPath;
    return this.#upstreamPath;
  }

  set upstreamPath(path: string) {
    this.#upstreamPath = path;
  }

  get subrequests(): Asking {
    return this.#context.subrequests;
  }

  compress(coding: ContentCoding): boolean {
    if (!this.#context.compressions.hasRoom) return false;
    this.coding = coding;
    return true;
  }

  suspend(): Resume {
    const state = this.#state;
    state.enter(FILTERING);
    const { generation } = state;
    return verdict => {
      if (state.generation !== generation) return;
      // A second call comes too late.
      state.enter(ROUTING);
      this.#resume(verdict);
    };
  }

  copy(body: BodyReader | undefined): OwnMessage | undefined {
    const message = copiedRequest(this.#state, this.#context.trustedProxies);
    if (message !== undefined && body !== undefined) readAlso(this.#state, body);
    return message;
  }

  keep(filter: Filter, value: unknown): void {
    this.#kept.set(filter, value);
  }

  kept(filter: Filter): unknown {
    return this.#kept.get(filter);
  }
}

function readAlso(state: ExchangeState, body: BodyReader): void {
  const before = state.bodyReader;
  const read = (piece: BodyPiece): void => {
    before?.read(piece);
    body.read(piece);
  };
  state.bodyReader = before === undefined ? body : { read };
}
