import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../src/observe/logger.ts';
import { readManifests } from '../../src/sources/manifest-files.ts';
import { ManifestSource } from '../../src/sources/manifests.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { service, yamlOf } from '../support/services.ts';
import { RecordingSecretStore } from './kube/secret-harness.ts';
import { RecordingSliceStore } from './kube/slice-harness.ts';
import { temporaryDirectory } from './manifests-fixture.ts';

function slice(of: string, address: string, name = `${of}-1`): object {
  return endpointSlice(of, { name, endpoints: [endpoint(address)] });
}

/** Follows a directory whose Services all ask for their endpoints, as soon as they are upserted. */
async function follow(context: TestContext, directory: string): Promise<RecordingSliceStore> {
  const slices = new RecordingSliceStore();
  const source = new ManifestSource({
    path: directory,
    store: {
      replace: services => {
        for (const { metadata } of services) slices.demand.set(metadata, true);
      },
      upsert: ({ metadata }) => slices.demand.set(metadata, true),
      remove: ref => slices.demand.set(ref, false),
    },
    slices,
    secrets: { tls: new RecordingSecretStore(), named: new RecordingSecretStore() },
    logger: silentLogger(),
    onChange: () => undefined,
  });
  context.after(() => source.stop());
  await source.start();
  return slices;
}

test('the slices of a Service are followed, in whichever files they are', async context => {
  const directory = temporaryDirectory(context);
  const [services, first, second] = ['services.yaml', 'one.yaml', 'two.yaml'].map(name => join(directory, name));
  assert.ok(services && first && second);
  writeFileSync(services, yamlOf([service('shop'), service('bare')]));
  writeFileSync(first, yamlOf([slice('shop', '10.0.0.1')]));
  const store = await follow(context, directory);
  assert.equal(store.addresses.get('default/shop'), '10.0.0.1');
  assert.match(store.refusals.get('default/bare') ?? '', /no EndpointSlice of the manifests belongs to it/);
  const holds = (addresses: string) =>
    eventually(`shop has ${addresses}`, () => store.addresses.get('default/shop') === addresses);
  writeFileSync(second, yamlOf([slice('shop', '10.0.0.2', 'shop-2')]));
  await holds('10.0.0.1 10.0.0.2');
  writeFileSync(first, yamlOf([slice('shop', '10.0.0.9')]));
  await holds('10.0.0.2 10.0.0.9');
  writeFileSync(second, yamlOf([slice('shop', 'example.com', 'shop-2')]));
  writeFileSync(first, yamlOf([slice('shop', '10.0.0.8')]));
  // A bad file: its last good version goes on serving.
  await holds('10.0.0.2 10.0.0.8');
  rmSync(second);
  await holds('10.0.0.8');
  rmSync(first);
  await eventually('shop has no slices', () => store.refusals.has('default/shop'));
});

test('a Service that comes later finds its slices', async context => {
  const directory = temporaryDirectory(context);
  writeFileSync(join(directory, 'slices.yaml'), yamlOf([slice('late', '10.0.0.1')]));
  const store = await follow(context, directory);
  assert.equal(store.calls, 0, 'no Service asks');
  writeFileSync(join(directory, 'services.yaml'), yamlOf([service('late')]));
  await eventually('its slices are known', () => store.addresses.get('default/late') === '10.0.0.1');
});

test('of two slices with one name the first in the order of files counts and the second is reported', context => {
  const directory = temporaryDirectory(context);
  const [first, second] = [join(directory, 'a.yaml'), join(directory, 'b.yaml')];
  writeFileSync(first, yamlOf([slice('shop', '10.0.0.1')]));
  writeFileSync(second, yamlOf([slice('shop', '10.0.0.2')]));
  const { slices, problems } = readManifests(directory);
  assert.deepEqual(
    slices.flatMap(({ slice: { endpoints } }) => endpoints.map(({ address }) => address)),
    ['10.0.0.1'],
  );
  assert.deepEqual(problems, [
    { file: second, line: 2, reason: `EndpointSlice default/shop-1 is already in ${first}:2: that one counts` },
  ]);
});
