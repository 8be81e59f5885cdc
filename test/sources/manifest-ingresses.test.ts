import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readManifestText } from '../../src/sources/manifest-file.ts';
import { mergeManifests } from '../../src/sources/manifest-files.ts';
import { eventually } from '../support/eventually.ts';
import { configMap, ingress, ingressClass, RecordingIngressStore } from '../support/ingresses.ts';
import { service, yamlOf } from '../support/services.ts';
import { follow, temporaryDirectory } from './manifests-fixture.ts';

test('Ingresses, IngressClasses and ConfigMaps are read, alone and in Lists, as kubectl prints them', () => {
  const dump = { apiVersion: 'v1', kind: 'List', items: [ingress('a'), service('a'), ingressClass('nginx')] };
  const { apiVersion: _, kind: __, ...item } = ingress('b', { namespace: 'shop' });
  const list = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressList', items: [item] };
  const { ingresses, ingressClasses, configMaps, services, problems, warnings } = readManifestText(
    yamlOf([dump, list, configMap('settings', { 'use-gzip': 'true' })]),
    'dump.yaml',
    'default',
  );
  assert.deepEqual(
    ingresses.map(({ ingress: { metadata } }) => `${metadata.namespace}/${metadata.name}`),
    ['default/a', 'shop/b'],
  );
  assert.deepEqual(
    ingressClasses.map(each => each.ingressClass.spec.controller),
    ['k8s.io/ingress-nginx'],
  );
  assert.deepEqual([...(configMaps[0]?.configMap.data ?? [])], [['use-gzip', 'true']]);
  assert.equal(services.length, 1);
  assert.deepEqual([problems, warnings], [[], []]);
});

test('an annotation and a key of a ConfigMap are found by their lines', () => {
  const text = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: a
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: "false"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  x: "1"
  y: "2"
`;
  const { ingresses, configMaps } = readManifestText(text, 'a.yaml', 'default');
  assert.equal(ingresses[0]?.lineOf('nginx.ingress.kubernetes.io/ssl-redirect'), 6);
  assert.equal(configMaps[0]?.lineOf('y'), 13);
  assert.equal(configMaps[0]?.line, 8);
});

test('an object of the wrong shape is a problem with its line, and an earlier version of the API a warning', () => {
  const text = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec:
  rules:
    - host: 7
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: old}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {use-gzip: true}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: A}
`;
  const { ingresses, problems, warnings } = readManifestText(text, 'a.yaml', 'default');
  assert.deepEqual(ingresses, []);
  assert.deepEqual(
    problems.map(({ line, reason }) => `${line}: ${reason}`),
    [
      '6: spec.rules[0].host must be a string',
      '15: data.use-gzip must be a string: put quotes around true',
      '19: metadata.name must be a DNS name: lower case letters, digits, - and ., at most 253',
    ],
  );
  assert.deepEqual(
    warnings.map(({ line, reason }) => `${line}: ${reason}`),
    ['8: extensions/v1beta1 is not read: write apiVersion: networking.k8s.io/v1'],
  );
});

test('of two objects with one name the first counts', () => {
  const one = readManifestText(yamlOf([ingress('a', { host: 'one.example' })]), 'one.yaml', 'default');
  const two = readManifestText(yamlOf([ingress('a', { host: 'two.example' })]), 'two.yaml', 'default');
  const { ingresses, problems } = mergeManifests([one, two]);
  assert.deepEqual(
    ingresses.map(each => each.ingress.spec.rules[0]?.host),
    ['one.example'],
  );
  assert.deepEqual(
    problems.map(({ reason }) => reason),
    ['Ingress default/a is already in one.yaml:2: that one counts'],
  );
});

test('Ingresses, classes and the ConfigMaps that are asked for are followed', async context => {
  const directory = temporaryDirectory(context);
  const file = join(directory, 'ingresses.yaml');
  const other = join(directory, 'other.yaml');
  writeFileSync(file, yamlOf([ingress('a'), ingress('b'), ingressClass('nginx')]));
  writeFileSync(other, yamlOf([configMap('settings', { x: '1' }), configMap('unwanted', { x: '1' })]));
  const store = new RecordingIngressStore();
  store.wantConfigMap({ namespace: 'default', name: 'settings' });
  const { source } = follow(context, directory, { ingresses: store });
  await source.start();
  assert.deepEqual(store.calls, ['replace classes', 'replace']);
  assert.deepEqual([...store.ingresses.keys()], ['default/a', 'default/b']);
  assert.deepEqual([...store.maps.keys()], ['default/settings']);
  assert.equal(store.textOf('default/settings', 'x'), '1');
  store.calls.length = 0;
  writeFileSync(file, yamlOf([ingress('b', { host: 'new.example' }), ingressClass('other')]));
  await eventually('the change is told', () => store.calls.length >= 4);
  assert.deepEqual(store.calls, ['remove class nginx', 'upsert class other', 'remove a', 'upsert b']);
  writeFileSync(other, yamlOf([configMap('settings', { x: '2' })]));
  await eventually('the ConfigMap is told', () => store.textOf('default/settings', 'x') === '2');
  rmSync(other);
  await eventually('it is gone', () => store.maps.get('default/settings') === undefined);
  store.wantConfigMap({ namespace: 'default', name: 'absent' });
  assert.ok(store.maps.has('default/absent'), 'it is told at once');
});

test('where no Ingress is to be served it is said what would serve them', async context => {
  const file = join(temporaryDirectory(context), 'a.yaml');
  writeFileSync(file, yamlOf([ingress('a')]));
  const { source, notes } = follow(context, file);
  await source.start();
  assert.match(notes.join('\n'), /its Ingresses are not served; --ingress-class NAME/);
});
