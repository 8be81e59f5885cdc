import { hash } from 'node:crypto';
import { encodeIllegal } from '../../../formats/http/percent-encoding.ts';
import type { AuthUrlPolicy, RenamedHeader } from '../../../model/policy.ts';
import { editedLines, endedLines } from '../../fields/header-lines.ts';
import { clientCertificateFields } from '../client-certificates.ts';
import { errorBody } from '../error-pages.ts';
import type { Asked, Question, SubrequestAnswer, SubrequestListener } from '../subrequests/question.ts';
import { requestUri, VariableText } from '../variables.ts';
import { AuthAnswer } from './auth-answer.ts';
import type { AuthCache } from './auth-cache.ts';
import { PreparedChanges, RequestEdits } from './field-changes.ts';
import {
  type Filter,
  type FilteredExchange,
  type FilteredResponse,
  LocalAnswer,
  Refusal,
  type Resume,
  SUSPENDED,
  type Verdict,
} from './filter.ts';

/** From asking to the answer. */
const TIMEOUT_MS = 10_000;

/** The statuses of responses that carry the cookies of the auth service: those of nginx's add_header. */
const WITH_COOKIES: ReadonlySet<number> = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

/** What the auth service is told by us alone: no client may say it. */
const OURS = ['X-Original-URL', 'X-Original-Method', 'X-Sent-From', 'X-Auth-Request-Redirect'];

/** Asks another service whether a request may go on, as ingress-nginx does. Where that does not answer, it may not. */
export class AuthUrl implements Filter {
  readonly policy: AuthUrlPolicy;
  /** Header lines of the answer that the upstream gets. */
  readonly given: readonly RenamedHeader[];
  readonly #target: VariableText;
  readonly #requestHeaders: readonly { readonly name: string; readonly value: VariableText }[];
  /** Takes the lines away in whose place the policy has its own. */
  readonly #replaced: RequestEdits;
  /** Takes the lines away that the client must not send. */
  readonly #hidden: RequestEdits;
  readonly #signin: VariableText | undefined;
  readonly #key: AuthKey | undefined;
  readonly #cache: AuthCache;

  constructor(policy: AuthUrlPolicy, cache: AuthCache) {
    this.policy = policy;
    this.#target = new VariableText(policy.target);
    const { requestHeaders = [], responseHeaders, renamedHeaders = [] } = policy;
    this.given = [...responseHeaders.map(name => ({ from: name, to: name })), ...renamedHeaders];
    this.#requestHeaders = requestHeaders.map(({ name, value }) => ({ name, value: new VariableText(value) }));
    const names = requestHeaders.map(({ name }) => name);
    this.#replaced = new RequestEdits(removed(names));
    this.#hidden = new RequestEdits(removed([...OURS, ...names]));
    this.#signin = policy.signin && new VariableText(policy.signin);
    this.#key = policy.cache && new AuthKey(policy, this.given, policy.cache.key);
    this.#cache = cache;
  }

