import type { ClusterId } from './cluster-id.ts';
import type { Credentials } from './credentials.ts';

/** What a route does with its requests beyond passing them on: each policy is one annotation, or a few that belong together. */

/** Only clients of some addresses are served, or all but them. */
export interface AddressPolicy {
  readonly kind: 'allow-from' | 'deny-from';
  /** In CIDR form. */
  readonly ranges: readonly string[];
}

/** What the limits of clients have in common. */
interface ClientLimit {
  /** The Service, `namespace/name`, or the Ingress. All routes with the same owner share the limit. */
  readonly owner: string;
  /** Of refused requests; absent: 429. */
  readonly status?: number;
  /** Clients that are neither counted nor refused, in CIDR form; absent: none. */
  readonly exempt?: readonly string[];
}

/** A client has no more than so many requests in flight, on all routes of the owner together. */
export interface MaxConnectionsPolicy extends ClientLimit {
  readonly kind: 'max-connections';
  readonly most: number;
}

/** Requests come at no more than a rate, which all routes of the owner share. */
export interface RateLimitPolicy extends ClientLimit {
  readonly kind: 'rate-limit';
  /** So many requests in each period, evenly spread. */
  readonly requests: number;
  readonly periodMs: number;
  /** So many may come at once. */
  readonly burst: number;
  /** What has a budget of its own: each client, all clients together, or each value of a header, named in lower case. */
  readonly per: 'client' | 'service' | { readonly header: string };
}

/** Requests are refused in which a header has one of some values: those of crawlers, say. */
export interface DenyHeaderPolicy {
  readonly kind: 'deny-header';
  /** In lower case. */
  readonly header: string;
  /** Whole values; upper and lower case are alike. */
  readonly values: readonly string[];
  /** Regular expressions, which match anywhere in a value. */
  readonly patterns: readonly { readonly text: string; readonly ignoresCase: boolean }[];
}

/** Only clients with a user and a password of a Secret are served (RFC 7617). */
export interface BasicAuthPolicy {
  readonly kind: 'basic-auth';
  /** What browsers show to the user who is asked. */
  readonly realm: string;
  /** `namespace/name` of the Secret. */
  readonly secret: string;
  readonly credentials: Credentials;
}

/** Only clients with a token that an issuer has signed are served (RFC 7519). */
export interface JwtPolicy {
  readonly kind: 'jwt';
  readonly issuer: string;
  readonly audience: string;
  /** Where the keys of the issuer are. */
  readonly cluster: ClusterId;
  /** Host and port, as the Host header names them. */
  readonly host: string;
  /** Path and query. */
  readonly target: string;
}

/** A text with nginx's variables: what stands there, or the name of a variable. */
export type VariableText = readonly (string | { readonly variable: string })[];

/** One change to the header lines of a message. `set` takes the place of all lines of the name. */
export interface HeaderEdit {
  readonly op: 'set' | 'add' | 'remove';
  readonly name: string;
  /** Empty for `remove`. */
  readonly value: string;
  /** The value, where it differs from request to request. An empty one removes the lines, as in nginx. Absent: {@link value}. */
  readonly text?: VariableText;
  /** Of the responses that it is for; absent: all of them. */
  readonly statuses?: readonly number[];
}

export interface HeadersPolicy {
  readonly kind: 'request-headers' | 'response-headers';
  /** In the order in which they are done. */
  readonly edits: readonly HeaderEdit[];
}

/** Pages of other origins may read the answers (the CORS protocol of the Fetch standard). */
export interface CorsPolicy {
  readonly kind: 'cors';
  /** As formats/http/origins.ts reads them; `*` alone for all. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  /** Requests may carry cookies and other credentials. */
  readonly credentials: boolean;
  /** Seconds for which a browser may keep the answer to a preflight. */
  readonly maxAge: number;
  /** Answers say `text/plain` to preflights, and no Vary, as those of ingress-nginx. Absent: the other way round. */
  readonly asIngressNginx?: true;
  /**
   * As the Gateway API says it: a wildcard of an origin stands for any labels, `*` in a list of methods or headers for all that a request
   * asks for, and preflights of other origins are answered here, too.
   */
  readonly asGateway?: true;
}

/** Clients are sent to another URL. */
export interface RedirectPolicy {
  readonly kind: 'redirect';
  /** Of the path that the upstream would get; absent: of all paths. */
  readonly pattern?: string;
  /** With `$1` to `$9` for the groups of the pattern. */
  readonly target: string;
  readonly status: number;
  /** As in {@link RewritePolicy}. */
  readonly isDecoded?: true;
}

/** Which requests something is done with: a test of a text with variables. */
export interface RequestCondition {
  readonly subject: VariableText;
  /** What the text has to be, or to match. */
  readonly test: { readonly equals: string } | { readonly pattern: string; readonly ignoresCase: boolean };
  /** The requests that fail the test are meant. */
  readonly isNegated: boolean;
}

