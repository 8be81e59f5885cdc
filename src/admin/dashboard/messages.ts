/** What the page gets, as JSON: the server makes it, the modules in page/ read it. Imports nothing, so that both can. */

/** One second of traffic, and the connections at its end. */
export interface Point {
  /** Milliseconds since the epoch, by the server's clock. */
  readonly at: number;
  /** Requests answered per second. */
  readonly requests: number;
  /** Those of them answered with a 5xx, per second. */
  readonly errors: number;
  /** Seconds; null when nothing was answered. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly reading: number;
  readonly writing: number;
  readonly waiting: number;
}

export interface WorkerState {
  readonly isAlive: boolean;
  /** Of the table that it serves; below 0 before its first. */
  readonly version: number;
  readonly startedAt: number;
  /** How long it has owed the main thread an answer; milliseconds. */
  readonly silentMs: number;
  /** Never: it hangs, and only the end of the process ends it. */
  readonly answers: 'in time' | 'late' | 'never';
}

/** How the program is. Times in milliseconds since the epoch. */
export interface Health {
  /** When this was asked, by the server's clock. */
  readonly at: number;
  readonly program: {
    readonly version: string;
    readonly engine: string;
    /** Of the machine or pod. */
    readonly hostname: string;
    readonly startedAt: number;
  };
  readonly phase: 'waiting' | 'serving' | 'draining';
  /** Null while the routes are known to be true. */
  readonly stale: { readonly since: number; readonly reason: string } | null;
  readonly routes: number;
  readonly configVersion: number;
  /** Null before the first table. */
  readonly configChangedAt: number | null;
  readonly workers: readonly WorkerState[];
  readonly workerRestarts: number;
  readonly source: {
    readonly kind: string;
    readonly synced: boolean;
    /** What is wrong at the moment; empty when nothing is. */
    readonly problem: string;
  };
  /** Null when routes do not come from the Kubernetes API. */
  readonly watch: { readonly events: number; readonly restarts: number; readonly lastEventAt: number | null } | null;
}

/** Comes once a second. */
export interface TrafficSample {
  /** Null for the first look: there is nothing to compare with. */
  readonly point: Point | null;
  readonly health: Health;
}

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

export interface DiagnosticView {
  readonly service: ServiceName;
  readonly reason?: string;
  readonly message: string;
  readonly annotation?: string;
}

export interface ConflictView {
  readonly host: string;
  readonly path: string;
  readonly winner: ServiceName;
  readonly loser: ServiceName;
}

/** The first of a list that may be long. */
export interface Excerpt<Item> {
  readonly total: number;
  readonly items: readonly Item[];
}

/** Comes when it has changed. */
export interface Diagnostics {
  readonly refusals: Excerpt<DiagnosticView>;
  readonly conflicts: Excerpt<ConflictView>;
  readonly warnings: Excerpt<DiagnosticView>;
}

/** A certificate that is served, or asked for; comes every few seconds when it has changed. */
export interface CertificateRow {
  /** `namespace/name` of its Secret, or `default certificate`. */
  readonly certificate: string;
  readonly names: Excerpt<string>;
  /** Empty where the certificate is not known, or cannot be used. */
  readonly issuer: string;
  /** Milliseconds since the epoch; null like {@link issuer}. */
  readonly validUntil: number | null;
  /** Services, `namespace/name`. */
  readonly askedBy: Excerpt<string>;
  readonly problems: readonly { readonly reason: string; readonly message: string }[];
}

/** A request that failed. What came from the client is cut, and holds no query, header value or body. */
export interface FailureView {
  readonly at: number;
  /** `namespace/name`; empty without a route. */
  readonly service: string;
  readonly status: number;
  readonly path: string;
  /** `address:port`; empty when no upstream was asked. */
  readonly upstream: string;
  /** What was wrong: the place of a byte, the name of a header, an error code. */
  readonly detail: string;
}

/** Why requests failed; comes every few seconds when it has changed. */
export interface FailureGroup {
  /** The word that stands in the access log. */
  readonly reason: string;
  /** Who has to change something. */
  readonly source: 'client' | 'upstream' | 'entry';
  readonly meaning: string;
  readonly remedy: string;
  /** Since the start. */
  readonly count: number;
  /** In the last fifteen minutes. */
  readonly recent: number;
  /** The newest first. */
  readonly examples: readonly FailureView[];
}

export interface ChangedRoute {
  readonly host: string;
  readonly path: string;
  /** Who has it now, or had it. */
  readonly service: ServiceName;
  readonly what: 'added' | 'changed' | 'removed';
}

