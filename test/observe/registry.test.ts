import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { BUCKETS, NO_ROUTE_BLOCK } from '../../src/observe/counters.ts';
import type { EndpointStatistics } from '../../src/observe/endpoint-series.ts';
import { Metrics, type ProgramState } from '../../src/observe/registry.ts';
import { type Family, parsePrometheusText, type Sample } from '../support/prometheus-text.ts';

const STATE: ProgramState = {
  ready: true,
  draining: false,
  workers: 4,
  workerConnections: 1024,
  routes: 3,
  configVersion: 17,
  configLastChangeMs: 1_700_000_000_250,
  refusalReasons: ['HEADLESS', 'BAD_PATH', 'HEADLESS'],
  conflicts: 2,
  configStaleSinceMs: undefined,
  workerRestarts: 1,
  workerLagsMs: [0, 7_500],
  controlErrors: 2,
  descriptorsExhausted: 3,
  kubeWatch: {
    events: 40,
    restarts: 5,
    lastEventMs: 1_700_000_001_500,
    synced: true,
    serviceEvents: { posted: 7, leftOut: 2 },
    statusWrites: { written: 12, conflicts: 1, failed: 0 },
  },
};

const ENDPOINTS: EndpointStatistics = {
  figures: () => [],
  ejections: { failures_in_a_row: 4, failed_trial: 0 },
  counts: () => [
    {
      service: { namespace: 'shop', name: 'cart' },
      counts: new Map([
        ['ready', 2],
        ['ejected', 1],
      ]),
    },
    { service: { namespace: 'shop', name: 'empty' }, counts: new Map([['ready', 0]]) },
  ],
};

function setUp(state: Partial<ProgramState> = {}) {
  const board = new CounterBoard();
  const metrics = new Metrics({
    board,
    state: () => ({ ...STATE, ...state }),
    endpoints: ENDPOINTS,
    version: '1.2.3',
    engine: 'node',
  });
  return { board, metrics };
}

async function scrape(metrics: Metrics): Promise<Map<string, Family>> {
  const { contentType, body } = await metrics.scrape();
  assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
  return parsePrometheusText(Buffer.from(body).toString());
}

function samples(families: Map<string, Family>, name: string): readonly Sample[] {
  const family = families.get(name);
  assert.ok(family, name);
  return family.samples;
}

/** The value of the only series. */
function single(families: Map<string, Family>, name: string): number {
  const [sample, ...more] = samples(families, name);
  assert.ok(sample, name);
  assert.deepEqual([sample.labels, more], [{}, []], name);
  return sample.value;
}

/** Values by one label. */
function by(families: Map<string, Family>, name: string, label: string): Record<string, number> {
  return Object.fromEntries(samples(families, name).map(({ labels, value }) => [labels[label] ?? '', value]));
}

