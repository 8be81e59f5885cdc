import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { codeOf } from '../../../src/errors.ts';
import { listServicesOnce, listSlicesOnce } from '../../../src/sources/kube/list-once.ts';
import { endpoint, endpointSlice } from '../../support/endpoint-slices.ts';
import { type Fault, KubeApi } from '../../support/kube-api.ts';
import { service } from '../../support/services.ts';
import { recordingLogger } from './harness.ts';
import { RecordingSliceStore } from './slice-harness.ts';

function settingsOf(api: KubeApi) {
  return { kubeconfig: api.writeKubeconfig(), context: '', namespace: [] as string[], selector: '' };
}

describe('reading the Services once', () => {
  it('gives all of them, over pages and namespaces', async () => {
    await using api = await KubeApi.start();
    for (let index = 0; index < 600; index += 1) api.apply(service(`s${index}`, { namespace: `n${index % 3}` }));
    const settings = settingsOf(api);
    assert.equal((await listServicesOnce(settings)).length, 600);
    const some = await listServicesOnce({ ...settings, namespace: ['n0', 'n2'] });
    assert.deepEqual(new Set(some.map(({ metadata }) => metadata.namespace)), new Set(['n0', 'n2']));
    assert.equal(some.length, 400);
  });

  it('keeps to the selector', async () => {
    await using api = await KubeApi.start();
    api.apply(service('a', { labels: { tier: 'web' } }));
    api.apply(service('b'));
    const found = await listServicesOnce({ ...settingsOf(api), selector: 'tier' });
    assert.deepEqual(
      found.map(({ metadata }) => metadata.name),
      ['a'],
    );
  });

  it('leaves out a namespace that may not be read, and fails when none may', async () => {
    await using api = await KubeApi.start();
    api.apply(service('a', { namespace: 'n0' }));
    api.apply(service('b', { namespace: 'n1' }));
    api.forbid('n1');
    const { logger, lines } = recordingLogger();
    const found = await listServicesOnce({ ...settingsOf(api), namespace: ['n0', 'n1'] }, { logger });
    assert.deepEqual(
      found.map(({ metadata }) => metadata.name),
      ['a'],
    );
    assert.match(lines.map(({ msg }) => msg).join(), /^left out: .* may not list services in namespace "n1"/);
    api.forbid('n0', 'n1');
    const none = listServicesOnce({ ...settingsOf(api), namespace: ['n0', 'n1'] });
    await assert.rejects(none, error => codeOf(error) === 'KUBE_FORBIDDEN');
  });

  const failures: [string, Fault, string][] = [
    ['an unreachable server', 'reset', 'KUBE_UNREACHABLE'],
    ['missing rights', { status: 403 }, 'KUBE_FORBIDDEN'],
    ['what is no API server', 'garbage', 'KUBE_BAD_ANSWER'],
  ];
  for (const [what, fault, code] of failures) {
    it(`fails at once on ${what}, with ${code}`, async () => {
      await using api = await KubeApi.start();
      api.fail('list', fault, Number.POSITIVE_INFINITY);
      await assert.rejects(listServicesOnce(settingsOf(api)), error => codeOf(error) === code);
    });
  }

  it('fails on refused credentials, with KUBE_UNAUTHORISED', async () => {
    await using api = await KubeApi.start();
    const settings = settingsOf(api);
    api.token = 'other';
    await assert.rejects(listServicesOnce(settings), error => codeOf(error) === 'KUBE_UNAUTHORISED');
  });

  it('fails without a configuration, with NO_KUBE_CONFIG', async () => {
    const nowhere = join(import.meta.dirname, 'nowhere');
    const settings = { kubeconfig: '', context: '', namespace: [], selector: '' };
    await assert.rejects(
      listServicesOnce(settings, { environment: {}, home: nowhere, accountFolder: nowhere }),
      error => codeOf(error) === 'NO_KUBE_CONFIG',
    );
  });
});

describe('reading EndpointSlices once', () => {
  it('asks for nothing when no Service asks', async () => {
    await using api = await KubeApi.start();
    await listSlicesOnce(settingsOf(api), new RecordingSliceStore());
    assert.equal(api.requests.length, 0);
  });

  it('gives those of the Services that ask, and says where they may not be read', async () => {
    await using api = await KubeApi.start();
    for (const namespace of ['n0', 'n1']) {
      api.apply(endpointSlice('shop', { namespace, endpoints: [endpoint('10.0.0.1')] }));
      api.apply(endpointSlice('silent', { namespace, endpoints: [endpoint('10.0.0.2')] }));
    }
    api.forbid('n1');
    const store = new RecordingSliceStore();
    for (const namespace of ['n0', 'n1']) store.demand.set({ namespace, name: 'shop' }, true);
    store.demand.set({ namespace: 'n0', name: 'bare' }, true);
    await listSlicesOnce({ ...settingsOf(api), namespace: ['n0', 'n1'] }, store);
    assert.deepEqual(
      [...store.addresses],
      [
        ['n0/shop', '10.0.0.1'],
        ['n0/bare', ''],
      ],
    );
    assert.match(store.refusals.get('n1/shop') ?? '', /may not list endpointslices in namespace "n1"/);
  });
});
