import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IngressObject, readIngress } from '../../../src/resources/ingress-object.ts';
import { isShapeProblem } from '../../../src/resources/service-object.ts';
import { configMapSource } from '../../../src/sources/kube/config-map-source.ts';
import { IngressSource } from '../../../src/sources/kube/ingress-source.ts';
import { configMap, ingress, ingressClass, RecordingIngressStore } from '../../support/ingresses.ts';
import { KubeApi } from '../../support/kube-api.ts';
import { until } from './harness.ts';
import { SourceFixture } from './source-fixture.ts';

interface Options {
  readonly namespace?: readonly string[];
  readonly restored?: readonly IngressObject[];
}

class Fixture extends SourceFixture {
  readonly store = new RecordingIngressStore();
  readonly source: IngressSource;
  readonly configMaps: ReturnType<typeof configMapSource>;
  protected readonly sources;

  constructor(api: KubeApi, { namespace = [], restored = [] }: Options) {
    super(api);
    const { common, store } = this;
    this.source = new IngressSource({ ...common, settings: { namespace }, store, restored: () => restored });
    this.configMaps = configMapSource(store.configMaps, common);
    this.sources = [this.source, this.configMaps];
  }

  static async create(options: Options = {}): Promise<Fixture> {
    return new Fixture(await KubeApi.start(), options);
  }

  start(): void {
    this.source.start();
    this.configMaps.start();
  }
}

function read(name: string, namespace: string): IngressObject {
  const object = readIngress(ingress(name, { namespace }), namespace);
  assert.ok(!isShapeProblem(object));
  return object;
}

describe('Ingresses of the Kubernetes API', () => {
  it('are told once all of them and their classes are known, and followed from there', async () => {
    await using fixture = await Fixture.create();
    const { api, store } = fixture;
    api.apply(ingress('a'));
    api.apply(ingress('b', { namespace: 'shop' }));
    api.apply(ingressClass('nginx'));
    fixture.start();
    await until(() => store.ingresses.size === 2);
    assert.deepEqual(store.calls, ['replace classes', 'replace']);
    assert.equal(store.known.get('nginx')?.spec.controller, 'k8s.io/ingress-nginx');
    await until(() => api.openWatches.length === 2);
    api.apply(ingress('b', { namespace: 'shop', host: 'new.example' }));
    api.apply(ingressClass('other', 'example.com/other'));
    api.remove('default', 'a', 'ingresses');
    api.remove('', 'nginx', 'ingressclasses');
    await until(() => !store.ingresses.has('default/a') && !store.known.has('nginx'));
    assert.equal(store.ingresses.get('shop/b')?.spec.rules[0]?.host, 'new.example');
    assert.ok(fixture.source.report().synced);
    assert.ok(fixture.changes > 0);
  });

  it('are read in the namespaces of the settings alone', async () => {
    await using fixture = await Fixture.create({ namespace: ['shop', 'trade'] });
    const { api, store } = fixture;
    for (const namespace of ['shop', 'trade', 'other']) api.apply(ingress(namespace, { namespace }));
    fixture.start();
    await until(() => store.ingresses.size === 2);
    assert.deepEqual([...store.ingresses.keys()].sort(), ['shop/shop', 'trade/trade']);
    assert.ok(api.requests.every(({ resource, namespace }) => resource !== 'ingresses' || namespace !== undefined));
  });

  it('count by their annotation alone where no IngressClass may be read: said once, and it passes', async () => {
    await using fixture = await Fixture.create();
    const { api, store } = fixture;
    api.apply(ingress('a'));
    api.refuse('ingressclasses', 403);
    fixture.start();
    await fixture.passUntil(() => store.ingresses.size === 1);
    assert.deepEqual(store.calls, ['classes unreadable', 'replace']);
    assert.match(store.refusals.get('classes') ?? '', /may not list ingressclasses/);
    assert.equal(fixture.warnings.length, 1);
    assert.match(
      fixture.warnings[0] ?? '',
      /only the annotation kubernetes\.io\/ingress\.class says whose an Ingress is/,
    );
    assert.match(fixture.source.report().problems.join(), /ingressclasses/);
    await fixture.passUntil(() => fixture.source.report().synced);
    api.grant('ingressclasses');
    api.apply(ingressClass('nginx'));
    await fixture.passUntil(() => store.known.has('nginx'));
    await fixture.passUntil(() => fixture.source.report().problems.length === 0);
  });

  for (const status of [403, 404] as const) {
    it(`hold nothing else up where they answer ${status}: said once, and it passes`, async () => {
      await using fixture = await Fixture.create();
      const { api, store } = fixture;
      api.refuse('ingresses', status);
      fixture.start();
      await fixture.passUntil(() => store.refusals.has('ingresses'));
      assert.ok(fixture.changes > 0, 'the first table need not wait any longer');
      await fixture.passUntil(() => fixture.clock.monotonic() > 120_000);
      assert.equal(fixture.warnings.length, 1);
      api.apply(ingress('a'));
      api.grant('ingresses');
      await fixture.passUntil(() => store.ingresses.size === 1);
      assert.equal(store.refusals.size, 0);
    });
  }

  it('of a namespace that may not be read stay as the state file has them, and the others are served', async () => {
    await using fixture = await Fixture.create({
      namespace: ['shop', 'trade'],
      restored: [read('old', 'shop'), read('gone', 'trade')],
    });
    const { api, store } = fixture;
    api.apply(ingress('new', { namespace: 'trade' }));
    api.forbid('shop');
    fixture.start();
    await fixture.passUntil(() => store.ingresses.size === 2);
    assert.deepEqual([...store.ingresses.keys()].sort(), ['shop/old', 'trade/new']);
  });

  it('of a wrong shape are left out, and said', async () => {
    await using fixture = await Fixture.create();
    const { api, store } = fixture;
    const bad = ingress('bad');
    api.apply({ ...bad, spec: { rules: 'none' } } as typeof bad);
    api.apply(ingress('good'));
    fixture.start();
    await until(() => store.ingresses.size === 1);
    assert.match(fixture.warnings.join(), /ingresses default\/bad is left out: spec\.rules must be a list/);
    await until(() => api.openWatches.length === 2);
    const good = ingress('good');
    api.apply({ ...good, spec: { rules: 7 } } as typeof good);
    await until(() => store.ingresses.size === 0);
  });
});

