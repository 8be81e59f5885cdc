import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import { createEngine } from '../../src/dataplane/create-engine.ts';
import type { Engine, EngineState, OpenPort } from '../../src/dataplane/engine.ts';
import { GatewayPorts } from '../../src/dataplane/gateway-ports.ts';
import { AccessLog } from '../../src/dataplane/log/access-log.ts';
import type { RequestRecord } from '../../src/dataplane/log/request-record.ts';
import { FailureReporter } from '../../src/dataplane/pipeline/failure-reporter.ts';
import type { FilterServices } from '../../src/dataplane/pipeline/filters/filter-services.ts';
import { type CompiledTable, RouteCompiler } from '../../src/dataplane/route-compiler.ts';
import { TlsHosts } from '../../src/dataplane/transport/tls/tls-hosts.ts';
import { WireEngine } from '../../src/dataplane/wire/engine.ts';
import type { FailureNotice } from '../../src/failures/failure-example.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { LimitBoard, openLimits } from '../../src/limits/limits.ts';
import { type Cluster, plainEndpoint } from '../../src/model/cluster.ts';
import { arrivals, departures, type PublishedDelta } from '../../src/model/delta.ts';
import { type PortId, portArrivals, portDepartures } from '../../src/model/gateway-port.ts';
import type { Policy, PolicyKind } from '../../src/model/policy.ts';
import type { Canary, GatewayRoute, Route, RouteOverrides } from '../../src/model/route.ts';
import type { TlsHost } from '../../src/model/tls-host.ts';
import { WorkerCounters } from '../../src/observe/counters.ts';
import { DEFAULTS, type Settings } from '../../src/settings/schema.ts';
import type { Listeners } from '../../src/workers/messages.ts';
import { atEnd } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { LogLines } from './log-lines.ts';
import { RawClient, type RawResponse, type ReadOptions, type TlsClient, type TlsClientOptions } from './raw-client.ts';
import type { Bytes } from './raw-message.ts';
import { clusterContext, deltaOf, filterServices, published } from './routes.ts';
import { runningClock } from './running-clock.ts';
import { selfSigned } from './self-signed.ts';
import { socketsOn } from './socket-timeouts.ts';
import { certificateOf, type TlsDescription, tlsChangesOf } from './tls-names.ts';

export type EngineName = Parameters<typeof createEngine>[0];

/** An engine, and the port that its clients come by. */
export type ProxyKind = EngineName | 'wire on TLS';

/** The scheme of requests to a proxy. */
export function schemeOf(kind: ProxyKind): 'http' | 'https' {
  return kind === 'wire on TLS' ? 'https' : 'http';
}

export interface RouteDescription {
  readonly path: string;
  readonly host?: string;
  readonly to: { readonly address: ListenAddress; readonly connections: unknown } | readonly ListenAddress[];
  readonly stripPrefix?: boolean;
  readonly rewriteRedirects?: boolean;
  readonly tlsRedirect?: false;
  readonly overrides?: RouteOverrides;
  readonly policies?: readonly Policy[];
  /** Its cluster is that of another of the routes. */
  readonly canary?: Canary;
  /** What the rule of a Gateway says that it is made of; absent: it is not made of one. */
  readonly gateway?: Partial<GatewayRoute>;
  /** What its cluster has beyond endpoints; kube-proxy balances it otherwise. */
  readonly cluster?: Partial<Cluster>;
}

export interface ProxyDescription {
  /** `null` for a proxy that has no table yet. */
  readonly routes: readonly RouteDescription[] | null;
  readonly settings?: Partial<Settings>;
  readonly tlsHosts?: readonly TlsHost[];
  readonly logFormat?: 'combined' | 'json';
  /** What the engine `wire` may take for its clients. */
  readonly clientBytes?: number;
  /** What time limits are measured by; the time for which this process runs when a test does not move it. */
  readonly clock?: Clock;
  /** What its filters share, where it is not as usual. */
  readonly filters?: Partial<FilterServices>;
  /** Absent: it has no TLS port. */
  readonly tls?: TlsDescription;
}

/** A line of the JSON access log. */
export interface LoggedRequest
  extends Omit<RequestRecord, 'route' | 'endpoint' | 'upstreamMs' | 'earlierAttempts' | 'policy'> {
  readonly time: string;
  readonly protocol: string;
  readonly requestLine: string;
  readonly referer: string;
  readonly userAgent: string;
  readonly forwardedFor: string;
  readonly remoteUser: string;
  /** `namespace/service`, empty without a route. */
  readonly service: string;
  readonly routePath: string;
  /** `address:port` of the upstream asked last, empty when none was asked. */
  readonly upstream: string;
  readonly upstreamMs: number | null;
  readonly policy?: PolicyKind;
  readonly earlierAttempts?: readonly { readonly upstream: string; readonly status: number; readonly ms: number }[];
}

export const ERROR_PAGE = '<!doctype html><title>sorry</title><p>The custom error page.</p>\n';

