import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { Metrics } from '../../src/observe/registry.ts';
import { parsePrometheusText } from '../support/prometheus-text.ts';
import { by, ENDPOINTS, STATE, samples, scrape, setUp, single } from './registry-fixture.ts';

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
    kube_entry_tls_floods_total: 'counter',
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
