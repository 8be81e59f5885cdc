import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endpoint, endpointSlice } from '../../support/endpoint-slices.ts';
import type { KubeApi } from '../../support/kube-api.ts';
import { until } from './harness.ts';
import { SliceHarness } from './slice-harness.ts';

/** A slice of a Service with one endpoint. */
function slice(service: string, address: string, name = `${service}-1`, namespace = 'default') {
  return endpointSlice(service, { name, namespace, endpoints: [endpoint(address)] });
}

function selectors(api: KubeApi): (string | undefined)[] {
  return api.received('list').map(({ query }) => query.labelSelector);
}

describe('a source of EndpointSlices', () => {
  it('asks for nothing while no Service asks for its endpoints, and no more once none does', async () => {
    await using harness = await SliceHarness.start();
    const { api } = harness;
    assert.equal(api.requests.length, 0);
    assert.equal(harness.source.report().synced, true);
    api.apply(slice('shop', '10.0.0.1'));
    harness.want('shop');
    await harness.untilWatching();
    api.apply(slice('shop', '10.0.0.2'));
    await harness.untilServed('shop', '10.0.0.2');
    harness.want('shop', false);
    await until(() => api.openWatches.length === 0);
    assert.equal(harness.source.report().synced, true);
    assert.equal(harness.source.statistics().eventsTotal, 1, 'what has happened is not forgotten');
    harness.want('shop');
    await harness.untilWatching();
    assert.equal(harness.lists.length, 2);
  });

  it('lists once, watches from there, and hands over the slices of the Services that ask', async () => {
    await using harness = await SliceHarness.start();
    const { api, store } = harness;
    api.apply(slice('shop', '10.0.0.1'));
    api.apply(slice('shop', '10.0.0.2', 'shop-2'));
    api.apply(slice('silent', '10.0.0.3'));
    api.apply(slice('shop', '10.0.0.4', 'shop-1', 'elsewhere'));
    harness.want('shop');
    harness.want('bare');
    await harness.untilServed('shop', '10.0.0.1 10.0.0.2');
    await harness.untilServed('bare', '');
    assert.deepEqual([...store.addresses.keys()].sort(), ['default/bare', 'default/shop']);
    assert.deepEqual(selectors(api), ['kubernetes.io/service-name']);
    assert.ok(api.received('list').every(({ namespace }) => namespace === undefined));
    await harness.untilWatching();
    api.apply(slice('shop', '10.0.0.9', 'shop-2'));
    api.apply(slice('silent', '10.0.0.10'));
    await harness.untilServed('shop', '10.0.0.1 10.0.0.9');
    api.remove('default', 'shop-1', 'endpointslices');
    await harness.untilServed('shop', '10.0.0.9');
    assert.equal(api.received('watch').length, 1);
    assert.equal(api.received('watch')[0]?.query.labelSelector, 'kubernetes.io/service-name');
  });

  it('tells the store once of all that one chunk of the watch brought', async () => {
    await using harness = await SliceHarness.start();
    const { api, store } = harness;
    harness.want('shop');
    await harness.untilWatching();
    const before = store.calls;
    const events = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address, index) => {
      const { metadata, ...rest } = slice('shop', address);
      const object = { ...rest, metadata: { ...metadata, resourceVersion: `${1_000 + index}` } };
      return `${JSON.stringify({ type: 'MODIFIED', object })}\n`;
    });
    api.write(events.join(''));
    await harness.untilServed('shop', '10.0.0.3');
    assert.equal(store.calls, before + 1);
  });

  it('reads the slices of a Service that begins to ask, and of no other', async () => {
    await using harness = await SliceHarness.start();
    const { api } = harness;
    api.apply(slice('shop', '10.0.0.1'));
    api.apply(slice('late', '10.0.0.2'));
    harness.want('shop');
    await harness.untilWatching();
    harness.want('late');
    await harness.untilServed('late', '10.0.0.2');
    api.apply(slice('late', '10.0.0.3', 'late-2'));
    await harness.untilServed('late', '10.0.0.2 10.0.0.3');
    assert.deepEqual(selectors(api), ['kubernetes.io/service-name', 'kubernetes.io/service-name=late']);
    assert.deepEqual(api.received('list').at(-1)?.namespace, 'default');
    assert.equal(api.received('watch').length, 1);
  });

  it('lists all anew when many Services begin to ask at once', async () => {
    await using harness = await SliceHarness.start();
    const { api } = harness;
    const names = Array.from({ length: 100 }, (_, index) => `shop-${index}`);
    for (const [index, name] of names.entries()) api.apply(slice(name, `10.0.1.${index}`));
    harness.want('shop-0');
    await harness.untilServed('shop-0', '10.0.1.0');
    await harness.untilWatching();
    for (const name of names) harness.want(name);
    for (const [index, name] of names.entries()) await harness.untilServed(name, `10.0.1.${index}`);
    assert.equal(harness.lists.length, 2);
    assert.deepEqual(new Set(selectors(api)), new Set(['kubernetes.io/service-name']));
  });

  it('reads the slices in small pages, and tells the store once of each Service', async () => {
    await using harness = await SliceHarness.start();
    const { api, store } = harness;
    const names = Array.from({ length: 450 }, (_, index) => `shop-${index}`);
    for (const name of names) api.apply(slice(name, '10.0.0.1'));
    for (const name of names.slice(0, 300)) harness.want(name);
    await harness.untilWatching();
    const pages = api.received('list');
    assert.deepEqual(
      pages.map(({ query }) => query.limit),
      Array.from({ length: 5 }, () => '100'),
    );
    assert.equal(store.calls, 300);
  });

  it('takes a Service that begins to ask while all are being listed', async () => {
    await using harness = await SliceHarness.start();
    const { api } = harness;
    for (let index = 0; index < 150; index += 1) api.apply(slice('shop', `10.0.1.${index}`, `shop-${index}`));
    api.apply(slice('late', '10.0.0.2'));
    api.onRequest = ({ query }) => {
      if (query.continue !== undefined) harness.want('late');
    };
    harness.want('shop');
    await harness.untilServed('late', '10.0.0.2');
    await until(() => harness.store.addresses.get('default/shop')?.split(' ').length === 150);
  });

  it('keeps what the watch says of a Service while its slices are listed', async () => {
    await using harness = await SliceHarness.start();
    const { api } = harness;
    api.apply(slice('shop', '10.0.0.1'));
    api.apply(slice('late', '10.0.0.2'));
    api.apply(slice('late', '10.0.0.3', 'late-2'));
    harness.want('shop');
    await harness.untilWatching();
    // The answer shows the moment before the changes, and comes after them.
    api.onList = async () => {
      api.apply(slice('late', '10.0.0.9'));
      api.remove('default', 'late-2', 'endpointslices');
      api.apply(slice('shop', '10.0.0.8'));
      await harness.untilServed('shop', '10.0.0.8');
    };
    harness.want('late');
    await harness.untilServed('late', '10.0.0.9');
  });

  it('lets the watch, while it is behind the list of one Service, undo nothing', async () => {
    await using harness = await SliceHarness.start();
    const { api } = harness;
    api.apply(slice('shop', '10.0.0.1'));
    harness.want('shop');
    await harness.untilWatching();
    const old = slice('late', '10.0.0.2');
    const version = api.apply(old);
    api.apply(slice('late', '10.0.0.3'));
    harness.want('late');
    await harness.untilServed('late', '10.0.0.3');
    const object = { ...old, metadata: { ...old.metadata, name: 'late-older', resourceVersion: version } };
    api.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
    api.apply(slice('shop', '10.0.0.9'));
    await harness.untilServed('shop', '10.0.0.9');
    assert.equal(harness.store.addresses.get('default/late'), '10.0.0.3');
  });

  it('moves a slice whose label names another Service', async () => {
    await using harness = await SliceHarness.start();
    const { api } = harness;
    api.apply(slice('shop', '10.0.0.1', 'moving'));
    harness.want('shop');
    harness.want('other');
    await harness.untilServed('shop', '10.0.0.1');
    await harness.untilWatching();
    api.apply(slice('other', '10.0.0.1', 'moving'));
    await harness.untilServed('shop', '');
    await harness.untilServed('other', '10.0.0.1');
    const { metadata, ...rest } = slice('other', '10.0.0.1', 'moving');
    api.apply({ ...rest, metadata: { ...metadata, labels: {} } });
    await harness.untilServed('other', '');
  });

  it('watches each namespace that the settings name, once a Service there asks', async () => {
    await using harness = await SliceHarness.start({ namespace: ['shop', 'volume'] });
    const { api } = harness;
    api.apply(slice('web', '10.0.0.1', 'web-1', 'shop'));
    harness.want('web', true, 'shop');
    await harness.untilServed('web', '10.0.0.1', 'shop');
    await harness.untilWatching();
    assert.deepEqual(
      api.openWatches.map(({ namespace }) => namespace),
      ['shop'],
    );
    harness.want('web', true, 'volume');
    await harness.untilServed('web', '', 'volume');
  });

  it('leaves out a slice no API server should have taken, and says so', async () => {
    await using harness = await SliceHarness.start();
    harness.api.apply(slice('shop', '10.0.0.1'));
    harness.api.apply(slice('shop', '169.254.169.254', 'evil'));
    harness.want('shop');
    await harness.untilServed('shop', '10.0.0.1');
    const said = harness.story.filter(line => line.startsWith('EndpointSlice default/evil is left out: endpoints[0]'));
    assert.equal(said.length, 1);
  });

  it('keeps the last endpoints in force while the API is away, and puts right what it missed', async () => {
    await using harness = await SliceHarness.start();
    const { api, store } = harness;
    api.apply(slice('shop', '10.0.0.1'));
    harness.want('shop');
    await harness.untilServed('shop', '10.0.0.1');
    await harness.untilWatching();
    api.down();
    await until(() => !harness.source.report().synced);
    assert.match(harness.source.report().problems.join(), /cannot reach|broke off/);
    api.apply(slice('shop', '10.0.0.2'));
    assert.equal(store.addresses.get('default/shop'), '10.0.0.1');
    await api.up();
    await harness.passPause();
    await harness.untilServed('shop', '10.0.0.2');
  });
});