const ANY_PORT: ListenAddress = { host: '127.0.0.1', port: 0 };
const ANY_NAME: TlsDescription = { certificate: selfSigned() };

interface Observed {
  readonly state: EngineState;
  readonly counters: WorkerCounters;
  readonly logLines: readonly string[];
  readonly notices: readonly FailureNotice[];
  readonly compiler: RouteCompiler;
}

/** An engine in this thread, with its state, counters and log within reach. */
export class ProxyUnderTest {
  readonly address: ListenAddress;
  readonly #tlsAddress: ListenAddress | undefined;
  readonly engine: Engine;
  readonly state: EngineState;
  readonly counters: WorkerCounters;
  readonly logLines: readonly string[];
  /** What the main thread would be told of failed requests. */
  readonly notices: readonly FailureNotice[];
  readonly #t: TestContext;
  readonly #isOnTls: boolean;
  #connectedOnTls = 0;
  readonly #compiler: RouteCompiler;

  constructor(t: TestContext, engine: Engine, listeners: Listeners, observed: Observed, isOnTls: boolean) {
    this.#t = t;
    this.#isOnTls = isOnTls;
    this.engine = engine;
    this.address = listeners.listen;
    this.#tlsAddress = listeners.tlsListen;
    this.state = observed.state;
    this.counters = observed.counters;
    this.logLines = observed.logLines;
    this.notices = observed.notices;
    this.#compiler = observed.compiler;
  }

  /** The same routes come again, as new ones. */
  serveAgain(routes: readonly RouteDescription[]): void {
    this.state.table = this.#compiler.apply(this.state.table, publishedOf(routes, 2));
  }

  /** What a worker does with a change. */
  apply(delta: PublishedDelta): void {
    const { tls, ports } = delta;
    if (tls !== undefined) this.state.tlsHosts.apply(arrivals(tls));
    if (ports !== undefined) this.state.gatewayPorts.apply(portArrivals(ports));
    this.state.table = this.#compiler.apply(this.state.table, delta);
    if (tls !== undefined) this.state.tlsHosts.apply(departures(tls));
    if (ports !== undefined) this.state.gatewayPorts.apply(portDepartures(ports));
  }

  /** Listens on a port of a Gateway that was applied. */
  async listenPort(id: PortId): Promise<OpenPort> {
    const port = this.state.gatewayPorts.get(id);
    assert.ok(port);
    return this.engine.listenPort(port, false);
  }

