import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readManifestText } from '../../src/sources/manifest-file.ts';
import { mergeManifests } from '../../src/sources/manifest-files.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingGatewayStore } from '../support/gateway-store.ts';
import { yamlOf } from '../support/services.ts';
import { follow, temporaryDirectory } from './manifests-fixture.ts';

const GROUP = 'gateway.networking.k8s.io';

function route(name: string, namespace = 'shop', host = `${name}.example`) {
  const metadata = { name, namespace };
  return { apiVersion: `${GROUP}/v1`, kind: 'HTTPRoute', metadata, spec: { hostnames: [host] } };
}

function gateway(name: string) {
  const spec = { gatewayClassName: 'entry', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] };
  return { apiVersion: `${GROUP}/v1`, kind: 'Gateway', metadata: { name, namespace: 'shop' }, spec };
}

test('objects of the Gateway API are read, alone and in Lists, in both versions that can be read', () => {
  const { apiVersion: _, kind: __, ...item } = route('b');
  const text = yamlOf([
    { apiVersion: 'v1', kind: 'List', items: [gateway('gate'), { ...route('a'), apiVersion: `${GROUP}/v1beta1` }] },
    { apiVersion: `${GROUP}/v1`, kind: 'HTTPRouteList', items: [item] },
    { apiVersion: `${GROUP}/v1beta1`, kind: 'ReferenceGrant', metadata: { name: 'g' }, spec: { from: [], to: [] } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } },
    { apiVersion: `${GROUP}/v1alpha2`, kind: 'TLSRoute', metadata: { name: 'old' } },
  ]);
  const { gatewayObjects, problems, warnings } = readManifestText(text, 'dump.yaml', 'default');
  assert.deepEqual(
    gatewayObjects.map(({ kind, object: { metadata } }) => `${kind} ${metadata.namespace}/${metadata.name}`),
    ['Gateway shop/gate', 'HTTPRoute shop/a', 'HTTPRoute shop/b', 'ReferenceGrant default/g', 'Namespace /shop'],
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    warnings.map(({ reason }) => reason),
    [`${GROUP}/v1alpha2 is not read: write apiVersion: ${GROUP}/v1`],
  );
});

test('an object of the wrong shape is a problem with its line, and of two of one name the first counts', () => {
  const text = `apiVersion: ${GROUP}/v1
kind: HTTPRoute
metadata:
  name: a
  annotations:
    kube-entry.io/rate-limit: 1/s
spec:
  hostnames:
    - a.example
---
apiVersion: ${GROUP}/v1
kind: HTTPRoute
metadata: {name: b}
spec:
  rules:
    - backendRefs:
        - port: 80
`;
  const contents = readManifestText(text, 'a.yaml', 'default');
  assert.deepEqual(
    contents.problems.map(({ line, reason }) => `${line}: ${reason}`),
    ['17: spec.rules[0].backendRefs[0].name is missing'],
  );
  assert.equal(contents.gatewayObjects[0]?.lineOf('kube-entry.io/rate-limit'), 6);
  const twice = mergeManifests([contents, readManifestText(text, 'b.yaml', 'default')]);
  assert.equal(twice.gatewayObjects.length, 1);
  assert.match(twice.problems.map(({ reason }) => reason).join(), /HTTPRoute default\/a is already in a\.yaml:1/);
});

test('a running instance follows them, and tells what has changed alone', async context => {
  const directory = temporaryDirectory(context);
  const file = join(directory, 'a.yaml');
  writeFileSync(file, yamlOf([gateway('gate'), route('a')]));
  writeFileSync(join(directory, 'b.yaml'), yamlOf([route('b', 'other')]));
  const gateways = new RecordingGatewayStore();
  const { source } = follow(context, directory, { gateways });
  await source.start();
  assert.deepEqual(gateways.names('HTTPRoute'), ['other/b', 'shop/a']);
  assert.deepEqual(gateways.names('Namespace'), ['/other', '/shop']);
  assert.deepEqual(gateways.get('Namespace', '/shop')?.metadata.labels, { 'kubernetes.io/metadata.name': 'shop' });
  const before = gateways.calls.length;
  writeFileSync(file, yamlOf([gateway('gate'), route('c', 'new')]));
  await eventually('the change', () => gateways.names('HTTPRoute').join() === 'new/c,other/b');
  assert.deepEqual(gateways.calls.slice(before), [
    'upsert Namespace new',
    'upsert Gateway gate',
    'remove HTTPRoute a',
    'upsert HTTPRoute c',
  ]);
});

test('where no Gateway is to be served it is said that they are not', async context => {
  const directory = temporaryDirectory(context);
  writeFileSync(join(directory, 'a.yaml'), yamlOf([gateway('gate')]));
  const { source, notes } = follow(context, directory);
  await source.start();
  assert.match(notes.join('\n'), /objects of the Gateway API are not served; --gateway-controller/);
});

test('a Namespace declared in a manifest keeps its labels', async context => {
  const directory = temporaryDirectory(context);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } };
  writeFileSync(join(directory, 'a.yaml'), yamlOf([route('a'), namespace]));
  const gateways = new RecordingGatewayStore();
  await follow(context, directory, { gateways }).source.start();
  const labels = { 'kubernetes.io/metadata.name': 'shop', team: 'a' };
  assert.deepEqual(gateways.get('Namespace', '/shop')?.metadata.labels, labels);
});
