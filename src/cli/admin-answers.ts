/** The answers of a running instance. Fields are checked before use, because its version may differ from ours. */
import type { DiagnosticView } from '../admin/diagnostic-view.ts';
import type { EndpointChoiceView } from '../admin/endpoint-choice-view.ts';
import type { RouteView } from '../admin/route-view.ts';
import { type StubStatus, stubStatus } from '../admin/stub-status.ts';
import { isLimitOrigin, type LimitOrigins } from '../control/limits.ts';
import type { PlainRedirect } from '../control/route-reports.ts';
import { UnavailableError } from '../errors.ts';
import type { RouteLimits, ServiceRef } from '../model/route.ts';
import { isObject } from '../resources/service-object.ts';
import type { PortExplanation } from '../routing/explanation.ts';
import type { Conflict } from '../routing/ledger.ts';
import type { AdminClient } from './admin-client.ts';
import { isChoice } from './cluster-answers.ts';
import { type MetricSamples, readMetrics } from './metrics-text.ts';

/** What people are shown of a route. */
export type ShownRoute = Pick<RouteView, 'host' | 'path' | 'match' | 'service' | 'ingress' | 'gateway' | 'backends'> & {
  /** An older version does not say how requests are spread. */
  readonly backend: Pick<RouteView['backend'], 'endpoints'> &
    Partial<Pick<RouteView['backend'], 'balance' | 'absentStatus'>>;
};

/** The route that takes a request. */
export type TakingRoute = ShownRoute & Pick<RouteView, 'canary'>;

/** GET /explain */
export interface ExplanationAnswer {
  readonly route: TakingRoute | undefined;
  /** Which rules have decided; absent for routes of Services, and in the answer of an older version. */
  readonly rule: string | undefined;
  /** Where a request for a port of a Gateway comes; absent for other ports. */
  readonly at?: PortExplanation | undefined;
  /** Gateways that the request may be meant for; absent where a route takes it, and in the answer of an older version. */
  readonly gateways?: readonly string[] | undefined;
  readonly upstreamTarget: string | undefined;
  /** Where it would go; absent where kube-proxy chooses, or in the answer of an older version. */
  readonly endpoints: EndpointChoiceView | undefined;
  /** Absent in the answer of an older version, as the next two. */
  readonly limits: RouteLimits | undefined;
  readonly limitOrigins: LimitOrigins | undefined;
  /** The answer to plain HTTP, where that is another one. */
  readonly plainRedirect: PlainRedirect | undefined;
  /** Empty in the answer of an older version. */
  readonly policies: readonly ShownPolicy[];
  readonly waiting: readonly ServiceRef[];
  readonly losers: readonly { readonly route: ShownRoute; readonly reason: string }[];
  readonly refusals: readonly ShownDiagnostic[];
}

/** What a policy would do with a request. */
export interface ShownPolicy {
  readonly policy: string;
  readonly does: string;
}

/** What people are shown of a diagnostic. The warnings of an older version have no reason. */
export type ShownDiagnostic = Pick<DiagnosticView, 'service' | 'message'> & Partial<Pick<DiagnosticView, 'reason'>>;

/** A record of GET /configuration/backends. Pushed records may have any fields. */
export type BackendAnswer = Readonly<Record<string, unknown>>;

/** What `kube-entry explain` asks about. */
export interface AskedExplanation {
  readonly host: string;
  readonly target: string;
  /** Empty: GET. */
  readonly method: string;
  readonly clientIp: string;
  /** `NAME: VALUE` */
  readonly headerLines: readonly string[];
  /** `NAMESPACE/NAME` of a Gateway, or an address; undefined with {@link port}: a port that is no Gateway's. */
  readonly gateway?: string | undefined;
  readonly port?: string | undefined;
  /** Of the TLS session; undefined: the host. */
  readonly serverName?: string | undefined;
}

