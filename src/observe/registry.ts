/**
 * Everything Prometheus gets. Values are read at each scrape: the data plane never calls prom-client, which
 * hashes labels and makes objects for every count.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { FAILURE_REASONS } from '../failures/failures.ts';
import { addCertificateMetrics, type CertificateFigures } from './certificate-metrics.ts';
import type { CounterBoard } from './counter-board.ts';
import type { CounterName } from './counters.ts';
import { type EndpointStatistics, endpointSeries, perEndpointSeries } from './endpoint-series.ts';
import { addGatewayMetrics, type GatewayFigures } from './gateway-metrics.ts';
import { addKubeMetrics, type KubeWatchState } from './kube-metrics.ts';
import { addLimitMetrics, type RateLeaseFigures } from './limit-metrics.ts';
import { addPolicyMetrics } from './policy-metrics.ts';
import { addCounter, addGauge, inSeconds } from './sampled-metrics.ts';
import { serviceSeries } from './service-series.ts';
import { addSubrequestMetrics } from './subrequest-metrics.ts';
import { addTlsMetrics } from './tls-metrics.ts';

/** What the main thread knows, asked for once a scrape. */
export interface ProgramState {
  /** As `/readyz` answers: the first table is served, and no drain has begun. */
  readonly ready: boolean;
  readonly draining: boolean;
  /** Worker threads that run now. */
  readonly workers: number;
  /** Client connections that one of them takes. */
  readonly workerConnections: number;
  /** Routes in the table that serves. */
  readonly routes: number;
  /** Version of that table. */
  readonly configVersion: number;
  /** When that table was made, in milliseconds since the epoch; undefined before the first. */
  readonly configLastChangeMs: number | undefined;
  /** The reason of every refusal in force: one entry each. */
  readonly refusalReasons: readonly string[];
  readonly conflicts: number;
  /** Until when the routes of a restored table were known to be true, in milliseconds since the epoch; undefined for a fresh one. */
  readonly configStaleSinceMs: number | undefined;
  /** Workers started in place of ones that died. */
  readonly workerRestarts: number;
  /** How long each worker has owed an answer, the first one's first. */
  readonly workerLagsMs: readonly number[];
  /** Errors of the control plane that only a bug can cause. */
  readonly controlErrors: number;
  /** Looks, one a second, at which the process had no file descriptor left. */
  readonly descriptorsExhausted: number;
  /** Undefined when routes do not come from the Kubernetes API: its metrics then have no samples. */
  readonly kubeWatch: KubeWatchState | undefined;
}

export interface Scrape {
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface MetricsOptions {
  readonly board: CounterBoard;
  readonly state: () => ProgramState;
  readonly endpoints?: EndpointStatistics;
  readonly certificates?: () => CertificateFigures;
  /** Undefined where no Gateway is served. */
  readonly gateways?: (() => GatewayFigures) | undefined;
  /** Undefined where each replica keeps rate limits alone. */
  readonly rateLeases?: (() => RateLeaseFigures) | undefined;
  /** Series of single endpoints, too: setting metrics-per-endpoint. */
  readonly perEndpoint?: boolean;
  /** Of this program. */
  readonly version: string;
  readonly engine: string;
}

/** Seconds. The aim is under 0.01 for 99 of 100 changes. */
const PROPAGATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const NO_CERTIFICATES: CertificateFigures = { count: 0, problems: new Map(), soonest: [] };
const NO_ENDPOINTS: EndpointStatistics = { counts: () => [], ejections: {}, figures: () => [] };

export class Metrics {
  readonly #board: CounterBoard;
  readonly #state: () => ProgramState;
  readonly #endpoints: EndpointStatistics;
  readonly #perEndpoint: boolean;
  readonly #certificatesNow: () => CertificateFigures;
  readonly #gatewaysNow: (() => GatewayFigures) | undefined;
  /** Of the scrape under way: the state is asked for once, however many metrics show it. */
  #now: ProgramState | undefined;
  /** Of the scrape under way, too. */
  #certificates: CertificateFigures = NO_CERTIFICATES;
  #gateways: GatewayFigures | undefined;
  readonly #registry = new Registry();
  readonly #propagation: Histogram;
  #underWay: Promise<Scrape> | undefined;