  request(exchange: FilteredExchange): Verdict {
    const key = this.#key?.of(exchange);
    const known = key === undefined ? undefined : this.#cache.get(key);
    if (known !== undefined) return this.verdict(exchange, known);
    const waiting = new Waiting(this, exchange, key);
    exchange.keep(this, waiting);
    waiting.asked = exchange.subrequests.ask('auth-url', this.policy.cluster, this.#question(exchange), waiting);
    return waiting.suspended();
  }

  response(exchange: FilteredExchange, { status }: FilteredResponse): void {
    const waiting = exchange.kept(this);
    if (!(waiting instanceof Waiting)) return;
    if (this.policy.alwaysSetsCookies !== true && !WITH_COOKIES.has(status)) return;
    for (const cookie of waiting.cookies) exchange.responseEdits.add('Set-Cookie', cookie);
  }

  end(exchange: FilteredExchange): void {
    const waiting = exchange.kept(this);
    if (waiting instanceof Waiting) waiting.asked?.cancel();
  }

  /** What an answer means for the request that it is about. */
  verdict(exchange: FilteredExchange, { status, changes, challenges }: AuthAnswer): Verdict {
    if (status >= 200 && status < 300) {
      if (this.given.length > 0) exchange.requestEdits.apply(changes);
      return undefined;
    }
    if (status === 403) return new Refusal('auth_url_forbidden');
    if (status !== 401) return new Refusal('auth_url_failed', `it answered with ${status}`);
    if (this.#signin !== undefined) return signinAnswer(exchange, this.#signin.of(exchange, encodeIllegal));
    return new Refusal(
      'auth_url_unauthorized',
      undefined,
      challenges.map(value => ['WWW-Authenticate', value]),
    );
  }

  keep(key: string, answer: AuthAnswer): void {
    const { cache } = this.policy;
    // Its cookies are one client's own.
    if (answer.cookies.length > 0) return;
    const durationMs = cache?.kept.find(({ statuses }) => statuses.includes(answer.status))?.durationMs ?? 0;
    this.#cache.set(key, answer, Math.min(durationMs, answer.maxAgeMs ?? durationMs));
  }

  #question(exchange: FilteredExchange): Question {
    const { head, client, clientIp, authority, requestId } = exchange;
    const uri = requestUri(head.target);
    const scheme = client.tls === undefined ? 'http' : 'https';
    const told = endedLines([
      `X-Request-ID: ${requestId}`,
      `X-Original-URL: ${scheme}://${authority}${uri}`,
      `X-Original-Method: ${head.method}`,
      // Services that were written for ingress-nginx look for it.
      'X-Sent-From: nginx-ingress-controller',
      `X-Real-IP: ${clientIp}`,
      `X-Forwarded-For: ${clientIp}`,
      `X-Auth-Request-Redirect: ${uri}`,
      ...clientCertificateFields(client.tls).map(([name, value]) => `${name}: ${value}`),
    ]);
    const clients = editedLines(head.lines(), this.#hidden);
    return {
      method: this.policy.method ?? 'GET',
      target: this.#target.of(exchange, encodeIllegal),
      host: this.policy.host,
      lines: this.#requestHeaders.length === 0 ? told + clients : this.#withOwn(exchange, told) + clients,
      contentLength: -1,
      isChunked: false,
      timeoutMs: TIMEOUT_MS,
      mostBodyBytes: 0,
    };
  }

  /** The lines with those of the policy in place of others of the same name. One without a value is left out, as in nginx. */
  #withOwn(exchange: FilteredExchange, lines: string): string {
    const own = this.#requestHeaders.map(({ name, value }) => [name, value.of(exchange, text => text)] as const);
    const sent = own.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}`);
    return editedLines(lines, this.#replaced) + endedLines(sent);
  }
}

/** Takes all lines of the names away. */
function removed(names: readonly string[]): PreparedChanges {
  return new PreparedChanges(names.map(name => ({ op: 'remove', name, value: '' })));
}

/** A request that waits for what the auth service says. */
class Waiting implements SubrequestListener {
  asked: Asked | undefined;
  cookies: readonly string[] = [];
  readonly #filter: AuthUrl;
  readonly #exchange: FilteredExchange;
  readonly #key: string | undefined;
  #resume: Resume | undefined;
  /** What came before the request was suspended. */
  #settled: { readonly verdict: Exclude<Verdict, typeof SUSPENDED> } | undefined;

  constructor(filter: AuthUrl, exchange: FilteredExchange, key: string | undefined) {
    this.#filter = filter;
    this.#exchange = exchange;
    this.#key = key;
  }

  suspended(): Verdict {
    if (this.#settled !== undefined) return this.#settled.verdict;
    this.#resume = this.#exchange.suspend();
    return SUSPENDED;
  }

  answered(answered: SubrequestAnswer): void {
    const answer = new AuthAnswer(answered, this.#filter.given);
    this.cookies = answer.cookies;
    if (this.#key !== undefined) this.#filter.keep(this.#key, answer);
    this.#settle(this.#filter.verdict(this.#exchange, answer));
  }

  failed(failure: string, detail: string): void {
    this.#settle(new Refusal('auth_url_failed', `${failure}: ${detail}`));
  }

  crashed(error: unknown): void {
    this.#settle(new Refusal('internal', error instanceof Error ? error.stack : String(error)));
  }

  #settle(verdict: Verdict): void {
    if (verdict === SUSPENDED) return;
    this.asked = undefined;
    if (this.#resume === undefined) this.#settled = { verdict };
    else this.#resume(verdict);
  }
}

/** Under which name an answer is kept. */
class AuthKey {
  /** Stands for the service and what is asked of it: another policy gets nothing that was kept for this one. */
  readonly #scope: string;
  readonly #text: VariableText;
  readonly #hasVariables: boolean;

  constructor({ cluster, host, target }: AuthUrlPolicy, given: readonly RenamedHeader[], key: AuthUrlPolicy['target']) {
    this.#scope = hash('sha256', JSON.stringify([cluster, host, target, given, key]), 'base64url');
    this.#text = new VariableText(key);
    this.#hasVariables = key.some(part => typeof part !== 'string');
  }

  /**
   * @returns undefined where the request has nothing of what the key is made of: clients without credentials have nothing in common,
   * unless the key holds no variable, and so is meant for all of them
   */
  of(exchange: FilteredExchange): string | undefined {
    const values = this.#text.values(exchange);
    if (this.#hasVariables && values.every(value => value === '')) return undefined;
    let key = `${this.#scope}${sized(exchange.host)}${sized(exchange.routePath)}`;
    for (const value of values) key += sized(value);
    return key;
  }
}

/** Whatever stands in one part cannot be taken for the end of it. */
function sized(part: string): string {
  return `${part.length}:${part}`;
}

function signinAnswer({ requestId }: FilteredExchange, location: string): LocalAnswer {
  return new LocalAnswer({
    status: 302,
    contentType: 'text/html',
    headers: [
      ['X-Request-ID', requestId],
      ['Location', location],
    ],
    body: errorBody(302, ''),
  });
}