/** GET /routes, counted. */
export interface TableSummary {
  readonly version: number;
  readonly initialised: boolean;
  readonly draining: boolean;
  readonly source: {
    readonly kind: string;
    readonly synced: boolean;
    readonly staleSince?: string;
    readonly lostSince?: string;
    readonly problem?: string;
  };
  readonly routes: number;
  readonly refusals: number;
  readonly conflicts: number;
}

/** GET /routes */
export interface TableAnswer {
  readonly summary: TableSummary;
  /** Of the proxy's clients: those who ask for the status are not among them. */
  readonly connections: StubStatus;
  readonly routes: readonly ShownRoute[];
  readonly refusals: readonly ShownDiagnostic[];
  readonly warnings: readonly ShownDiagnostic[];
  readonly conflicts: readonly Conflict[];
}

/** @throws UnavailableError */
export async function askExplanation(client: AdminClient, asked: AskedExplanation): Promise<ExplanationAnswer> {
  const { host, target, method, clientIp, headerLines, gateway, port, serverName } = asked;
  const query = new URLSearchParams({ host, path: target });
  if (method !== '') query.set('method', method);
  if (clientIp !== '') query.set('client-ip', clientIp);
  if (gateway !== undefined) query.set('gateway', gateway);
  if (port !== undefined) query.set('port', port);
  if (serverName !== undefined) query.set('sni', serverName);
  for (const line of headerLines) query.append('header', line);
  const value = await client.json(`/explain?${query}`);
  if (!isObject(value) || !(value.route === undefined || isRoute(value.route)) || !Array.isArray(value.losers)) {
    throw misunderstood('/explain');
  }
  const losers: unknown[] = value.losers;
  const { route } = value;
  return {
    route,
    rule: typeof value.rule === 'string' ? value.rule : undefined,
    at: isPortExplanation(value.at) ? value.at : undefined,
    gateways: Array.isArray(value.gateways) ? value.gateways.filter(name => typeof name === 'string') : undefined,
    upstreamTarget: typeof value.upstreamTarget === 'string' ? value.upstreamTarget : undefined,
    endpoints: isChoice(value.endpoints) ? value.endpoints : undefined,
    limits: isLimits(value.limits) ? value.limits : undefined,
    limitOrigins: isLimitOrigins(value.limitOrigins) ? value.limitOrigins : undefined,
    plainRedirect: isPlainRedirect(value.plainRedirect) ? value.plainRedirect : undefined,
    policies: Array.isArray(value.policies) ? value.policies.filter(isShownPolicy) : [],
    waiting: Array.isArray(value.waiting) ? value.waiting.filter(isServiceRef) : [],
    losers: losers.map(loser => {
      if (!isObject(loser) || !isRoute(loser.route)) throw misunderstood('/explain');
      return { route: loser.route, reason: String(loser.reason) };
    }),
    refusals: Array.isArray(value.refusals) ? value.refusals.filter(isRefusal) : [],
  };
}

/** @throws UnavailableError */
export async function askTable(client: AdminClient): Promise<TableAnswer> {
  const value = await client.json('/routes');
  if (!isObject(value) || !isObject(value.source)) throw misunderstood('/routes');
  const { version, initialised, source } = value;
  if (typeof version !== 'number' || typeof initialised !== 'boolean' || typeof source.kind !== 'string') {
    throw misunderstood('/routes');
  }
  const all = (list: unknown): unknown[] => (Array.isArray(list) ? list : []);
  return {
    summary: {
      version,
      initialised,
      draining: value.draining === true,
      source: {
        kind: source.kind,
        synced: source.synced === true,
        ...(typeof source.staleSince === 'string' ? { staleSince: source.staleSince } : {}),
        ...(typeof source.lostSince === 'string' ? { lostSince: source.lostSince } : {}),
        ...(typeof source.problem === 'string' ? { problem: source.problem } : {}),
      },
      routes: all(value.routes).length,
      refusals: all(value.refusals).length,
      conflicts: all(value.conflicts).length,
    },
    connections: stubStatus(name => numberIn(value.connections, name)),
    routes: all(value.routes).filter(isRoute),
    refusals: all(value.refusals).filter(isRefusal),
    warnings: all(value.warnings).filter(isDiagnostic),
    conflicts: all(value.conflicts).filter(isConflict),
  };
}

