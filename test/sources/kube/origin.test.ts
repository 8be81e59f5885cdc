import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Origin, originDifference, originOf, readOrigin } from '../../../src/sources/kube/origin.ts';
import { selfSigned } from '../../support/self-signed.ts';

const ANYWHERE = { namespace: [], selector: '' };
const SERVER = 'https://10.96.0.1:443';

function origin(fields: Partial<Origin> = {}): Origin {
  return { server: SERVER, authorities: ['aa'], namespaces: [], selector: '', ...fields };
}

describe('where Services were read from', () => {
  it('is the same after it was written and read, in whatever order namespaces are named', () => {
    const { cert } = selfSigned();
    const found = originOf({ server: SERVER, authorities: cert }, { namespace: ['b', 'a', 'b'], selector: 'x=y' });
    assert.equal(found.authorities.length, 1);
    assert.deepEqual(found.namespaces, ['a', 'b']);
    const read = readOrigin(JSON.parse(JSON.stringify(found)));
    assert.ok(read !== undefined);
    assert.equal(originDifference(read, found), undefined);
  });

  it('is the same cluster while its authority is replaced by way of a bundle, and another without one in common', () => {
    const [old, next] = [selfSigned().cert, selfSigned().cert];
    const at = (authorities: string) => originOf({ server: SERVER, authorities }, ANYWHERE);
    assert.equal(originDifference(at(old), at(`# old and new\n${old}\n${next}`)), undefined);
    assert.equal(originDifference(at(`${old}\n${next}`), at(next)), undefined);
    assert.match(originDifference(at(old), at(next)) ?? '', /another certificate authority/);
    assert.match(originDifference(at(old), at('')) ?? '', /another certificate authority/);
    assert.match(originDifference(at(''), at(next)) ?? '', /another certificate authority/);
    assert.equal(originDifference(at(''), at('')), undefined);
  });

  it('differs by server, namespaces and selector, and says how', () => {
    assert.equal(originDifference(origin(), origin()), undefined);
    for (const [fields, words] of [
      [{ server: 'https://other' }, /the API server https:\/\/other, not https:\/\/10\.96\.0\.1:443/],
      [{ namespaces: ['a'] }, /the namespaces a, not all namespaces/],
      [{ selector: 'tier=edge' }, /the selector "tier=edge", not ""/],
    ] as const) {
      assert.match(originDifference(origin(fields), origin()) ?? '', words);
    }
    assert.match(originDifference(origin({ namespaces: ['a', 'b'] }), origin({ namespaces: ['a'] })) ?? '', /a, b/);
  });

  it('is not read from what is none', () => {
    const good = origin();
    for (const value of [null, [], 'x', {}, { ...good, server: 1 }, { ...good, selector: undefined }]) {
      assert.equal(readOrigin(value), undefined);
    }
    assert.equal(readOrigin({ ...good, authorities: [1] }), undefined);
    assert.equal(readOrigin({ ...good, namespaces: 'a' }), undefined);
  });
});