describe('a source that has no right to read EndpointSlices', () => {
  for (const status of [403, 404] as const) {
    it(`says for each Service that asks why, on ${status}, and serves as soon as it has the right`, async () => {
      await using harness = await SliceHarness.start();
      const { api, store } = harness;
      api.refuse('endpointslices', status);
      api.apply(slice('shop', '10.0.0.1'));
      harness.want('shop');
      await until(() => store.refusals.has('default/shop'));
      harness.want('late');
      await until(() => store.refusals.has('default/late'));
      const why =
        status === 403
          ? /deploy\/overlays\/endpoints\/cluster-role\.yaml grants it/
          : /Kubernetes serves EndpointSlices from/;
      assert.match(store.refusals.get('default/shop') ?? '', why);
      assert.equal(harness.source.report().synced, true, 'all else serves on');
      assert.match(harness.source.report().problems.join(), /list endpointslices/);
      await harness.passPause();
      const warnings = harness.log.filter(({ level }) => level > 30).map(({ msg }) => msg);
      assert.equal(warnings.length, 1, 'it is said once');
      assert.match(warnings[0] ?? '', /Services that ask for their endpoints are served by their ClusterIPs; trying/);
      await harness.passPause(() => api.grant('endpointslices'));
      await harness.untilServed('shop', '10.0.0.1');
      await harness.untilServed('late', '');
      assert.equal(store.refusals.size, 0);
      await until(() => harness.source.report().problems.length === 0);
    });
  }

  it('goes back to ClusterIPs when the right is taken away for longer than an API server needs to start', async () => {
    await using harness = await SliceHarness.start();
    const { api, store, clock } = harness;
    api.apply(slice('shop', '10.0.0.1'));
    harness.want('shop');
    await harness.untilServed('shop', '10.0.0.1');
    await harness.untilWatching();
    api.refuse('endpointslices', 403);
    api.resetWatches();
    await harness.passPause();
    await until(() => harness.source.report().problems.some(problem => problem.includes('may not')));
    assert.equal(store.addresses.get('default/shop'), '10.0.0.1', 'it may be the server that has only just started');
    clock.advance(10_000);
    await until(() => store.refusals.has('default/shop'));
    assert.equal(harness.story.filter(line => line.startsWith('EndpointSlices may not be read any more')).length, 1);
    api.apply(slice('shop', '10.0.0.2'));
    await harness.passPause(() => api.grant('endpointslices'));
    await harness.untilServed('shop', '10.0.0.2');
  });
});

