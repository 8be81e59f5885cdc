import type { ContentCoding, RetryPolicy } from '../../../model/policy.ts';
import type { ServiceRef } from '../../../model/route.ts';
import { FAILURES } from '../../failures/failures.ts';
import { type ExchangeState, FILTERING, ROUTING } from '../exchange-state.ts';
import { copiedRequest } from '../outgoing-request.ts';
import type { PipelineContext } from '../pipeline-context.ts';
import type { Answer, BodyPiece, ClientIdentity, FieldEdits, RequestView, ResponseView } from '../ports.ts';
import type { Asking, OwnMessage } from '../subrequests/question.ts';
import { clientIpOf, isSecure } from '../told-by-proxies.ts';
import { changedAnswer, FieldChanges, PolicyEdits } from './field-changes.ts';
import {
  type ActiveFilters,
  type BodyReader,
  type Filter,
  type FilteredExchange,
  type FilteredResponse,
  type NamedFilter,
  type PageableError,
  type PageOwner,
  Refusal,
  type Resume,
  SUSPENDED,
  type Verdict,
} from './filter.ts';
import type { RouteFilters } from './filters.ts';
import { PageRequest } from './page-request.ts';

/** Goes on with an exchange that a filter has suspended. */
export interface FilterOwner {
  /** The filter has decided, or waits for something else. */
  filterResumed(verdict: Verdict): void;
  crashed(error: unknown): void;
}

/** Leads the requests of one exchange through the filters of their routes; used again for each request whose route has filters. */
export class FilterRun implements FilteredExchange, ActiveFilters {
  readonly requestEdits = new FieldChanges();
  readonly responseEdits = new FieldChanges();
  coding: ContentCoding | undefined;
  retry: RetryPolicy | undefined;
  upstreamHost = '';
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #owner: FilterOwner;
  readonly #kept = new Map<Filter, unknown>();
  #filters: RouteFilters | undefined;
  /** The request filter that has its turn. */
  #at = 0;
  /** So many of them have let the request pass or have suspended it. */
  #entered = 0;
  #clientIp: string | undefined;
  #page: PageRequest | undefined;
  #upstreamPath: string | undefined;

  constructor(context: PipelineContext, state: ExchangeState, owner: FilterOwner) {
    this.#context = context;
    this.#state = state;
    this.#owner = owner;
  }

  begin(filters: RouteFilters): void {
    this.#filters = filters;
    this.#at = 0;
    this.#entered = 0;
    this.#clientIp = undefined;
    this.#upstreamPath = undefined;
    this.requestEdits.clear();
    this.responseEdits.clear();
    this.coding = undefined;
    this.retry = undefined;
    this.upstreamHost = '';
  }

  /** Whether the filters that come before the redirect to https have let the request pass. */
  get isPastEarly(): boolean {
    return this.#at >= (this.#filters?.early ?? 0);
  }

  /** The route has endpoints, or a service that answers in their place. */
  get isServed(): boolean {
    return this.#state.route.cluster.endpoints.length > 0 || this.#filters?.pages?.isForUnserved === true;
  }

  /** Some of its request filters have had no turn. */
  get isUnderWay(): boolean {
    return this.#filters !== undefined && this.#at < this.#filters.request.length;
  }

  /** Asks one filter after the other, as far as `isEarly` says, until one does not let the request pass. */
  run(isEarly: boolean): Verdict {
    const { request, early } = this.#filters as RouteFilters;
    const end = isEarly ? early : request.length;
    while (this.#at < end) {
      const { filter } = request[this.#at] as NamedFilter;
      const verdict = filter.request?.(this);
      if (verdict === SUSPENDED) {
        this.#entered = this.#at + 1;
        return verdict;
      }
      if (this.#isStopped(verdict)) return verdict;
    }
    return undefined;
  }

  /** Takes what the suspended filter says. */
  isLetPass(verdict: Exclude<Verdict, typeof SUSPENDED>): boolean {
    return !this.#isStopped(verdict);
  }

  /** What the filters change in the response; `before` where they change nothing. */
  editsOf(response: ResponseView, before: FieldEdits | undefined): FieldEdits | undefined {
    this.#respond({
      status: response.status,
      isOurs: false,
      contentLength: response.contentLength,
      field: name => response.fieldValue(name),
    });
    return this.responseEdits.isEmpty ? before : new PolicyEdits(this.responseEdits.settle(), before);
  }