/** Requests are answered here: nginx's `return`. */
export interface ReturnPolicy {
  readonly kind: 'return';
  readonly status: number;
  /** The value of Location; absent: there is none. */
  readonly location?: VariableText;
  /** The text of the answer; absent: a page that names the status. */
  readonly body?: string;
  /** Absent: all requests are answered. */
  readonly when?: RequestCondition;
}

/** The upstream gets another path. */
export interface RewritePolicy {
  readonly kind: 'rewrite';
  readonly pattern: string;
  readonly target: string;
  /**
   * As nginx does it: the pattern is looked for in the decoded path, and what becomes of that is escaped again. A group that the
   * pattern lacks is empty. Absent: the path is taken as the upstream would get it.
   */
  readonly isDecoded?: true;
  /** The upstream is told this as X-Forwarded-Prefix, with `$1` to `$9` in it; absent: nothing. */
  readonly forwardedPrefix?: string;
}

/** What takes the place of a path, as the Gateway API says it. */
export type PathReplacement =
  | { readonly full: string }
  /** `prefix` is a path of a place: what the request has behind it goes behind `replacement`, which may be empty. */
  | { readonly prefix: string; readonly replacement: string };

/** Clients are sent to another URL: the filter RequestRedirect of the Gateway API. What is absent stays as it is in the request. */
export interface RequestRedirectPolicy {
  readonly kind: 'request-redirect';
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  /** Absent: that which the scheme means where there is a scheme, else that of the listener. */
  readonly port?: number;
  /** The query of the request stays in any case. */
  readonly path?: PathReplacement;
  readonly status: number;
}

/** The upstream gets another Host or path: the filter URLRewrite of the Gateway API. What is absent stays as it is in the request. */
export interface UrlRewritePolicy {
  readonly kind: 'url-rewrite';
  readonly host?: string;
  /** The query of the request stays in any case. */
  readonly path?: PathReplacement;
}

/** Another service is asked about each request, before the upstream is. */
export interface AuthUrlPolicy {
  readonly kind: 'auth-url';
  /** Of the service that is asked. */
  readonly cluster: ClusterId;
  /** As its Host header names it. */
  readonly host: string;
  /** Absent: GET. */
  readonly method?: string;
  /** Path and query that it is asked for. */
  readonly target: VariableText;
  /** Where a client is sent that has to log in; absent: it gets 401. */
  readonly signin?: VariableText;
  /** Header lines that it is sent, in place of those of the same names; absent: none beyond the usual ones. */
  readonly requestHeaders?: readonly { readonly name: string; readonly value: VariableText }[];
  /** Header lines of its answer that the upstream gets. */
  readonly responseHeaders: readonly string[];
  /** Those that the upstream gets under another name; absent: none. */
  readonly renamedHeaders?: readonly RenamedHeader[];
  /** Its cookies go to the client with responses of all statuses; absent: with those of nginx's add_header. */
  readonly alwaysSetsCookies?: true;
  readonly cache?: {
    readonly key: VariableText;
    /** Which answers are kept, and for how long. The first that names a status counts. */
    readonly kept: readonly { readonly statuses: readonly number[]; readonly durationMs: number }[];
  };
}

/** Where the value of a header line comes from, and its name where it goes. */
export interface RenamedHeader {
  readonly from: string;
  readonly to: string;
}

/** One of several ways to be let in has to be open to a request (nginx's `satisfy any`). */
export interface SatisfyPolicy {
  readonly kind: 'satisfy';
  /** Clients of these addresses need none of {@link ways}, in CIDR form. */
  readonly allowed: readonly string[];
  /** Clients of these addresses do need one, in CIDR form, whatever {@link allowed} says. */
  readonly denied: readonly string[];
  readonly ways: readonly (BasicAuthPolicy | AuthUrlPolicy | UnavailablePolicy)[];
}

/** A request is sent again where an upstream answers with some statuses. */
export interface RetryPolicy {
  readonly kind: 'retry';
  /** After the first. */
  readonly attempts: number;
  readonly statuses: readonly number[];
  /** Also requests that may do something twice when they are sent twice. */
  readonly nonIdempotent: boolean;
  /**
   * As the Gateway API says it: {@link attempts} also counts tries that failed without an answer, and those are retried as often. Absent:
   * how often these are retried depends on the cluster.
   */
  readonly countsFailures?: true;
  /** The least wait before a request is sent again; it doubles each time. Absent: there is none. */
  readonly backoffMs?: number;
}

/** A coding of content (RFC 9110 section 8.4.1, RFC 7932, RFC 8878). */
export type ContentCoding = 'zstd' | 'br' | 'gzip';

