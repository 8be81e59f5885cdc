import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfigMap } from '../../src/resources/config-map.ts';
import { fieldName, isShapeProblem } from '../../src/resources/service-object.ts';
import fc from '../support/property.ts';

function configMap(data: unknown, metadata: unknown = { name: 'nginx' }): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

test('its texts are read, whatever their keys are called', () => {
  const data: unknown = JSON.parse('{"__proto__":"a","proxy-body-size":"8m"}');
  const read = readConfigMap({ ...configMap(data), binaryData: { x: 'AAAA' } }, 'here');
  assert.deepEqual(read, {
    metadata: { name: 'nginx', namespace: 'here', resourceVersion: undefined, uid: undefined },
    data: new Map([
      ['__proto__', 'a'],
      ['proxy-body-size', '8m'],
    ]),
  });
});

test('a ConfigMap may be empty', () => {
  for (const data of [undefined, null, {}]) {
    const read = readConfigMap(configMap(data), 'default');
    assert.ok(!isShapeProblem(read));
    assert.equal(read.data.size, 0);
  }
});

test('a wrong shape is reported with its place', () => {
  const rows: [value: unknown, place: string][] = [
    [null, ''],
    [{}, 'metadata'],
    [configMap({}, {}), 'metadata.name'],
    [configMap({}, { name: 'A' }), 'metadata.name'],
    [configMap({}, { name: 'a', namespace: 'a.b' }), 'metadata.namespace'],
    [configMap([]), 'data'],
    [configMap({ 'use-gzip': true }), 'data.use-gzip'],
    [configMap({ x: 'x'.repeat(1024 * 1024), y: 'y' }), 'data'],
  ];
  for (const [value, place] of rows) {
    const read = readConfigMap(value, 'default');
    assert.ok(isShapeProblem(read));
    assert.equal(fieldName(read.path), place);
  }
});

test('any value is read, or has a problem', () => {
  fc.assert(
    fc.property(fc.jsonValue(), data => {
      const read = readConfigMap(configMap(data), 'default');
      assert.ok(isShapeProblem(read) || [...read.data.values()].every(text => typeof text === 'string'));
    }),
  );
});
