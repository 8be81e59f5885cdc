/** What the filters of a route are, and what they see. Each policy of a route is one filter; it serves all requests of the route. */

import type { FailureReason } from '../../../failures/failures.ts';
import type { ClusterId } from '../../../model/cluster-id.ts';
import type { ContentCoding, PolicyKind, RetryPolicy } from '../../../model/policy.ts';
import type { ServiceRef } from '../../../model/route.ts';
import type { Guarded } from '../../runtime/guard.ts';
import type {
  Answer,
  BodyPiece,
  ClientIdentity,
  FailureDetail,
  FieldEdits,
  RequestView,
  ResponseView,
} from '../ports.ts';
import type { Asking, OwnMessage, Question } from '../subrequests/question.ts';
import type { FieldChanges, PreparedChanges } from './field-changes.ts';

/** The filter waits for something. It resumes the request by what {@link FilteredExchange.suspend} gave it. */
export const SUSPENDED = Symbol('suspended');

/** The request is refused: counted and logged as a failure of its reason. */
export class Refusal {
  readonly reason: FailureReason;
  readonly detail: FailureDetail | undefined;
  /** Further headers of the answer. They take the place of those that all answers to failures of the reason have. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Of the answer; undefined: that of all failures of the reason. */
  readonly status: number | undefined;

  constructor(
    reason: FailureReason,
    detail?: FailureDetail,
    headers: readonly (readonly [name: string, value: string])[] = [],
    status?: number,
  ) {
    this.reason = reason;
    this.detail = detail;
    this.headers = headers;
    this.status = status;
  }
}

/** The request is answered here, and nothing has failed: a redirect, say. */
export class LocalAnswer {
  readonly answer: Answer;

  constructor(answer: Answer) {
    this.answer = answer;
  }
}

/** What a filter makes of a request; undefined: it goes on. */
export type Verdict = undefined | typeof SUSPENDED | Refusal | LocalAnswer;

/** Goes on with a suspended request. It does nothing where the exchange has ended meanwhile, and the second time. */
export type Resume = (verdict: Exclude<Verdict, typeof SUSPENDED>) => void;

/** Gets the pieces of a request's body on their way to the upstream. It throws nothing. */
export interface BodyReader {
  /** The piece is valid during the call, and belongs to the upstream. */
  read(piece: BodyPiece): void;
}

/** A request on its way through the filters of its route. */
export interface FilteredExchange {
  readonly head: RequestView;
  readonly client: ClientIdentity;
  /** The address of the client: the one that a trusted proxy gives, else the peer's. */
  readonly clientIp: string;
  /** Of the client's connection or, where a trusted proxy says so, of that to the proxy. */
  readonly scheme: 'http' | 'https';
  /** As routes see it, without port; empty for HTTP/1.0 without a host. */
  readonly host: string;
  /** Host and port as they came. */
  readonly authority: string;
  /** In its normal form. */
  readonly path: string;
  /** With every escape decoded, as hosts of Ingresses compare it: bytes, a character each. It may hold line ends. */
  readonly decodedPath: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  readonly requestId: string;
  /** The path of the route. */
  readonly routePath: string;
  /** The Service that the route leads to, and its port as the route names it. */
  readonly service: ServiceRef;
  readonly servicePort: string;
  /** The path that the upstream gets. A rewrite sets it. */
  upstreamPath: string;
  /** The Host that the upstream gets. Empty: that which the route gives it. A rewrite sets it. */
  upstreamHost: string;
  /** When the request is sent again; undefined: only where an upstream has done nothing with it. */
  retry: RetryPolicy | undefined;
  /** What is changed in the header lines that the upstream gets. */
  readonly requestEdits: FieldChanges;
  /** What is changed in the header lines that the client gets, both from upstreams and made here. */
  readonly responseEdits: FieldChanges;
  /** Asks other services. */
  readonly subrequests: Asking;
  /**
   * Compresses the body of the upstream's response. What that changes in the head is the filter's.
   * @returns whether it will be: so many others may be under way that there is no room for it
   */
  compress(coding: ContentCoding): boolean;
  /** Before a filter returns {@link SUSPENDED}. */
  suspend(): Resume;
  /**
   * What the upstream gets, behind the filters so far; undefined for a request that asks for another protocol.
   * @param body gets the pieces of its body; undefined: they are not wanted
   */
  copy(body: BodyReader | undefined): OwnMessage | undefined;
  /** Keeps a value for a later phase of the same exchange. */
  keep(filter: Filter, value: unknown): void;
  /** What was kept; undefined where nothing was. */
  kept(filter: Filter): unknown;
}