test('every metric of the contract is there with its type and a help', async () => {
  const { metrics } = setUp();
  const families = await scrape(metrics);
  const expected: Readonly<Record<string, string>> = {
    nginx_connections_accepted: 'counter',
    nginx_connections_handled: 'counter',
    nginx_connections_active: 'gauge',
    nginx_connections_reading: 'gauge',
    nginx_connections_writing: 'gauge',
    nginx_connections_waiting: 'gauge',
    nginx_http_requests_total: 'counter',
    nginx_up: 'gauge',
    kube_entry_requests_total: 'counter',
    kube_entry_request_duration_seconds: 'histogram',
    kube_entry_upstream_response_seconds: 'histogram',
    kube_entry_tls_handshakes_in_progress: 'gauge',
    kube_entry_tls_handshakes_total: 'counter',
    kube_entry_tls_resumptions_total: 'counter',
    kube_entry_tls_handshake_failures_total: 'counter',
    kube_entry_http2_streams_total: 'counter',
    kube_entry_http2_streams_refused_total: 'counter',
    kube_entry_http2_resets_total: 'counter',
    kube_entry_http2_protocol_errors_total: 'counter',
    kube_entry_request_bytes_total: 'counter',
    kube_entry_response_bytes_total: 'counter',
    kube_entry_request_failures_total: 'counter',
    kube_entry_policy_requests_total: 'counter',
    kube_entry_subrequests_total: 'counter',
    kube_entry_subrequest_seconds_total: 'counter',
    kube_entry_upstream_connects_total: 'counter',
    kube_entry_upstream_retries_total: 'counter',
    kube_entry_upstream_connections: 'gauge',
    kube_entry_upstream_pending: 'gauge',
    kube_entry_endpoints: 'gauge',
    kube_entry_endpoint_ejections_total: 'counter',
    kube_entry_certificates: 'gauge',
    kube_entry_gateways: 'gauge',
    kube_entry_gateway_listeners: 'gauge',
    kube_entry_gateway_routes: 'gauge',
    kube_entry_gateway_ports: 'gauge',
    kube_entry_certificate_problems: 'gauge',
    kube_entry_certificate_expiry_timestamp_seconds: 'gauge',
    kube_entry_ready: 'gauge',
    kube_entry_draining: 'gauge',
    kube_entry_workers: 'gauge',
    kube_entry_worker_connections: 'gauge',
    kube_entry_routes: 'gauge',
    kube_entry_route_refusals: 'gauge',
    kube_entry_route_conflicts: 'gauge',
    kube_entry_config_version: 'gauge',
    kube_entry_config_last_change_timestamp_seconds: 'gauge',
    kube_entry_config_stale_since_timestamp_seconds: 'gauge',
    kube_entry_config_propagation_seconds: 'histogram',
    kube_entry_kube_watch_events_total: 'counter',
    kube_entry_kube_watch_restarts_total: 'counter',
    kube_entry_kube_watch_last_event_timestamp_seconds: 'gauge',
    kube_entry_kube_watch_synced: 'gauge',
    kube_entry_service_events_total: 'counter',
    kube_entry_gateway_status_writes_total: 'counter',
    kube_entry_worker_restarts_total: 'counter',
    kube_entry_worker_lag_seconds: 'gauge',
    kube_entry_control_errors_total: 'counter',
    kube_entry_descriptors_exhausted_total: 'counter',
    kube_entry_access_log_dropped_total: 'counter',
    kube_entry_build_info: 'gauge',
    process_cpu_seconds_total: 'counter',
    process_resident_memory_bytes: 'gauge',
    nodejs_eventloop_lag_seconds: 'gauge',
  };
  for (const [name, type] of Object.entries(expected)) {
    assert.equal(families.get(name)?.type, type, name);
    assert.ok((families.get(name)?.help.length ?? 0) > 10, name);
  }
  const own = [...families.keys()].filter(name => /^(nginx|kube_entry)_/.test(name));
  assert.deepEqual(
    own.filter(name => expected[name] === undefined),
    [],
  );
});

test('the counters of all workers are shown, as they are at each scrape', async () => {
  const { board, metrics } = setUp();
  const workers = [board.addRegion(), board.addRegion()];
  const shown = {
    nginx_connections_accepted: 'accepted',
    nginx_connections_handled: 'handled',
    nginx_connections_active: 'active',
    nginx_connections_reading: 'reading',
    nginx_connections_writing: 'writing',
    nginx_connections_waiting: 'waiting',
    nginx_http_requests_total: 'requests',
    kube_entry_request_bytes_total: 'requestBytes',
    kube_entry_response_bytes_total: 'responseBytes',
    kube_entry_access_log_dropped_total: 'accessLogDropped',
    kube_entry_http2_streams_total: 'http2Streams',
    kube_entry_http2_streams_refused_total: 'http2StreamsRefused',
    kube_entry_http2_protocol_errors_total: 'http2ProtocolErrors',
  } as const;
  for (const round of [1, 2]) {
    for (const [index, name] of Object.values(shown).entries()) {
      workers[0]?.add(name, index + 1);
      workers[1]?.add(name, 100);
    }
    const families = await scrape(metrics);
    for (const [index, name] of Object.keys(shown).entries()) {
      assert.equal(single(families, name), round * (index + 101), name);
    }
  }
});

test('connects, retries and connections to upstreams have a series for each kind, from the start', async () => {
  const { board, metrics } = setUp();
  const before = await scrape(metrics);
  assert.deepEqual(by(before, 'kube_entry_upstream_connects_total', 'result'), { ok: 0, failed: 0, timeout: 0 });
  const worker = board.addRegion();
  worker.add('connectsOk', 1);
  worker.add('connectsFailed', 2);
  worker.add('connectsTimedOut', 3);
  worker.add('retriesConnect', 4);
  worker.add('retriesStale', 5);
  worker.add('retriesStatus', 8);
  worker.add('retriesTimeout', 9);
  worker.add('upstreamIdle', 6);
  worker.add('upstreamBusy', 7);
  const families = await scrape(metrics);
  assert.deepEqual(by(families, 'kube_entry_upstream_connects_total', 'result'), { ok: 1, failed: 2, timeout: 3 });
  assert.deepEqual(by(families, 'kube_entry_upstream_retries_total', 'reason'), {
    connect: 4,
    stale: 5,
    status: 8,
    timeout: 9,
  });
  assert.deepEqual(by(families, 'kube_entry_upstream_connections', 'state'), { idle: 6, busy: 7 });
});

