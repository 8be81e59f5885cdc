import type { ErrorPagesPolicy } from '../../../model/policy.ts';
import { editedLines, endedLines, fieldsOf } from '../../fields/header-lines.ts';
import type { Answer } from '../ports.ts';
import type { Question, SubrequestAnswer } from '../subrequests/question.ts';
import { requestUri } from '../variables.ts';
import { PreparedChanges, RequestEdits } from './field-changes.ts';
import type { Filter, FilteredExchange, PageableError, PageQuestion } from './filter.ts';

/** Until the page has come: the client waits for so much longer where there is none. */
const TIMEOUT_MS = 3_000;
/** Pages are kept in memory until they are whole. */
export const MOST_PAGE_BYTES = 128 * 1024;

function without(names: readonly string[]): RequestEdits {
  return new RequestEdits(new PreparedChanges(names.map(name => ({ op: 'remove', name, value: '' }))));
}

/**
 * What the page service is told by us alone; what would make its answer something else than a page (RFC 9110 sections 13 and 14); and
 * what the client shows to its Service, which is none of its business.
 */
const NOT_PASSED = without([
  ...['X-Code', 'X-Format', 'X-Original-URI', 'X-Namespace', 'X-Ingress-Name', 'X-Service-Name', 'X-Service-Port'],
  ...['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'If-Range', 'Range'],
  ...['Authorization', 'Cookie'],
]);

/** Lines of its answer that are ours to say. */
const OURS: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'date',
  'server',
  'trailer',
  'x-request-id',
]);

/** Methods whose requests say how long their body is, though there is none (RFC 9110 section 8.6). */
const HAVE_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Another Service answers in place of errors. It is asked as ingress-nginx asks its default backend. */
export class ErrorPages implements Filter {
  readonly isForUnserved: boolean;
  readonly #policy: ErrorPagesPolicy;
  readonly #statuses: ReadonlySet<number>;

  constructor(policy: ErrorPagesPolicy) {
    this.isForUnserved = policy.isForUnserved === true;
    this.#policy = policy;
    this.#statuses = new Set(policy.statuses);
  }

  page(exchange: FilteredExchange, { status, isOurs, isUnserved }: PageableError): PageQuestion | undefined {
    const { cluster, isForOwnErrors } = this.#policy;
    const keepsPath = isUnserved && this.isForUnserved;
    const isReplaced = this.#statuses.has(status) && (isOurs || isForOwnErrors !== true);
    if (!keepsPath && !isReplaced) return undefined;
    return { cluster, question: this.#question(exchange, status, keepsPath) };
  }

  /** Whose error it is. Scripts that were written for ingress-nginx look for the Ingress: a Service with the policy takes its place. */
  #owner(exchange: FilteredExchange): readonly string[] {
    const { service = exchange.service, port = exchange.servicePort, ingress = service.name } = this.#policy;
    return [
      `X-Namespace: ${service.namespace}`,
      `X-Ingress-Name: ${ingress}`,
      `X-Service-Name: ${service.name}`,
      `X-Service-Port: ${port}`,
    ];
  }

  /** @param keepsPath the service answers in place of the upstream, and gets what that would have got */
  #question(exchange: FilteredExchange, status: number, keepsPath: boolean): Question {
    const { head, clientIp, scheme, authority, query, requestId } = exchange;
    const told = [
      `X-Code: ${status}`,
      `X-Format: ${head.field('accept', ', ')}`,
      `X-Original-URI: ${requestUri(head.target)}`,
      ...this.#owner(exchange),
      `X-Request-ID: ${requestId}`,
      `X-Real-IP: ${clientIp}`,
      `X-Forwarded-For: ${clientIp}`,
      `X-Forwarded-Proto: ${scheme}`,
      ...(authority === '' ? [] : [`X-Forwarded-Host: ${authority}`]),
    ];
    // The answer to HEAD says how long the page is, which is known when it is here.
    const method = head.method === 'HEAD' ? 'GET' : head.method;
    return {
      method,
      target: `${keepsPath ? exchange.upstreamPath : '/'}${query}`,
      host: authority || exchange.service.name,
      lines: endedLines(told) + editedLines(head.lines(), NOT_PASSED),
      contentLength: HAVE_CONTENT.has(method) ? 0 : -1,
      isChunked: false,
      timeoutMs: TIMEOUT_MS,
      mostBodyBytes: MOST_PAGE_BYTES,
    };
  }
}

/** The page as the client gets it. @param further headers of the answer that it takes the place of: those that the page has count more */
export function pageAnswer({ status, lines, body }: SubrequestAnswer, further: Answer['headers']): Answer {
  const headers: [string, string][] = [];
  const names = new Set<string>();
  let contentType = '';
  for (const [name, value] of fieldsOf(lines)) {
    const lower = name.toLowerCase();
    if (lower === 'content-type') contentType = value;
    if (OURS.has(lower)) continue;
    headers.push([name, value]);
    names.add(lower);
  }
  const kept = further.filter(([name]) => !names.has(name.toLowerCase()));
  return { status, contentType, headers: [...kept, ...headers], body };
}