describe('the first table', () => {
  it('waits until the slices that are asked for are known, and no later one does', async () => {
    await using harness = await SliceHarness.start();
    const { api, source } = harness;
    api.apply(slice('shop', '10.0.0.1'));
    harness.want('shop');
    assert.equal(source.isAwaited, true);
    await harness.untilServed('shop', '10.0.0.1');
    assert.equal(source.isAwaited, false);
    api.fail('list', 'hang', Number.POSITIVE_INFINITY);
    harness.want('late');
    assert.equal(source.isAwaited, false);
  });

  it('waits for nothing when no Service asks', async () => {
    await using harness = await SliceHarness.start();
    assert.equal(harness.source.isAwaited, false);
  });

  for (const [what, prepare] of [
    ['when they may not be read', (api: KubeApi) => api.refuse('endpointslices', 403)],
    ['when the API is away', (api: KubeApi) => api.down()],
  ] as const) {
    it(`waits no longer ${what}`, async () => {
      await using harness = await SliceHarness.start();
      prepare(harness.api);
      harness.want('shop');
      await until(() => harness.changes > 0 && !harness.source.isAwaited);
      if (what === 'when the API is away') await harness.api.up();
    });
  }

  it('waits five seconds at most', async () => {
    await using harness = await SliceHarness.start();
    harness.api.fail('list', 'hang');
    harness.want('shop');
    await until(() => harness.api.received('list').length === 1);
    harness.clock.advance(4_999);
    assert.equal(harness.source.isAwaited, true);
    harness.clock.advance(1);
    assert.equal(harness.source.isAwaited, false);
    assert.equal(harness.changes, 1);
  });
});