test('requests are counted by Service and status code', async () => {
  const { board, metrics } = setUp();
  const [one, two] = [board.addRegion(), board.addRegion()];
  const volume = board.blockOf({ namespace: 'storage', name: 'volume' });
  one.countRequest(volume, 200, 0.1, 0.1);
  two.countRequest(volume, 200, 0.1, 0.1);
  two.countRequest(volume, 599, 0.1, 0.1);
  two.countRequest(NO_ROUTE_BLOCK, 404, 0, Number.NaN);
  board.blockOf({ namespace: 'storage', name: 'idle' });
  const families = await scrape(metrics);
  const requests = samples(families, 'kube_entry_requests_total').map(({ labels, value }) => ({ ...labels, value }));
  assert.deepEqual(requests, [
    { namespace: '', service: '', code: '404', value: 1 },
    { namespace: 'storage', service: 'volume', code: '200', value: 2 },
    { namespace: 'storage', service: 'volume', code: 'other', value: 1 },
  ]);
});

test('the histograms are cumulative, end in +Inf and agree with their sum and count', async () => {
  const { board, metrics } = setUp();
  const [one, two] = [board.addRegion(), board.addRegion()];
  const block = board.blockOf({ namespace: 'ns', name: 'svc' });
  one.countRequest(block, 200, 0.001, 0.0005);
  one.countRequest(block, 200, 0.3, 0.2);
  two.countRequest(block, 200, 30, 29);
  two.countRequest(block, 503, 0.002, Number.NaN);
  two.countRequest(NO_ROUTE_BLOCK, 404, 0.5, Number.NaN);
  const families = await scrape(metrics);

  for (const [name, observations] of [
    ['kube_entry_request_duration_seconds', [0.001, 0.3, 30, 0.002]],
    ['kube_entry_upstream_response_seconds', [0.0005, 0.2, 29]],
  ] as const) {
    const own = samples(families, name).filter(({ labels }) => labels.service === 'svc');
    const buckets = own.filter(sample => sample.name === `${name}_bucket`);
    assert.deepEqual(
      buckets.map(({ labels }) => labels.le),
      [...BUCKETS.map(String), '+Inf'],
    );
    for (const { labels, value } of buckets) {
      const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
      assert.equal(value, observations.filter(seconds => seconds <= bound).length, `${name} ${labels.le}`);
      assert.equal(labels.namespace, 'ns');
    }
    assert.equal(own.find(sample => sample.name === `${name}_count`)?.value, observations.length);
    const sum = own.find(sample => sample.name === `${name}_sum`)?.value ?? Number.NaN;
    assert.ok(Math.abs(sum - observations.reduce<number>((a, b) => a + b, 0)) < 1e-9);
    assert.equal(own.length, BUCKETS.length + 3);
  }
  const upstreams = samples(families, 'kube_entry_upstream_response_seconds');
  assert.ok(
    upstreams.every(({ labels }) => labels.service === 'svc'),
    'no upstream, no series',
  );
});

test('label values are escaped whatever a Service may be called', async () => {
  const { board, metrics } = setUp();
  const region = board.addRegion();
  const hostile = { namespace: 'a"b\\c\nd', name: '"} 1\nnginx_up 7\\' };
  region.countRequest(board.blockOf(hostile), 200, 0.1, 0.1);
  const families = await scrape(metrics);
  for (const name of [
    'kube_entry_requests_total',
    'kube_entry_request_duration_seconds',
    'kube_entry_upstream_response_seconds',
  ]) {
    for (const { labels } of samples(families, name)) {
      assert.deepEqual([labels.namespace, labels.service], [hostile.namespace, hostile.name]);
    }
  }
  assert.equal(single(families, 'nginx_up'), 1);
});

test('many Services come whole, each series once', async () => {
  const { board, metrics } = setUp();
  const region = board.addRegion();
  for (let index = 0; index < 350; index += 1) {
    region.countRequest(board.blockOf({ namespace: 'ns', name: `s${index}` }), 200, 0.1, 0.1);
  }
  const families = await scrape(metrics);
  assert.equal(samples(families, 'kube_entry_requests_total').length, 350);
  const services = new Set(
    samples(families, 'kube_entry_request_duration_seconds').map(({ labels }) => labels.service),
  );
  assert.equal(services.size, 350);
});