/** Responses are compressed for clients that take one of the codings. */
export interface CompressPolicy {
  readonly kind: 'compress';
  /** The first is preferred where a client likes several alike. */
  readonly codings: readonly ContentCoding[];
}

/** Another service answers in place of errors. */
export interface ErrorPagesPolicy {
  readonly kind: 'error-pages';
  readonly cluster: ClusterId;
  readonly statuses: readonly number[];
  /** Whose errors they are, and its port, which the service is told. Absent: the Service of the route, and its port. */
  readonly service?: { readonly namespace: string; readonly name: string };
  readonly port?: number;
  /** The Ingress whose name the page service gets; absent: it gets the name of the Service. */
  readonly ingress?: string;
  /** Only errors made here are replaced, not those that the upstream answers with. */
  readonly isForOwnErrors?: true;
  /** The service also answers where the route has no endpoints: it gets the path of the request then. */
  readonly isForUnserved?: true;
}

/** Copies of requests go to another cluster, whose answers are thrown away. */
export interface MirrorPolicy {
  readonly kind: 'mirror';
  readonly cluster: ClusterId;
  /** Of a hundred requests. */
  readonly percent: number;
  /** Path and query of a copy; absent: those of the request. */
  readonly target?: VariableText;
  /** The Host of a copy; absent: that of the request. */
  readonly host?: string;
  /** Copies have no body. */
  readonly dropsBody?: true;
}

/** A part of a header's value is replaced. A pattern replaces all of the value that it is found in. */
export interface ValueEdit {
  readonly from: { readonly text: string } | { readonly pattern: string; readonly ignoresCase: boolean };
  readonly to: string;
}

/** What an upstream says of itself is changed to what clients know: nginx's proxy_cookie_domain, proxy_cookie_path, proxy_redirect. */
export interface UpstreamNamesPolicy {
  readonly kind: 'upstream-names';
  /** The whole Domain of cookies, in upper and lower case alike. */
  readonly cookieDomains: readonly ValueEdit[];
  /** The beginning of the Path of cookies. */
  readonly cookiePaths: readonly ValueEdit[];
  /** The beginning of Location, and of the URL in Refresh. */
  readonly redirects: readonly ValueEdit[];
}

/** A policy of the route cannot be had, such as one whose Secret is missing: its requests are refused, because nothing else is safe. */
export interface UnavailablePolicy {
  readonly kind: 'unavailable';
  /** Which policy; absent: something else that an Ingress asks for. */
  readonly of?: Exclude<PolicyKind, 'unavailable'>;
  /** For people. */
  readonly why: string;
  /** Absent: 503. */
  readonly status?: 403;
}

export type Policy =
  | CorsPolicy
  | ReturnPolicy
  | RedirectPolicy
  | RewritePolicy
  | RequestRedirectPolicy
  | UrlRewritePolicy
  | MaxConnectionsPolicy
  | RateLimitPolicy
  | AddressPolicy
  | DenyHeaderPolicy
  | BasicAuthPolicy
  | JwtPolicy
  | AuthUrlPolicy
  | SatisfyPolicy
  | HeadersPolicy
  | MirrorPolicy
  | UpstreamNamesPolicy
  | RetryPolicy
  | CompressPolicy
  | ErrorPagesPolicy
  | UnavailablePolicy;

/** The cluster that a policy leads to; undefined for one that leads nowhere. */
export function clusterOfPolicy(policy: Policy & { readonly cluster?: ClusterId }): ClusterId | undefined {
  if (policy.kind !== 'satisfy') return policy.cluster;
  return policy.ways.map(clusterOfPolicy).find(cluster => cluster !== undefined);
}

/** The kinds of policies, in the order in which a request meets them. Counters have a place for each. */
export const POLICY_KINDS = [
  'unavailable',
  'deny-header',
  'cors',
  'return',
  'redirect',
  'rewrite',
  'request-redirect',
  'url-rewrite',
  'max-connections',
  'rate-limit',
  'deny-from',
  'allow-from',
  'basic-auth',
  'jwt',
  'auth-url',
  'satisfy',
  'request-headers',
  'mirror',
  'retry',
  'error-pages',
  'upstream-names',
  'response-headers',
  'compress',
] as const satisfies readonly Policy['kind'][];

export type PolicyKind = (typeof POLICY_KINDS)[number];

/**
 * The kinds that come before a request is sent to `https://` and before it is known that its Service has endpoints: what they
 * answer needs neither.
 */
export const EARLY_KINDS: ReadonlySet<PolicyKind> = new Set([
  'unavailable',
  'deny-header',
  'cors',
  'return',
  'redirect',
  'rewrite',
  'request-redirect',
  'url-rewrite',
]);