/** One new version of the table. */
export interface TableChange {
  readonly version: number;
  /** When the last worker served it; milliseconds since the epoch. */
  readonly at: number;
  /** From the change at its source until then; milliseconds. */
  readonly tookMs: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** The first few. */
  readonly routes: readonly ChangedRoute[];
}

/** Of a Service, all its routes together, in the last half minute. */
export interface RouteFigures {
  /** Requests per second. */
  readonly rate: number;
  /** Seconds; null without requests. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** The share answered with a 5xx, 0 to 1; null without requests. */
  readonly errors: number | null;
}

/** Of a route. */
export const MAX_OUT_OF_USE = 20;

/** A route in the table of the page. */
export interface RouteRow {
  readonly host: string;
  readonly path: string;
  /** Of an Ingress: the path is a whole one, or a pattern. Absent: it is a prefix. */
  readonly match?: 'exact' | 'regex';
  /** Whose route it is, with its kind: `HTTPRoute shop/web`. Absent: the Service's own. */
  readonly object?: string;
  /** Where its requests come, for a route of a Gateway: what a question about them names. Absent: to this program's own ports. */
  readonly at?: { readonly gateway: string; readonly port: number };
  readonly service: ServiceName;
  /** `address:port`. */
  readonly endpoints: readonly string[];
  /** Endpoints that get no requests, or only some, and why: `address:port ejected`. At most {@link MAX_OUT_OF_USE}. */
  readonly outOfUse: readonly string[];
  /** RFC 3339, or empty. */
  readonly createdAt: string;
  /** Null where they stand in a row above: each Service shows them once. */
  readonly figures: RouteFigures | null;
  /** Further routes of the same Service. */
  readonly siblings: number;
}

export const SORT_KEYS = ['route', 'service', 'rate', 'p50', 'p99', 'errors', 'age'] as const;

export type SortKey = (typeof SORT_KEYS)[number];

/** Answer to a search. */
export interface RoutePage {
  /** Of the table. */
  readonly version: number;
  /** Routes there are. */
  readonly total: number;
  /** Routes that fit the search. */
  readonly matched: number;
  /** The first of these. */
  readonly rows: readonly RouteRow[];
}

export interface ExplainedRoute {
  readonly host: string;
  readonly path: string;
  readonly stripPrefix: boolean;
  readonly rewriteRedirects: boolean;
  readonly service: ServiceName;
  readonly backend: {
    readonly name: string;
    readonly endpoints: readonly { address: string; port: number }[];
    /** The answer where there are none; absent: 503. */
    readonly absentStatus?: number;
  };
}

/** Where a request would go among the endpoints of its Service. It names no pods, because the page shows none. */
export interface ExplainedChoice {
  readonly outcome: 'picks' | 'binds' | 'waits' | 'none';
  readonly endpoints: Excerpt<ExplainedEndpoint>;
}

export interface ExplainedEndpoint {
  readonly address: string;
  readonly port: number;
  /** The part of such requests that would go there, from 0 to 1. */
  readonly share: number;
  readonly inFlight: number;
  /** Why it gets none; null for one that may be picked. */
  readonly exclusion: string | null;
}

/** Answer to "which route takes this?" */
export interface ExplainView {
  readonly host: string;
  readonly path: string;
  readonly route?: ExplainedRoute | undefined;
  /** Present where a port of a Gateway was asked about. */
  readonly at?: { readonly port: string; readonly listener: string };
  /** Present where another port was asked about, and no route takes the request there. */
  readonly gateways?: readonly string[];
  /** Which rules have decided for a location of an Ingress, or a rule of a Gateway. */
  readonly rule?: string | undefined;
  readonly upstreamTarget?: string | undefined;
  /** Time limits and the largest body that are in force, and what says them. */
  readonly limits?: string | undefined;
  /** The answer to plain HTTP, where that is not the one to TLS. */
  readonly plainRedirect?: { readonly status: number; readonly location: string } | undefined;
  /** Which requests a canary takes. */
  readonly canary?: string | undefined;
  /** What each policy would do with the request, in the order in which it meets them. */
  readonly policies: Excerpt<{ readonly policy: string; readonly does: string }>;
  /** Where it would go; absent where kube-proxy chooses. */
  readonly choice?: ExplainedChoice | undefined;
  /** Services that ask for the same host and path. */
  readonly waiting: Excerpt<ServiceName>;
  readonly losers: Excerpt<{ readonly route: ExplainedRoute; readonly reason: string }>;
  /** Of Services that ask for a path which would take it. */
  readonly refusals: Excerpt<DiagnosticView>;
}

/** The same for a request that does not get as far as a route. */
export interface ExplainRefusal {
  readonly refused: string;
}