test('the state of the program is shown', async () => {
  const { metrics } = setUp();
  const families = await scrape(metrics);
  assert.equal(single(families, 'nginx_up'), 1);
  assert.equal(single(families, 'kube_entry_ready'), 1);
  assert.equal(single(families, 'kube_entry_draining'), 0);
  assert.equal(single(families, 'kube_entry_workers'), 4);
  assert.equal(single(families, 'kube_entry_worker_connections'), 1024);
  assert.equal(single(families, 'kube_entry_routes'), 3);
  assert.deepEqual(by(families, 'kube_entry_route_refusals', 'reason'), { HEADLESS: 2, BAD_PATH: 1 });
  assert.equal(single(families, 'kube_entry_route_conflicts'), 2);
  assert.equal(single(families, 'kube_entry_config_version'), 17);
  assert.equal(single(families, 'kube_entry_config_last_change_timestamp_seconds'), 1_700_000_000.25);
  assert.equal(single(families, 'kube_entry_worker_restarts_total'), 1);
  assert.deepEqual(by(families, 'kube_entry_worker_lag_seconds', 'worker'), { 1: 0, 2: 7.5 });
  assert.equal(single(families, 'kube_entry_control_errors_total'), 2);
  assert.equal(single(families, 'kube_entry_descriptors_exhausted_total'), 3);
  assert.equal(single(families, 'kube_entry_kube_watch_events_total'), 40);
  assert.equal(single(families, 'kube_entry_kube_watch_restarts_total'), 5);
  assert.equal(single(families, 'kube_entry_kube_watch_last_event_timestamp_seconds'), 1_700_000_001.5);
  assert.equal(single(families, 'kube_entry_kube_watch_synced'), 1);
  assert.deepEqual(by(families, 'kube_entry_service_events_total', 'result'), { posted: 7, left_out: 2 });
  const writes = { written: 12, conflict: 1, failed: 0 };
  assert.deepEqual(by(families, 'kube_entry_gateway_status_writes_total', 'result'), writes);
  assert.deepEqual(samples(families, 'kube_entry_build_info'), [
    { name: 'kube_entry_build_info', labels: { version: '1.2.3', node: process.version, engine: 'node' }, value: 1 },
  ]);
});

test('a refusal that is mended and a watch that is lost show at the next scrape; the state is asked for once', async () => {
  let asked = 0;
  let state = STATE;
  const metrics = new Metrics({
    board: new CounterBoard(),
    endpoints: ENDPOINTS,
    version: '1',
    engine: 'node',
    state: () => {
      asked += 1;
      return state;
    },
  });
  await scrape(metrics);
  state = {
    ...STATE,
    refusalReasons: ['BAD_PATH'],
    kubeWatch: {
      events: 41,
      restarts: 6,
      lastEventMs: undefined,
      synced: false,
      serviceEvents: { posted: 8, leftOut: 2 },
    },
  };
  const families = await scrape(metrics);
  assert.deepEqual(by(families, 'kube_entry_route_refusals', 'reason'), { BAD_PATH: 1 });
  assert.equal(single(families, 'kube_entry_kube_watch_events_total'), 41);
  assert.equal(single(families, 'kube_entry_kube_watch_synced'), 0);
  assert.equal(asked, 2);
});

test('what is not known has no sample rather than a wrong one', async () => {
  const { metrics } = setUp({ configLastChangeMs: undefined, kubeWatch: undefined, refusalReasons: [] });
  const families = await scrape(metrics);
  for (const name of [
    'kube_entry_config_last_change_timestamp_seconds',
    'kube_entry_kube_watch_events_total',
    'kube_entry_kube_watch_restarts_total',
    'kube_entry_kube_watch_last_event_timestamp_seconds',
    'kube_entry_kube_watch_synced',
    'kube_entry_service_events_total',
    'kube_entry_gateway_status_writes_total',
    'kube_entry_route_refusals',
  ]) {
    assert.deepEqual(samples(families, name), [], name);
  }
});

test('an instance that drains is not ready', async () => {
  const { metrics } = setUp({ ready: false, draining: true });
  const families = await scrape(metrics);
  assert.equal(single(families, 'kube_entry_ready'), 0);
  assert.equal(single(families, 'kube_entry_draining'), 1);
});

test('how long tables take to reach every worker is a histogram', async () => {
  const { metrics } = setUp();
  metrics.observePropagation(0.004);
  metrics.observePropagation(0.02);
  const families = await scrape(metrics);
  const name = 'kube_entry_config_propagation_seconds';
  const values = by(families, name, 'le');
  assert.equal(values['0.0025'], 0);
  assert.equal(values['0.005'], 1);
  assert.equal(values['0.01'], 1);
  assert.equal(values['+Inf'], 2);
  const count = samples(families, name).find(sample => sample.name === `${name}_count`);
  assert.equal(count?.value, 2);
});