/** The samples of these metrics. @throws UnavailableError */
export async function askMetrics(client: AdminClient, wanted: ReadonlySet<string>): Promise<MetricSamples> {
  return readMetrics(await client.text('/metrics'), wanted);
}

/** @throws UnavailableError */
export async function askBackends(client: AdminClient): Promise<Map<string, BackendAnswer>> {
  const value = await client.json('/configuration/backends');
  if (!Array.isArray(value)) throw misunderstood('/configuration/backends');
  const records: unknown[] = value;
  return new Map(
    records.flatMap(record => (isObject(record) && typeof record.name === 'string' ? [[record.name, record]] : [])),
  );
}

function isRoute(value: unknown): value is ShownRoute & { readonly overrides?: unknown } {
  return (
    isObject(value) &&
    typeof value.host === 'string' &&
    typeof value.path === 'string' &&
    isServiceRef(value.service) &&
    isObject(value.backend) &&
    Array.isArray(value.backend.endpoints) &&
    value.backend.endpoints.every(isObject) &&
    (value.gateway === undefined || isGateway(value.gateway)) &&
    (value.backends === undefined || (Array.isArray(value.backends) && value.backends.every(isObject)))
  );
}

function isGateway(value: unknown): boolean {
  return (
    isObject(value) &&
    isServiceRef(value.object) &&
    typeof value.rule === 'string' &&
    typeof value.port === 'string' &&
    typeof value.hostname === 'string' &&
    (value.conditions === undefined || isObject(value.conditions))
  );
}

function isPortExplanation(value: unknown): value is PortExplanation {
  return (
    isObject(value) &&
    typeof value.port === 'string' &&
    typeof value.listener === 'string' &&
    (value.sessionListener === undefined || typeof value.sessionListener === 'string')
  );
}

function isShownPolicy(value: unknown): value is ShownPolicy {
  return isObject(value) && typeof value.policy === 'string' && typeof value.does === 'string';
}

function isRefusal(value: unknown): value is ShownDiagnostic & { readonly reason: string } {
  return isDiagnostic(value) && typeof value.reason === 'string';
}

function isDiagnostic(value: unknown): value is ShownDiagnostic {
  return isObject(value) && isServiceRef(value.service) && typeof value.message === 'string';
}

function isConflict(value: unknown): value is Conflict {
  return (
    isObject(value) &&
    typeof value.host === 'string' &&
    typeof value.path === 'string' &&
    isServiceRef(value.winner) &&
    isServiceRef(value.loser)
  );
}

const LIMIT_FIELDS = ['connectTimeoutMs', 'readTimeoutMs', 'sendTimeoutMs', 'maxBodySize'] as const;

function isLimits(value: unknown): value is RouteLimits {
  return isObject(value) && LIMIT_FIELDS.every(field => typeof value[field] === 'number');
}

function isLimitOrigins(value: unknown): value is LimitOrigins {
  return isObject(value) && LIMIT_FIELDS.every(field => isLimitOrigin(value[field]));
}

function isPlainRedirect(value: unknown): value is PlainRedirect {
  return isObject(value) && typeof value.status === 'number' && typeof value.location === 'string';
}

function isServiceRef(value: unknown): value is ServiceRef {
  return isObject(value) && typeof value.namespace === 'string' && typeof value.name === 'string';
}

function numberIn(value: unknown, name: string): number {
  const found = isObject(value) ? value[name] : undefined;
  return typeof found === 'number' ? found : 0;
}

function misunderstood(path: string): UnavailableError {
  return new UnavailableError(
    `GET ${path} had an answer that this version of kube-entry does not expect: has the running instance the same version?`,
  );
}
