import { FAILURES } from '../../../failures/failures.ts';
import type { ContentCoding, RetryPolicy } from '../../../model/policy.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { PipelineContext } from '../pipeline-context.ts';
import type { Answer, FieldEdits, ResponseView } from '../ports.ts';
import { changedAnswer, type PreparedChanges } from './field-changes.ts';
import {
  type ActiveFilters,
  type FilteredResponse,
  type NamedFilter,
  type PageableError,
  type PageOwner,
  Refusal,
  SUSPENDED,
  type Verdict,
} from './filter.ts';
import { FilteredRequest } from './filtered-request.ts';
import type { RouteFilters } from './filters.ts';
import { PageRequest } from './page-request.ts';

/** Goes on with an exchange that a filter has suspended. */
export interface FilterOwner {
  /** The filter has decided, or waits for something else. */
  filterResumed(verdict: Verdict): void;
  crashed(error: unknown): void;
}

/** Leads the requests of one exchange through the filters of their routes; used again for each request whose route has filters. */
export class FilterRun implements ActiveFilters {
  readonly #context: PipelineContext;
  readonly #state: ExchangeState;
  readonly #owner: FilterOwner;
  /** What the filters see. */
  readonly #request: FilteredRequest;
  #filters: RouteFilters | undefined;
  /** The request filter that has its turn. */
  #at = 0;
  /** So many of them have let the request pass or have suspended it. */
  #entered = 0;
  #page: PageRequest | undefined;

  constructor(context: PipelineContext, state: ExchangeState, owner: FilterOwner) {
    this.#context = context;
    this.#state = state;
    this.#owner = owner;
    this.#request = new FilteredRequest(context, state, verdict => this.#resume(verdict));
  }

  begin(filters: RouteFilters): void {
    this.#filters = filters;
    this.#at = 0;
    this.#entered = 0;
    this.#request.begin();
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
      const verdict = filter.request?.(this.#request);
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

  get upstreamPath(): string {
    return this.#request.upstreamPath;
  }

  get upstreamHost(): string {
    return this.#request.upstreamHost;
  }

  get editsOfRequest(): FieldEdits | undefined {
    const { requestEdits } = this.#request;
    return requestEdits.isEmpty ? undefined : requestEdits.settle().ofRequest;
  }

  get retry(): RetryPolicy | undefined {
    return this.#request.retry;
  }

  get coding(): ContentCoding | undefined {
    return this.#request.coding;
  }

  editsOf(response: ResponseView, before: FieldEdits | undefined): FieldEdits | undefined {
    if (this.#changesNothing) return before;
    const changes = this.#respond({
      status: response.status,
      isOurs: false,
      contentLength: response.contentLength,
      field: name => response.fieldValue(name),
    });
    return changes === undefined ? before : changes.ofResponse(before);
  }

  edited(answer: Answer): Answer {
    const changes = this.#respond({
      status: answer.status,
      isOurs: true,
      contentLength: answer.body.length,
      field: name => fieldOf(answer, name),
    });
    return changes === undefined ? answer : changedAnswer(answer, changes);
  }

  askForPage(error: PageableError, headers: Answer['headers'], owner: PageOwner): boolean {
    const pages = this.#filters?.pages;
    // What is made of errors of gRPC is no page, and a page is asked for once: no loop.
    if (pages === undefined || this.#page !== undefined || this.#state.routing.isGrpc) return false;
    const asked = pages.page?.(this.#request, error);
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
    for (let index = 0; index < this.#entered; index += 1) filters.request[index]?.filter.end?.(this.#request);
    this.#request.end();
  }

  #resume(verdict: Exclude<Verdict, typeof SUSPENDED>): void {
    try {
      this.#owner.filterResumed(this.#resumed(verdict));
    } catch (error) {
      this.#owner.crashed(error);
    }
  }

  #resumed(verdict: Exclude<Verdict, typeof SUSPENDED>): Verdict {
    const { filter } = (this.#filters as RouteFilters).request[this.#at] as NamedFilter;
    return filter.resumed === undefined ? verdict : filter.resumed(this.#request, verdict);
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

  get #changesNothing(): boolean {
    return (
      this.#filters?.response.length === 0 &&
      this.#state.route.ingress === undefined &&
      this.#request.responseEdits.isEmpty
    );
  }

  /** @returns what the filters change in the response; undefined where they change nothing */
  #respond(response: FilteredResponse): PreparedChanges | undefined {
    const { route, downstream } = this.#state;
    const { responseEdits } = this.#request;
    const own = route.ingress?.responses(downstream.client.tls !== undefined);
    if (own !== undefined) responseEdits.apply(own);
    for (const { filter } of this.#filters?.response ?? []) filter.response?.(this.#request, response);
    return responseEdits.isEmpty ? undefined : responseEdits.settle();
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