test('scrapes at the same time are each whole', async () => {
  const { board, metrics } = setUp();
  const region = board.addRegion();
  for (let index = 0; index < 250; index += 1) {
    region.countRequest(board.blockOf({ namespace: 'ns', name: `s${index}` }), 200, 0.1, 0.1);
  }
  const scrapes = await Promise.all([scrape(metrics), scrape(metrics), scrape(metrics)]);
  for (const families of scrapes) assert.equal(samples(families, 'kube_entry_requests_total').length, 250);
});

test('ejections are shown by reason', async () => {
  const families = await scrape(setUp().metrics);
  const ejections = families.get('kube_entry_endpoint_ejections_total')?.samples;
  assert.deepEqual(
    ejections?.map(({ labels, value }) => [labels, value]),
    [
      [{ reason: 'failures_in_a_row' }, 4],
      [{ reason: 'failed_trial' }, 0],
    ],
  );
});

test('Gateways, listeners, routes and ports are counted by state, where any Gateway is served', async () => {
  const states = (counts: Readonly<Record<string, number>>) => new Map(Object.entries(counts));
  const options = { board: new CounterBoard(), state: () => STATE, version: '1.2.3', engine: 'wire' };
  const metrics = new Metrics({
    ...options,
    gateways: () => ({
      gateways: states({ programmed: 2, refused: 0 }),
      listeners: states({ programmed: 3 }),
      routes: states({ attached: 5, refused: 1 }),
      ports: states({ listening: 2, failed: 1 }),
    }),
  });
  const families = parsePrometheusText((await metrics.scrape()).body.toString());
  const counts = (name: string) =>
    families.get(name)?.samples.map(({ labels: { state }, value }) => `${state} ${value}`);
  assert.deepEqual(counts('kube_entry_gateways'), ['programmed 2', 'refused 0']);
  assert.deepEqual(counts('kube_entry_gateway_listeners'), ['programmed 3']);
  assert.deepEqual(counts('kube_entry_gateway_routes'), ['attached 5', 'refused 1']);
  assert.deepEqual(counts('kube_entry_gateway_ports'), ['listening 2', 'failed 1']);
  const without = parsePrometheusText((await new Metrics(options).scrape()).body.toString());
  assert.deepEqual(without.get('kube_entry_gateways')?.samples ?? [], []);
});

test('certificates are counted, and those that expire first have a series each', async () => {
  const metrics = new Metrics({
    board: new CounterBoard(),
    state: () => STATE,
    certificates: () => ({
      count: 3,
      problems: new Map([['CertificateExpired', 2]]),
      soonest: [{ source: 'shop/web', notAfter: 1_700_000_000_000 }],
    }),
    version: '1.2.3',
    engine: 'node',
  });
  const families = await scrape(metrics);
  const samples = (name: string) => families.get(name)?.samples.map(({ labels, value }) => ({ ...labels, value }));
  assert.deepEqual(samples('kube_entry_certificates'), [{ value: 3 }]);
  assert.deepEqual(samples('kube_entry_certificate_problems'), [{ reason: 'CertificateExpired', value: 2 }]);
  assert.deepEqual(samples('kube_entry_certificate_expiry_timestamp_seconds'), [
    { certificate: 'shop/web', value: 1_700_000_000 },
  ]);
});

test('handshakes of TLS are counted by version, and by why they came to nothing', async () => {
  const { board, metrics } = setUp();
  const worker = board.addRegion();
  worker.add('tlsHandshaking', 2);
  worker.add('tlsHandshakes12', 3);
  worker.add('tlsHandshakes13', 5);
  worker.add('tlsResumed', 4);
  worker.add('tlsUnknownNames', 7);
  const families = await scrape(metrics);
  const samples = (name: string) => families.get(name)?.samples ?? [];
  const value = (name: string, labels: object = {}) =>
    samples(name).find(sample => JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
  assert.equal(value('kube_entry_tls_handshakes_in_progress'), 2);
  assert.equal(value('kube_entry_tls_handshakes_total', { version: 'TLSv1.2' }), 3);
  assert.equal(value('kube_entry_tls_handshakes_total', { version: 'TLSv1.3' }), 5);
  assert.equal(value('kube_entry_tls_resumptions_total'), 4);
  assert.equal(value('kube_entry_tls_handshake_failures_total', { reason: 'unknown-name' }), 7);
  assert.equal(samples('kube_entry_tls_handshake_failures_total').length, 14);
});
