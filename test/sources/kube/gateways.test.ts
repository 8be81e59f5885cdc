import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
import { isShapeProblem } from '../../../src/resources/service-object.ts';
import { GatewaySource } from '../../../src/sources/kube/gateway-source.ts';
import { RecordingGatewayStore } from '../../support/gateway-store.ts';
import { gateway, gatewayClass, httpRoute, namespace } from '../../support/gateways.ts';
import { KubeApi } from '../../support/kube-api.ts';
import { until } from './harness.ts';
import { SourceFixture } from './source-fixture.ts';

const ALL = [
  ...['gatewayclasses', 'gateways', 'listenersets', 'referencegrants', 'backendtlspolicies'],
  ...['httproutes', 'grpcroutes', 'tlsroutes'],
];

interface Options {
  readonly namespaces?: readonly string[];
  readonly restored?: readonly GatewayKinds['HTTPRoute'][];
}

class Fixture extends SourceFixture {
  readonly store = new RecordingGatewayStore();
  readonly source: GatewaySource;
  protected readonly sources;

  constructor(api: KubeApi, { namespaces = [], restored = [] }: Options) {
    super(api);
    this.source = new GatewaySource({
      ...this.common,
      store: this.store,
      settings: { namespace: namespaces },
      restored: <K extends GatewayKind>(kind: K) =>
        (kind === 'HTTPRoute' ? restored : []) as readonly GatewayKinds[K][],
    });
    this.sources = [this.source];
  }

  static async create(options: Options = {}): Promise<Fixture> {
    return new Fixture(await KubeApi.start(), options);
  }

  get notes(): string {
    return this.log.map(({ msg }) => msg).join('\n');
  }
}