  /** An answer of the entry, with what the filters change in it. */
  edited(answer: Answer): Answer {
    this.#respond({
      status: answer.status,
      isOurs: true,
      contentLength: answer.body.length,
      field: name => fieldOf(answer, name),
    });
    return this.responseEdits.isEmpty ? answer : changedAnswer(answer, this.responseEdits.settle());
  }

  askForPage(error: PageableError, headers: Answer['headers'], owner: PageOwner): boolean {
    const pages = this.#filters?.pages;
    // What is made of errors of gRPC is no page, and a page is asked for once: no loop.
    if (pages === undefined || this.#page !== undefined || this.#state.routing.isGrpc) return false;
    const asked = pages.page?.(this, error);
    if (asked === undefined) return false;
    this.#page = new PageRequest(this.#context, this.#state, headers, owner);
    return this.#page.begin(asked);
  }

  /** The exchange has its line in the log. */
  end(): void {
    const filters = this.#filters;
    if (filters === undefined) return;
    this.#filters = undefined;
    this.#page?.cancel();
    this.#page = undefined;
    for (let index = 0; index < this.#entered; index += 1) filters.request[index]?.filter.end?.(this);
    // V8 makes a new table for a Map that is cleared, an empty one too.
    if (this.#kept.size > 0) this.#kept.clear();
  }

  // What filters see.

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
      try {
        this.#owner.filterResumed(this.#resumed(verdict));
      } catch (error) {
        this.#owner.crashed(error);
      }
    };
  }

  copy(body: BodyReader | undefined): OwnMessage | undefined {
    const message = copiedRequest(this.#state, this.#context.trustedProxies);
    if (message !== undefined && body !== undefined) this.#readAlso(body);
    return message;
  }

  keep(filter: Filter, value: unknown): void {
    this.#kept.set(filter, value);
  }

  kept(filter: Filter): unknown {
    return this.#kept.get(filter);
  }

  #readAlso(body: BodyReader): void {
    const before = this.#state.bodyReader;
    const read = (piece: BodyPiece): void => {
      before?.read(piece);
      body.read(piece);
    };
    this.#state.bodyReader = before === undefined ? body : { read };
  }

  #resumed(verdict: Exclude<Verdict, typeof SUSPENDED>): Verdict {
    const { filter } = (this.#filters as RouteFilters).request[this.#at] as NamedFilter;
    return filter.resumed === undefined ? verdict : filter.resumed(this, verdict);
  }

  #isStopped(verdict: Exclude<Verdict, typeof SUSPENDED>): boolean {
    const { kind } = (this.#filters as RouteFilters).request[this.#at] as NamedFilter;
    const { counters } = this.#context.engine;
    if (verdict === undefined) {
      counters.countPolicy(kind, 'passed');
      this.#at += 1;
      this.#entered = this.#at;
      return false;
    }
    this.#state.record.policy = kind;
    counters.countPolicy(kind, verdict instanceof Refusal ? refusalVerdict(verdict) : 'answered');
    return true;
  }

  #respond(response: FilteredResponse): void {
    const { route, downstream } = this.#state;
    const own = route.ingress?.responses(downstream.client.tls !== undefined);
    if (own !== undefined) this.responseEdits.apply(own.changes);
    for (const { filter } of this.#filters?.response ?? []) filter.response?.(this, response);
  }
}

/** A policy that refuses a client does its work; one that refuses because it cannot decide has failed. */
function refusalVerdict({ reason }: Refusal): 'refused' | 'failed' {
  return FAILURES[reason].source === 'client' ? 'refused' : 'failed';
}

function fieldOf({ contentType, headers }: Answer, name: string): string {
  if (name === 'content-type') return contentType;
  const values = headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  return values.join(', ');
}