describe('ConfigMaps of the Kubernetes API', () => {
  it('are read by their names, and only those that are asked for', async () => {
    await using fixture = await Fixture.create();
    const { api, store } = fixture;
    api.apply(configMap('settings', { 'use-gzip': 'true' }, 'ingress-nginx'));
    api.apply(configMap('other', {}, 'ingress-nginx'));
    store.wantConfigMap({ namespace: 'ingress-nginx', name: 'settings' });
    store.wantConfigMap({ namespace: 'ingress-nginx', name: 'absent' });
    fixture.start();
    await until(() => store.maps.size === 2);
    assert.equal(store.textOf('ingress-nginx/settings', 'use-gzip'), 'true');
    assert.equal(store.maps.get('ingress-nginx/absent'), undefined);
    const fields = api.requests
      .filter(({ resource }) => resource === 'configmaps')
      .map(({ query }) => query.fieldSelector);
    assert.ok(fields.every(field => field?.startsWith('metadata.name=')));
    await until(() => api.openWatches.filter(({ resource }) => resource === 'configmaps').length === 2);
    api.apply(configMap('settings', { 'use-gzip': 'false' }, 'ingress-nginx'));
    await until(() => store.textOf('ingress-nginx/settings', 'use-gzip') === 'false');
    api.remove('ingress-nginx', 'settings', 'configmaps');
    await until(() => store.maps.get('ingress-nginx/settings') === undefined);
  });

  it('that may not be read are said to be so', async () => {
    await using fixture = await Fixture.create();
    const { api, store } = fixture;
    api.refuse('configmaps', 403);
    store.wantConfigMap({ namespace: 'ingress-nginx', name: 'settings' });
    fixture.start();
    await until(() => store.refusals.has('ingress-nginx/settings'));
    assert.match(
      store.refusals.get('ingress-nginx/settings') ?? '',
      /may not list configmaps.*deploy\/overlays\/ingress/,
    );
  });
});
