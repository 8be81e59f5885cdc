/** What workers count, as a scrape shows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUCKETS, NO_ROUTE_BLOCK } from '../../src/observe/counters.ts';
import { by, samples, scrape, setUp, single } from './registry-fixture.ts';

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

test('scrapes at the same time are each whole', async () => {
  const { board, metrics } = setUp();
  const region = board.addRegion();
  for (let index = 0; index < 250; index += 1) {
    region.countRequest(board.blockOf({ namespace: 'ns', name: `s${index}` }), 200, 0.1, 0.1);
  }
  const scrapes = await Promise.all([scrape(metrics), scrape(metrics), scrape(metrics)]);
  for (const families of scrapes) assert.equal(samples(families, 'kube_entry_requests_total').length, 250);
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
