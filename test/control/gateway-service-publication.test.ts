/** The Services of Gateways are written one by one: what goes wrong with one is told there, and keeps no other from being made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownGatewayServices } from '../../src/control/catalog/gateway-services.ts';
import { GatewayServicePublication } from '../../src/control/status/gateway-service-publication.ts';
import type { KubeClient, KubeRequest } from '../../src/sources/kube/client.ts';
import { errorOfStatus } from '../../src/sources/kube/errors.ts';
import type { WholeObject } from '../../src/sources/kube/gateway-service-source.ts';
import type { WatchedCollection } from '../../src/sources/kube/watched-collection.ts';
import { gateway, readAll } from '../gateway/listeners/scene.ts';
import { recordingLogger } from '../sources/kube/harness.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

type Collection = WatchedCollection<WholeObject>;

function named(name: string, namespace: string) {
  return gateway({}, { name, namespace, uid: `uid-${name}`, createdAt: '2020-01-01T00:00:00Z' });
}

/** A writer whose watches show nothing, and an API server that answers as it is told. */
function scene(answer: (request: KubeRequest) => unknown) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const services = new KnownGatewayServices({
    ...{ type: 'LoadBalancer', host: '0.0.0.0', range: { first: 20_000, last: 20_999 } },
  });
  const nothing = { objects: () => [] as WholeObject[] } as unknown as Collection;
  const client: Pick<KubeClient, 'json'> = {
    json: async request => {
      const { operation, name } = request;
      asked.push(`${operation.verb} ${operation.namespace}/${name}`);
      return answer(request);
    },
  };
  const { logger } = recordingLogger();
  const gateways = ['broken', 'good'].map(namespace => named('web', namespace));
  const writer = new GatewayServicePublication({
    ...{ services, client, logger, clock, random: () => 0, onChange: () => undefined },
    election: { isLeader: true, onChange: () => undefined },
    source: { isKnown: true, services: nothing, slices: nothing, ownSlices: nothing },
    readings: () => readAll({ gateways, gatewayServices: services }),
    gateways: () => new Set(),
  });
  return { writer, services, asked, clock };
}

const BROKEN = { namespace: 'broken', name: 'web-ours' };

function refusal({ operation }: KubeRequest, status: number): Error {
  return errorOfStatus(status, { kind: 'Status', message: 'exceeded quota' }, operation);
}

for (const status of [403, 422, 500]) {
  test(`a namespace whose API server says ${status} keeps no other from getting its Service`, async () => {
    const { writer, services, asked, clock } = scene(request => {
      if (request.operation.verb === 'get') throw refusal(request, 404);
      if (request.operation.namespace === 'broken') throw refusal(request, status);
      return {};
    });
    writer.look();
    await eventually('both were tried', () => asked.includes('apply good/web-ours'));
    await eventually('the problem is told', () => services.problemOf(BROKEN));
    assert.match(services.problemOf(BROKEN)?.message ?? '', /Service broken\/web-ours: .*exceeded quota/);
    assert.equal(services.problemOf({ namespace: 'good', name: 'web-ours' }), undefined);
    // What is invalid stays so; the rest may pass.
    const before = asked.filter(one => one === 'apply broken/web-ours').length;
    clock.advance(31_000);
    await eventually(
      'the good one is tried again',
      () => asked.filter(one => one === 'apply good/web-ours').length > 1 || status === 422,
    );
    if (status !== 422) {
      await eventually(
        'and so is the other',
        () => asked.filter(one => one === 'apply broken/web-ours').length > before,
      );
    }
    await writer.stop();
  });
}

test('another Service of the name is not written, and is looked at again', async () => {
  const { writer, services, asked, clock } = scene(({ operation }) => {
    if (operation.verb === 'get' && operation.namespace === 'broken')
      return { metadata: { name: 'web-ours', uid: 'theirs' } };
    if (operation.verb === 'get') throw errorOfStatus(404, {}, operation);
    return {};
  });
  writer.look();
  await eventually('the other one is made', () => asked.includes('apply good/web-ours'));
  assert.match(services.problemOf(BROKEN)?.message ?? '', /was not made for this Gateway/);
  clock.advance(31_000);
  await eventually('it is looked at again', () => asked.filter(one => one === 'get broken/web-ours').length > 1);
  assert.ok(!asked.includes('apply broken/web-ours'));
  await writer.stop();
});

test('one object is written once a second at most', async () => {
  const { writer, asked, clock } = scene(({ operation }) => {
    if (operation.verb === 'get') throw errorOfStatus(404, {}, operation);
    return {};
  });
  const writes = (): number => asked.filter(one => one === 'apply good/web-ours').length;
  writer.look();
  await eventually('it is made', () => writes() === 1);
  // The watch still does not show it.
  for (let count = 0; count < 20; count += 1) {
    writer.look();
    await new Promise(resolve => setImmediate(resolve));
  }
  assert.equal(writes(), 1);
  clock.advance(1_000);
  await eventually('and once more', () => writes() === 2);
  await writer.stop();
});
