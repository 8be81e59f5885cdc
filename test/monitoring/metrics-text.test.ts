import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { Metrics } from '../../src/observe/registry.ts';
import { exposed, ServingProgram } from '../cli/serve-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { get } from '../support/exchange.ts';
import { needs } from '../support/installed.ts';
import { type Family, parsePrometheusText, type Sample } from '../support/prometheus-text.ts';
import { RawUpstream } from '../support/raw-upstream.ts';
import { route } from '../support/routes.ts';
import { deltaTo, startFleet } from '../workers/fleet-fixture.ts';
import { promtool } from './tools.ts';

/** Names that others gave: of nginx-prometheus-exporter, whose dashboards ask for them, and of prom-client. */
const GIVEN_NAMES = /^(?:nginx_connections_(?:accepted|handled)|process_|nodejs_)/;

describe('what promtool says of /metrics', () => {
  it('is nothing, but of names that others gave', needs('promtool'), async t => {
    const upstream = await RawUpstream.start(t);
    const program = await ServingProgram.start(t, { manifests: [exposed('shop', upstream)] });
    assert.equal((await program.get('/shop')).status, 200);
    const { body } = await get(program.status, '/metrics');
    const { text } = await promtool(['check', 'metrics'], `${body}`);
    const remarks = text.split('\n').filter(line => line !== '' && !GIVEN_NAMES.test(line));
    assert.deepEqual(remarks, []);
    const broken = await promtool(['check', 'metrics'], `${body}`.replace(/^# HELP kube_entry_routes .*\n/m, ''));
    assert.match(broken.text, /kube_entry_routes no help text/, 'it would say so');
  });
});

test('label values come from the route table and from fixed lists, whatever clients send', async t => {
  const upstream = await RawUpstream.start(t);
  const program = await ServingProgram.start(t, { manifests: [exposed('shop', upstream)] });
  const before = shape(await program.metrics());
  for (let count = 0; count < 20; count += 1) {
    const client = await program.connect();
    const lines = [`X-${count}: ${count}`, `Host: h${count}.example`, 'Connection: close', '', ''].join('\r\n');
    await client.send(`M${count}ETHOD /shop/p${count}?q=${count} HTTP/1.1\r\n${lines}`);
    await client.closed();
    await program.get(`/nowhere/${count}`);
  }
  const after = await eventually('all of them to be counted', async () => {
    const samples = await program.metrics();
    const count = samples
      .filter(({ name }) => name === 'kube_entry_requests_total')
      .reduce((sum, { value }) => sum + value, 0);
    return count >= 40 && samples;
  });
  const added = shape(after).filter(series => !before.includes(series));
  const allowed = /\{namespace="(?:default)?" service="(?:shop)?"(?: code="\d{3}"| le="[^"]+")?\}$/;
  for (const series of added) assert.match(series, allowed);
  // Two Services, that of what no route took among them: two histograms of 16 series, and a few codes.
  assert.ok(added.length <= 2 * (2 * 16 + 4), `${added.length} more series`);
});

test('no counter falls when a worker dies and is replaced', async t => {
  const upstream = await RawUpstream.start(t);
  const running = await startFleet(t, { settings: { workers: 2 } });
  const { board, fleet } = running;
  await fleet.publish(deltaTo(upstream, { version: 1, upserts: [route('/a')], removals: [] })).answering;
  const metrics = new Metrics({
    board,
    endpoints: { counts: () => [], ejections: {}, figures: () => [] },
    version: '1',
    engine: 'wire',
    state: () => ({
      ready: true,
      draining: false,
      workers: fleet.alive,
      workerConnections: 1,
      routes: fleet.table.size,
      configVersion: fleet.table.version,
      configLastChangeMs: undefined,
      configStaleSinceMs: undefined,
      refusalReasons: [],
      conflicts: 0,
      workerRestarts: fleet.restarts,
      workerLagsMs: fleet.report().map(({ silentMs }) => silentMs),
      controlErrors: 0,
      descriptorsExhausted: 0,
      kubeWatch: undefined,
    }),
  });
  const scrape = async (): Promise<Map<string, Family>> =>
    parsePrometheusText(Buffer.from((await metrics.scrape()).body).toString());
  for (let count = 0; count < 20; count += 1) await running.get('/a');
  const before = await eventually('the requests to be counted', async () => {
    const families = await scrape();
    return families.get('nginx_http_requests_total')?.samples[0]?.value === 20 && families;
  });
  await running.crash(0);
  const dead = await scrape();
  assert.equal(dead.get('kube_entry_workers')?.samples[0]?.value, 1);
  assertGrown(before, dead);
  await eventually('the replacement', () => fleet.alive === 2);
  for (let count = 0; count < 20; count += 1) await running.get('/a');
  const after = await scrape();
  assertGrown(dead, after);
  assert.equal(after.get('kube_entry_worker_restarts_total')?.samples[0]?.value, 1);
});

/** Each series of a counter or a histogram is still there, with no less. */
function assertGrown(before: Map<string, Family>, after: Map<string, Family>): void {
  for (const [name, { type, samples }] of before) {
    if (type !== 'counter' && type !== 'histogram') continue;
    const now = new Map(after.get(name)?.samples.map(sample => [identity(sample), sample.value]));
    for (const sample of samples) {
      const value = now.get(identity(sample));
      assert.ok(value !== undefined && value >= sample.value, `${identity(sample)}: ${sample.value}, then ${value}`);
    }
  }
}

function identity({ name, labels }: Sample): string {
  return `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(' ')}}`;
}

/** Which series there are. */
function shape(samples: readonly Sample[]): string[] {
  return samples.filter(({ name }) => !GIVEN_NAMES.test(name)).map(identity);
}
