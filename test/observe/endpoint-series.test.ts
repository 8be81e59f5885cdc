import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointSeries, perEndpointSeries } from '../../src/observe/endpoint-series.ts';
import { parsePrometheusText, type Sample } from '../support/prometheus-text.ts';

const CART = { namespace: 'shop', name: 'cart' };

function samplesOf(pieces: readonly Buffer[], name: string): readonly Sample[] {
  return parsePrometheusText(Buffer.concat(pieces).toString()).get(name)?.samples ?? [];
}

test('endpoints are counted by Service and state, with zeros; one on trial is still ejected', async () => {
  const counts = new Map([
    ['ready', 2],
    ['ejected', 1],
    ['trial', 1],
  ]);
  const found = samplesOf(await endpointSeries([{ service: CART, counts }]), 'kube_entry_endpoints');
  assert.deepEqual(
    found.map(({ labels, value }) => [labels.namespace, labels.service, labels.state, value]),
    [
      ['shop', 'cart', 'ready', 2],
      ['shop', 'cart', 'draining', 0],
      ['shop', 'cart', 'ejected', 2],
      ['shop', 'cart', 'unhealthy', 0],
    ],
  );
});

test('single endpoints have their pod, and no time before the first answer', async () => {
  const figures = { service: CART, pod: 'cart-1', address: 'fd00::1', port: 80, inFlight: 3 };
  const pieces = await perEndpointSeries([
    { ...figures, firstByteMs: 12 },
    { ...figures, pod: 'a"b\n', firstByteMs: undefined },
  ]);
  const inFlight = samplesOf(pieces, 'kube_entry_endpoint_requests_in_flight');
  const labels = { namespace: 'shop', service: 'cart', pod: 'cart-1', address: 'fd00::1', port: '80' };
  assert.deepEqual(inFlight[0], { name: 'kube_entry_endpoint_requests_in_flight', labels, value: 3 });
  assert.equal(inFlight[1]?.labels.pod, 'a"b\n');
  const firstBytes = samplesOf(pieces, 'kube_entry_endpoint_first_byte_seconds');
  assert.deepEqual(
    firstBytes.map(({ value }) => value),
    [0.012],
  );
});

test('a hundred thousand endpoints leave other work its turns', async () => {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const counts = new Map([['ready', 10]]);
  const services = Array.from({ length: 10_000 }, (_, index) => ({
    service: { namespace: 'shop', name: `s${index}` },
    counts,
  }));
  const pieces = await endpointSeries(services);
  isOver = true;
  assert.equal(samplesOf(pieces, 'kube_entry_endpoints').length, 40_000);
  assert.ok(turns >= 100, `${turns} turns`);
});
