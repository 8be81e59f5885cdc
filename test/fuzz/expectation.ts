/** What has to come of a stream of requests, from the reference reader and the contract; the routing is src/routing's own. */

import type { CompiledTable } from '../../src/dataplane/route-compiler.ts';
import { upstreamPath } from '../../src/model/route.ts';
import { parseHost } from '../../src/routing/host.ts';
import { emptyTarget, parseTarget } from '../../src/routing/target.ts';
import { type ReferenceReading, type ReferenceRequest, readRequests } from './reference-requests.ts';

export interface ForwardedRequest {
  readonly route: NonNullable<ReturnType<CompiledTable['match']>>;
  readonly method: string;
  /** As the upstream gets it. */
  readonly target: string;
  readonly lines: string;
  readonly body: string;
  readonly trailers: string;
}

export interface ExpectedAnswer {
  readonly status: number;
  readonly isHead: boolean;
  /** By an upstream, which got the whole request. */
  readonly isForwarded: boolean;
}

export interface Expectation {
  /** Requests that reach an upstream whole. */
  readonly forwarded: readonly ForwardedRequest[];
  /** The last request, when it reaches its upstream only in part. */
  readonly cutShort: ForwardedRequest | undefined;
  readonly answers: readonly ExpectedAnswer[];
  /** The proxy ends the connection by itself. */
  readonly ends: boolean;
  /** Requests that begin, as nginx counts them: with their first byte. */
  readonly begun: number;
}

export function expect(bytes: Buffer, table: CompiledTable): Expectation {
  const reading = readRequests(bytes);
  const forwarded: ForwardedRequest[] = [];
  const answers: ExpectedAnswer[] = [];
  let begun = 0;
  let cutShort: ForwardedRequest | undefined;
  const end = (ends: boolean): Expectation => ({ forwarded, cutShort, answers, ends, begun });
  for (const request of reading.requests) {
    begun += 1;
    const isHead = request.method === 'HEAD';
    const judged = judge(request, table);
    if (typeof judged === 'number') {
      answers.push({ status: judged, isHead, isForwarded: false });
      if (judged !== 404 || !keepsAfterRefusal(request) || request.bodyKind === 'bad') return end(true);
      if (request.bodyKind === 'more') return end(false);
      continue;
    }
    if (request.bodyKind !== 'whole') {
      cutShort = judged;
      if (request.bodyKind === 'bad') answers.push({ status: 400, isHead, isForwarded: false });
      return end(request.bodyKind === 'bad');
    }
    forwarded.push(judged);
    answers.push({ status: 200, isHead, isForwarded: true });
    if (!isPersistent(request)) return end(true);
  }
  return last(reading, begun, answers, end);
}

function last(
  { refusal, refusedLine = '', hasBegun }: ReferenceReading,
  begun: number,
  answers: ExpectedAnswer[],
  end: (ends: boolean) => Expectation,
): Expectation {
  if (refusal !== undefined)
    answers.push({ status: refusal, isHead: refusedLine.startsWith('HEAD '), isForwarded: false });
  const outcome = end(refusal !== undefined);
  return { ...outcome, begun: hasBegun ? begun + 1 : begun };
}

function judge(request: ReferenceRequest, table: CompiledTable): ForwardedRequest | 400 | 404 | 405 {
  const host = request.host === undefined ? '' : parseHost(request.host);
  if (host === undefined) return 400;
  const { method } = request;
  if (method === 'CONNECT' || method === 'TRACE') return 405;
  const target = emptyTarget();
  if (!parseTarget(request.target, true, target)) return 400;
  const route = table.match(target.host || host, target.path);
  if (route === undefined) return 404;
  const { lines, body, trailers } = request;
  return {
    route,
    method,
    target: upstreamPath(route.strippedPrefix, target.path) + target.query,
    lines,
    body,
    trailers,
  };
}

function isPersistent({ options, minorVersion }: ReferenceRequest): boolean {
  return !options.has('close') && (minorVersion === 1 || options.has('keep-alive'));
}

/** Who waits for 100 Continue may or may not send its body now: the next request cannot be found. */
function keepsAfterRefusal(request: ReferenceRequest): boolean {
  const hasBody = request.framing === 'chunked' || request.contentLength > 0;
  return isPersistent(request) && !(hasBody && request.hasExpect);
}