  constructor(options: MetricsOptions) {
    const { board, state, endpoints = NO_ENDPOINTS, perEndpoint = false, version, engine } = options;
    this.#certificatesNow = options.certificates ?? (() => NO_CERTIFICATES);
    this.#gatewaysNow = options.gateways;
    this.#board = board;
    this.#state = state;
    this.#endpoints = endpoints;
    this.#perEndpoint = perEndpoint;
    this.#addConnections();
    this.#addHttp2();
    addTlsMetrics(this.#registry, name => board.sum(name));
    if (options.rateLeases !== undefined) addLimitMetrics(this.#registry, options.rateLeases);
    addPolicyMetrics(this.#registry, (policy, verdict) => board.policies(policy, verdict));
    addSubrequestMetrics(this.#registry, board);
    this.#addTraffic();
    this.#addProgram();
    addKubeMetrics(this.#registry, () => this.#now?.kubeWatch);
    addCertificateMetrics(this.#registry, () => this.#certificates);
    addGatewayMetrics(this.#registry, () => this.#gateways);
    this.#propagation = new Histogram({
      name: 'kube_entry_config_propagation_seconds',
      help: 'From a change at its source to the last worker that serves it.',
      buckets: PROPAGATION_BUCKETS,
      registers: [this.#registry],
    });
    new Gauge({
      name: 'kube_entry_build_info',
      help: 'Always 1; its labels say what runs.',
      labelNames: ['version', 'node', 'engine'],
      registers: [this.#registry],
    }).set({ version, node: process.version, engine }, 1);
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Every worker serves a new table. @param seconds since the change at its source */
  observePropagation(seconds: number): void {
    this.#propagation.observe(seconds);
  }

  /** Prometheus text format 0.0.4. All who ask while a scrape is under way get that one. */
  scrape(): Promise<Scrape> {
    this.#underWay ??= this.#make().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #make(): Promise<Scrape> {
    this.#now = this.#state();
    this.#certificates = this.#certificatesNow();
    this.#gateways = this.#gatewaysNow?.();
    const general = Buffer.from(await this.#registry.metrics());
    const body = Buffer.concat([
      general,
      ...(await serviceSeries(this.#board)),
      ...(await endpointSeries(this.#endpoints.counts())),
      ...(this.#perEndpoint ? await perEndpointSeries(this.#endpoints.figures()) : []),
    ]);
    return { contentType: this.#registry.contentType, body };
  }

  /** Names, types and helps of nginx-prometheus-exporter, so that its dashboards work. */
  #addConnections(): void {
    this.#counter('nginx_connections_accepted', 'Accepted client connections', this.#sum('accepted'));
    this.#counter('nginx_connections_handled', 'Handled client connections', this.#sum('handled'));
    this.#gauge('nginx_connections_active', 'Active client connections', this.#sum('active'));
    this.#gauge('nginx_connections_reading', 'Connections whose request head is read', this.#sum('reading'));
    this.#gauge('nginx_connections_writing', 'Connections whose request is served', this.#sum('writing'));
    this.#gauge('nginx_connections_waiting', 'Idle client connections', this.#sum('waiting'));
    this.#counter('nginx_http_requests_total', 'Total http requests', this.#sum('requests'));
    this.#gauge('nginx_up', 'Always 1 where it can be asked', () => 1);
  }

  #addHttp2(): void {
    this.#counter(
      'kube_entry_http2_streams_total',
      'Streams that clients of HTTP/2 opened.',
      this.#sum('http2Streams'),
    );
    this.#counter(
      'kube_entry_http2_streams_refused_total',
      'Streams that were refused, because a client opened more than it may.',
      this.#sum('http2StreamsRefused'),
    );
    this.#counters('kube_entry_http2_resets_total', 'Streams that were reset, by the side that did it.', 'side', {
      client: 'http2ResetsReceived',
      server: 'http2ResetsSent',
    });
    this.#counter(
      'kube_entry_http2_protocol_errors_total',
      'Connections that were ended with GOAWAY for what their client did.',
      this.#sum('http2ProtocolErrors'),
    );
  }

  #addTraffic(): void {
    this.#counter('kube_entry_request_bytes_total', 'Bytes of requests from clients.', this.#sum('requestBytes'));
    this.#counter('kube_entry_response_bytes_total', 'Bytes of responses to clients.', this.#sum('responseBytes'));
    this.#counters('kube_entry_upstream_connects_total', 'Attempts to connect to an upstream.', 'result', {
      ok: 'connectsOk',
      failed: 'connectsFailed',
      timeout: 'connectsTimedOut',
    });
    this.#counters('kube_entry_upstream_retries_total', 'Requests tried a second time, by what went wrong.', 'reason', {
      connect: 'retriesConnect',
      stale: 'retriesStale',
      status: 'retriesStatus',
      timeout: 'retriesTimeout',
    });
    const board = this.#board;
    new Gauge({
      name: 'kube_entry_upstream_connections',
      help: 'Open connections to upstreams.',
      labelNames: ['state'],
      registers: [this.#registry],
      collect() {
        this.set({ state: 'idle' }, board.sum('upstreamIdle'));
        this.set({ state: 'busy' }, board.sum('upstreamBusy'));
      },
    });
    new Gauge({
      name: 'kube_entry_upstream_pending',
      help: 'Requests that wait for an endpoint with fewer requests in flight than kube-entry.io/max-requests.',
      registers: [this.#registry],
      collect() {
        this.set(board.sum('upstreamPending'));
      },
    });
    new Counter({
      name: 'kube_entry_request_failures_total',
      help: 'Requests that failed here, by reason; kube-entry explain --reason WORD says what each means.',
      labelNames: ['reason'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const reason of FAILURE_REASONS) this.inc({ reason }, board.failures(reason));
      },
    });
    const { ejections } = this.#endpoints;
    new Counter({
      name: 'kube_entry_endpoint_ejections_total',
      help: 'Endpoints that were sent away because requests to them failed, by what showed it.',
      labelNames: ['reason'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [reason, count] of Object.entries(ejections)) this.inc({ reason }, count);
      },
    });
    this.#counter(
      'kube_entry_access_log_dropped_total',
      'Access log lines that were dropped because the reader of the log was too slow.',
      this.#sum('accessLogDropped'),
    );
  }

  #addProgram(): void {
    this.#gauge('kube_entry_ready', '1 when it asks for traffic: /readyz says the same.', () => this.#flag('ready'));
    this.#gauge('kube_entry_draining', '1 from SIGTERM on, while what is under way ends.', () =>
      this.#flag('draining'),
    );
    this.#gauge('kube_entry_workers', 'Worker threads that run.', () => this.#now?.workers);
    this.#gauge(
      'kube_entry_worker_connections',
      'Setting worker-connections: client connections that one worker takes.',
      () => this.#now?.workerConnections,
    );
    this.#gauge('kube_entry_routes', 'Routes served.', () => this.#now?.routes);
    const reasons = () => this.#now?.refusalReasons ?? [];
    new Gauge({
      name: 'kube_entry_route_refusals',
      help: 'Services, or parts of them, that ask to be exposed and are not.',
      labelNames: ['reason'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const reason of reasons()) this.inc({ reason });
      },
    });
    this.#gauge('kube_entry_route_conflicts', 'Routes that wait behind an older Service.', () => this.#now?.conflicts);
    this.#gauge('kube_entry_config_version', 'Version of the route table.', () => this.#now?.configVersion);
    this.#gauge('kube_entry_config_last_change_timestamp_seconds', 'When the route table last changed.', () =>
      inSeconds(this.#now?.configLastChangeMs),
    );
    this.#gauge(
      'kube_entry_config_stale_since_timestamp_seconds',
      'Until when the routes served were known to be true, while they are those of the state file; else 0.',
      () => this.#now && (inSeconds(this.#now.configStaleSinceMs) ?? 0),
    );
    this.#counter(
      'kube_entry_worker_restarts_total',
      'Workers started in place of dead ones.',
      () => this.#now?.workerRestarts,
    );
    const lags = () => this.#now?.workerLagsMs ?? [];
    new Gauge({
      name: 'kube_entry_worker_lag_seconds',
      help: 'How long a worker has not answered the main thread; it is asked once a second, and replaced after 20.',
      labelNames: ['worker'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [index, lagMs] of lags().entries()) this.set({ worker: `${index + 1}` }, lagMs / 1000);
      },
    });
    this.#counter(
      'kube_entry_control_errors_total',
      'Errors that only a bug can cause, in what leads the workers: the routes in force stay, the log has the stack.',
      () => this.#now?.controlErrors,
    );
    this.#counter(
      'kube_entry_descriptors_exhausted_total',
      'Seconds in which no file descriptor was left: connections are then closed without an answer.',
      () => this.#now?.descriptorsExhausted,
    );
  }

  #flag(name: 'ready' | 'draining'): number | undefined {
    return this.#now && Number(this.#now[name]);
  }

  #sum(name: CounterName): () => number {
    return () => this.#board.sum(name);
  }

  /** @param read undefined for no sample */
  #gauge(name: string, help: string, read: () => number | undefined): void {
    addGauge(this.#registry, name, help, read);
  }

  /** @param read the total so far; undefined for no sample */
  #counter(name: string, help: string, read: () => number | undefined): void {
    addCounter(this.#registry, name, help, read);
  }

  /** @param series label value to the counter that gives it */
  #counters(name: string, help: string, label: string, series: Readonly<Record<string, CounterName>>): void {
    const board = this.#board;
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [value, counter] of Object.entries(series)) this.inc({ [label]: value }, board.sum(counter));
      },
    });
  }
}