  /** Of the TLS port. */
  get tlsAddress(): ListenAddress {
    if (this.#tlsAddress === undefined) throw new Error('this proxy has no TLS port');
    return this.#tlsAddress;
  }

  /** A connection to the port that clients of its kind come by. */
  async connect(options: { readonly localAddress?: string } = {}): Promise<RawClient> {
    return this.#isOnTls ? this.#connectOnTls(options) : this.connectInClear(options);
  }

  /** A connection to the plain port. */
  async connectInClear(options: { readonly localAddress?: string } = {}): Promise<RawClient> {
    const client = await RawClient.connect(this.address, options);
    atEnd(this.#t, () => client.destroy());
    return client;
  }

  /**
   * TLS 1.3: the client has finished before the server has read that (RFC 8446, section 4.4.4). Until then the connection
   * counts as one in its handshake, with the time limit of one.
   */
  async #connectOnTls(options: TlsClientOptions): Promise<TlsClient> {
    const client = await this.connectTls(options);
    const expected = ++this.#connectedOnTls;
    const { counters } = this;
    await eventually('the handshake to be over at the proxy, too', () => {
      return counters.get('tlsHandshakes12') + counters.get('tlsHandshakes13') >= expected;
    });
    return client;
  }

  /** A connection to the port that clients of its kind come by, on which nothing has been said: no handshake either. */
  async connectSilently(): Promise<RawClient> {
    const client = await RawClient.connect(this.#isOnTls ? this.tlsAddress : this.address);
    atEnd(this.#t, () => client.destroy());
    return client;
  }

  /** A connection to the TLS port. @throws when the handshake fails */
  async connectTls(options: TlsClientOptions = {}): Promise<TlsClient> {
    const client = await RawClient.connectTls(this.tlsAddress, options);
    atEnd(this.#t, () => client.destroy());
    return client;
  }

  /** Sends bytes on a connection of their own and reads one response. */
  async exchange(bytes: Bytes, options: ReadOptions = {}): Promise<RawResponse> {
    const client = await this.connect();
    await client.send(bytes);
    const response = await client.response(options);
    client.destroy();
    return response;
  }

  /** A GET with `Host: test` and the header lines given, each with its line end. */
  get(target: string, headerLines = ''): Promise<RawResponse> {
    return this.exchange(`GET ${target} HTTP/1.1\r\nHost: test\r\n${headerLines}\r\n`);
  }

  /** Bytes that the connections of the engine `wire` keep. */
  get keptBytes(): number {
    assert.ok(this.engine instanceof WireEngine);
    return this.engine.keptBytes;
  }

  setRoutes(routes: readonly RouteDescription[]): void {
    this.state.table = tableOf(routes, (this.state.table?.version ?? 0) + 1);
  }

  changeSettings(settings: Partial<Settings>): void {
    this.state.settings = { ...this.state.settings, ...settings };
    this.engine.settingsChanged();
  }

  /** Waits until so many requests are in the log. */
  async logged(count: number): Promise<LoggedRequest[]> {
    await eventually(`${count} log lines, of which came ${JSON.stringify(this.logLines)}`, () => {
      return this.logLines.length >= count;
    });
    return this.logLines.map(line => JSON.parse(line) as LoggedRequest);
  }
}

/** Starts an engine that is ended with the test. */
export async function startProxy(
  t: TestContext,
  kind: ProxyKind,
  {
    routes,
    settings = {},
    logFormat = 'json',
    tlsHosts = [],
    clock = runningClock,
    clientBytes = 1 << 30,
    filters = {},
    tls = kind === 'wire on TLS' ? ANY_NAME : undefined,
  }: ProxyDescription,
): Promise<ProxyUnderTest> {
  const logLines: string[] = [];
  const limits = openLimits(new LimitBoard(1).share(0), () => clock.monotonic());
  const compiler = new RouteCompiler(clusterContext(), filterServices({ clock, limits, ...filters }));
  const state: EngineState = {
    table: routes === null ? undefined : compiler.apply(undefined, publishedOf(routes, 1)),
    clusterOf: id => compiler.cluster(id),
    settings: { ...DEFAULTS, accessLog: logFormat, ...(tls && { tlsListen: ANY_PORT }), ...settings },
    errorPage: ERROR_PAGE,
    tlsHosts: new TlsHosts(),
    gatewayPorts: new GatewayPorts(Math.random),
    defaultCertificate: tls && certificateOf(tls.certificate),
    ticketKeys: randomBytes(48),
  };
  state.tlsHosts.apply({ certificates: { upserts: [], removals: [] }, hosts: { upserts: tlsHosts, removals: [] } });
  state.tlsHosts.apply(tlsChangesOf(tls?.hosts ?? []));
  const counters = new WorkerCounters();
  const accessLog = new AccessLog(new LogLines(line => logLines.push(line)), state);
  const notices: FailureNotice[] = [];
  const failures = new FailureReporter(counters, notice => notices.push(notice));
  const [engine, listeners] = await socketsOn(clock, async () => {
    const created = await createEngine(kind === 'node' ? 'node' : 'wire', {
      state,
      counters,
      accessLog,
      failures,
      clock,
      clientBytes,
    });
    const tlsListen = tls && (await created.listenTls(ANY_PORT, true));
    return [created, { listen: await created.listen(ANY_PORT, true), tlsListen }] as const;
  });
  atEnd(t, () => engine.close());
  return new ProxyUnderTest(
    t,
    engine,
    listeners,
    { state, counters, logLines, notices, compiler },
    kind === 'wire on TLS',
  );
}

export function tableOf(routes: readonly RouteDescription[], version: number): CompiledTable {
  return new RouteCompiler(clusterContext(), filterServices()).apply(undefined, publishedOf(routes, version));
}

function publishedOf(routes: readonly RouteDescription[], version: number): PublishedDelta {
  const upserts = routes.map(routeOf);
  const delta = deltaOf({ version, upserts, removals: [] });
  const block = new Map(upserts.map(({ cluster }, index) => [cluster, index + 1]));
  const endpoints = routes.map(({ to }, index) => {
    const at = 'connections' in to ? [to.address] : to;
    const list = at.map(({ host: address, port }) => plainEndpoint({ address, port }));
    return {
      cluster: upserts[index]?.cluster ?? '',
      revision: version,
      endpoints: list,
      slots: list.map((_, slot) => slot),
    };
  });
  const clusters = delta.clusters.upserts.map((cluster, index) => ({ ...cluster, ...routes[index]?.cluster }));
  return published(
    { ...delta, clusters: { upserts: clusters, removals: [] }, endpoints },
    ({ id }) => block.get(id) ?? 0,
  );
}

const RULE: GatewayRoute = { object: { kind: 'HTTPRoute', namespace: 'test', name: 'route' }, rule: '0' };

function routeOf(description: RouteDescription, index: number): Route {
  const { path, host = '', stripPrefix = true, rewriteRedirects = false, tlsRedirect, overrides = {} } = description;
  const { policies, canary, gateway } = description;
  const service = { namespace: 'test', name: `service-${index}` };
  return {
    host,
    path,
    stripPrefix,
    rewriteRedirects,
    ...(tlsRedirect === false && { tlsRedirect }),
    overrides,
    ...(policies && { policies }),
    ...(canary && { canary }),
    ...(gateway && { gateway: { ...RULE, ...gateway } }),
    cluster: `test/service-${index}:80`,
    service,
    createdAt: '',
  };
}
