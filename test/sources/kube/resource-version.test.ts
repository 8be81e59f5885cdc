import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareVersions } from '../../../src/sources/kube/resource-version.ts';
import fc from '../../support/property.ts';

describe('resource versions', () => {
  it('are ordered as numbers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.bigInt({ min: 0n, max: 2n ** 80n }), (a, b) => {
        assert.equal(Math.sign(compareVersions(String(a), String(b))), a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it('that are no numbers are never called older', () => {
    assert.equal(compareVersions('abc', '2'), 0);
    assert.equal(compareVersions('2', ''), 0);
  });
});