describe('the Gateway API of a Kubernetes API', () => {
  it('is read, each kind in the version that the server has, and followed', async () => {
    await using fixture = await Fixture.create();
    const { api, store, source } = fixture;
    api.install('v1', ...ALL.filter(resource => resource !== 'referencegrants'));
    api.install('v1beta1', 'gateways', 'httproutes', 'referencegrants');
    api.apply(gatewayClass());
    api.apply(gateway());
    api.apply(httpRoute('a'));
    api.apply(namespace('default', { team: 'a' }));
    source.start();
    await until(() => fixture.changes > 0);
    assert.deepEqual(store.names('GatewayClass'), ['/entry']);
    assert.deepEqual(store.names('HTTPRoute'), ['default/a']);
    assert.equal(store.get('Namespace', '/default')?.metadata.labels.team, 'a');
    assert.equal(source.versionOf('ReferenceGrant'), 'v1beta1');
    assert.equal(source.versionOf('HTTPRoute'), 'v1');
    assert.ok(store.calls.includes('bundle v1.6.3'), store.calls.join());
    await until(() => api.openWatches.length === ALL.length + 1);
    await until(() => source.report().synced);
    assert.deepEqual(fixture.warnings, []);
    api.apply(httpRoute('b'));
    api.remove('default', 'a', 'httproutes');
    await until(() => store.names('HTTPRoute').join() === 'default/b');
    assert.deepEqual(fixture.source.report().problems, []);
  });

  it('that is absent keeps nothing waiting, and is served as soon as it is installed', async () => {
    await using fixture = await Fixture.create();
    const { api, store, source } = fixture;
    source.start();
    await until(() => fixture.changes > 0);
    assert.equal(store.calls.filter(call => call.startsWith('absent ')).length, ALL.length);
    await until(() => source.report().synced);
    assert.match(fixture.notes, /has no Gateway API: Gateways are served as soon as its CRDs are installed/);
    api.install('v1', 'gatewayclasses', 'gateways');
    api.apply(gateway());
    await fixture.passUntil(() => store.names('Gateway').length === 1);
    assert.match(
      fixture.notes,
      /has the Gateway API, v1\.6\.3, without ListenerSet, ReferenceGrant, BackendTLSPolicy, HTTPRoute/,
    );
    api.install('v1', 'httproutes');
    api.apply(httpRoute('a'));
    await fixture.passUntil(() => store.names('HTTPRoute').length === 1);
    assert.deepEqual(fixture.warnings, []);
  });

  it('loses a kind whose CRD is deleted, and nothing else', async () => {
    await using fixture = await Fixture.create();
    const { api, store, source } = fixture;
    api.install('v1', 'gateways', 'httproutes');
    api.apply(gateway());
    api.apply(httpRoute('a'));
    source.start();
    await until(() => fixture.changes > 0 && api.openWatches.length === 3);
    api.uninstall('httproutes');
    await fixture.passUntil(() => store.calls.filter(call => call === 'absent HTTPRoute').length === 1);
    assert.deepEqual(store.names('HTTPRoute'), []);
    assert.deepEqual(store.names('Gateway'), ['default/gate']);
    await fixture.passUntil(() => source.report().synced);
    api.install('v1', 'httproutes');
    api.apply(httpRoute('b'));
    await fixture.passUntil(() => store.names('HTTPRoute').join() === 'default/b');
    assert.ok(fixture.warnings.length <= 1, fixture.warnings.join('\n'));
  });

  it('keeps what it was while it cannot be discovered: said once', async () => {
    await using fixture = await Fixture.create();
    const { api, store, source } = fixture;
    api.install('v1', 'gateways');
    api.apply(gateway());
    source.start();
    await until(() => fixture.changes > 0);
    api.refuse('apiresources', 403);
    await fixture.passUntil(() => source.report().problems.length > 0);
    for (let round = 0; round < 3; round += 1) {
      const asked = fixture.clock.now();
      await fixture.passUntil(() => fixture.clock.now() > asked + 10_000);
    }
    assert.equal(fixture.warnings.filter(text => text.includes('not known which kinds')).length, 1);
    assert.deepEqual(store.names('Gateway'), ['default/gate']);
    api.grant('apiresources');
    await fixture.passUntil(() => source.report().problems.length === 0);
  });

  it('does not keep Services waiting for longer than half a minute where it cannot be discovered at all', async () => {
    await using fixture = await Fixture.create();
    const { api, store, source } = fixture;
    api.refuse('apiresources', 403);
    source.start();
    await fixture.passUntil(() => fixture.changes > 0);
    assert.equal(store.calls.filter(call => call.startsWith('unreadable ')).length, ALL.length);
    api.install('v1', 'gateways');
    api.apply(gateway());
    api.grant('apiresources');
    await fixture.passUntil(() => store.names('Gateway').length === 1);
  });

  it('holds nothing up where one kind may not be read: said once, and it passes', async () => {
    await using fixture = await Fixture.create();
    const { api, store, source } = fixture;
    api.install('v1', 'gateways', 'httproutes');
    api.apply(gateway());
    api.apply(httpRoute('a'));
    api.refuse('httproutes', 403);
    source.start();
    await fixture.passUntil(() => fixture.changes > 0);
    assert.ok(store.calls.includes('unreadable HTTPRoute'));
    assert.deepEqual(store.names('Gateway'), ['default/gate']);
    assert.equal(fixture.warnings.length, 1);
    assert.match(
      fixture.warnings[0] ?? '',
      /may not list httproutes.*deploy\/overlays\/gateway\/cluster-role\.yaml grants it/,
    );
    api.grant('httproutes');
    await fixture.passUntil(() => store.names('HTTPRoute').length === 1);
    await fixture.passUntil(() => source.report().problems.length === 0);
  });

  it('is read in the namespaces of the settings alone, where one that is refused is served as it was restored', async () => {
    const saved = readGatewayObject('HTTPRoute', httpRoute('old', {}, { namespace: 'trade' }), '');
    assert.ok(!isShapeProblem(saved));
    await using fixture = await Fixture.create({ namespaces: ['shop', 'trade'], restored: [saved] });
    const { api, store, source } = fixture;
    api.install('v1', 'httproutes');
    for (const each of ['shop', 'trade', 'other']) api.apply(httpRoute('a', {}, { namespace: each }));
    api.forbid('trade');
    source.start();
    await fixture.passUntil(() => fixture.changes > 0);
    assert.deepEqual(store.names('HTTPRoute'), ['shop/a', 'trade/old']);
    api.forbid();
    await fixture.passUntil(() => store.names('HTTPRoute').join() === 'shop/a,trade/a');
  });

  it('says what it cannot use of it, and uses the rest', async () => {
    await using fixture = await Fixture.create();
    const { api, store, source } = fixture;
    api.install('v1', 'httproutes');
    api.apply(httpRoute('a'));
    api.apply(httpRoute('b', { hostnames: ['b.example:80'] }));
    source.start();
    await until(() => fixture.changes > 0);
    assert.deepEqual(store.names('HTTPRoute'), ['default/a']);
    assert.match(fixture.warnings.join(), /HTTPRoute default\/b is left out: spec\.hostnames\[0\] must be a host name/);
  });

  it('ends at any time', async () => {
    await using fixture = await Fixture.create();
    fixture.api.install('v1', ...ALL);
    fixture.source.start();
    await fixture.source.stop();
    await until(() => fixture.api.openWatches.length === 0);
    assert.equal(fixture.clock.pending, 0);
  });
});
