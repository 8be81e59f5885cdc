import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointLabel, hostLabel, plural } from '../../src/text/labels.ts';

test('small labels', () => {
  assert.equal(plural(1, 'route'), '1 route');
  assert.equal(plural(0, 'route'), '0 routes');
  assert.equal(hostLabel(''), '*');
  assert.equal(hostLabel('*.example.com'), '*.example.com');
  assert.equal(endpointLabel({ address: '10.0.0.1', port: 80 }), '10.0.0.1:80');
  assert.equal(endpointLabel({ address: 'fd00::1', port: 80 }), '[fd00::1]:80');
});