/** The head of a response that is about to go to the client. */
export interface FilteredResponse {
  readonly status: number;
  /** The entry answers itself. */
  readonly isOurs: boolean;
  /** The declared length; -1 without one. */
  readonly contentLength: number;
  /** The values of all header lines of a name, as a list; empty without any. @param name in lower case */
  field(name: string): string;
}

export interface Filter {
  /** It does nothing but change the header lines of all requests, or of all responses, in this way. Absent: it has to be asked. */
  readonly constant?: PreparedChanges | undefined;
  /** Its page takes the place of a route without endpoints: the other filters come first, as with a route that has them. */
  readonly isForUnserved?: boolean;
  /** Before an endpoint is picked. */
  request?(exchange: FilteredExchange): Verdict;
  /**
   * What it makes of the verdict by which it, or a filter that it has asked, resumes a request that it has suspended. It may suspend the
   * request again. Absent: that verdict counts.
   */
  resumed?(exchange: FilteredExchange, verdict: Exclude<Verdict, typeof SUSPENDED>): Verdict;
  /** A final response is about to go to the client: the upstream's, or one that the entry gives, errors too. */
  response?(exchange: FilteredExchange, response: FilteredResponse): void;
  /** Who is asked for a page in place of an error; undefined: it goes out. */
  page?(exchange: FilteredExchange, error: PageableError): PageQuestion | undefined;
  /** The exchange has its line in the log. Called once for each request that the filter has let pass or has suspended. */
  end?(exchange: FilteredExchange): void;
}

/** A response that a page may take the place of. */
export interface PageableError {
  readonly status: number;
  /** It is made here: the upstream has sent none. */
  readonly isOurs: boolean;
  /** It is made because the route has no endpoints. */
  readonly isUnserved: boolean;
}

/** What another service is asked for a page. */
export interface PageQuestion {
  readonly cluster: ClusterId;
  readonly question: Question;
}

/** Who has asked for a page in place of an error. One of its methods is called, once, unless the exchange ends before. */
export interface PageOwner extends Guarded {
  pageCame(page: Answer): void;
  /** What the page was to take the place of goes out. */
  noPage(): void;
}

/** The filters of the request under way, as the phases behind them see them. */
export interface ActiveFilters {
  readonly upstreamPath: string;
  /** Empty: that which the route gives it. */
  readonly upstreamHost: string;
  /** Undefined where the filters change nothing in the request. */
  readonly editsOfRequest: FieldEdits | undefined;
  readonly retry: RetryPolicy | undefined;
  /** How the body of the upstream's response is compressed; undefined: not at all. */
  readonly coding: ContentCoding | undefined;
  /** What the filters change in a response; `before` where they change nothing. */
  editsOf(response: ResponseView, before: FieldEdits | undefined): FieldEdits | undefined;
  /** An answer of the entry, with what the filters change in it. */
  edited(answer: Answer): Answer;
  /**
   * Asks for a page in place of an error, at most once for each request.
   * @param headers of the error, for a page that says nothing else
   * @returns whether one may come: then the exchange is suspended
   */
  askForPage(error: PageableError, headers: Answer['headers'], owner: PageOwner): boolean;
  /** The exchange has its line in the log. */
  end(): void;
}

/** A filter, and the policy that it is made of. */
export interface NamedFilter {
  readonly kind: PolicyKind;
  readonly filter: Filter;
}
