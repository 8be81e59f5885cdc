import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyedHash } from '../../src/limits/keyed-hash.ts';

/** The bytes 0, 1, 2 … as two words. */
const KEY = [0x03020100, 0x07060504] as const;

/** The first of the reference implementation's vectors of HalfSipHash-2-4: of 0, 1, 2 … bytes that count up from zero. */
const VECTORS = [
  '218d1f59b9b83cc8',
  'be552412f8387315',
  '064f39ef7c50eb57',
  'ce0f1a45f7060679',
  'd5e78a175be52ea1',
  'cb9d7c3f2f3db580',
  'ce3e91358aa2bc25',
];

function hashed(hash: KeyedHash, text: string): string {
  hash.hash(text);
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(hash.low, 0);
  bytes.writeInt32LE(hash.high, 4);
  return bytes.toString('hex');
}

describe('the keyed hash', () => {
  it('is HalfSipHash-2-4', () => {
    const hash = new KeyedHash(...KEY);
    const texts = VECTORS.map((_, length) => String.fromCharCode(...Array.from({ length }, (_, index) => index)));
    assert.deepEqual(
      texts.map(text => hashed(hash, text)),
      VECTORS,
    );
  });

  it('of a derived key has nothing in common with that of another name', () => {
    const hash = new KeyedHash(...KEY);
    const one = hash.derived('one');
    const other = hash.derived('other');
    assert.notEqual(hashed(one, 'text'), hashed(other, 'text'));
    assert.equal(hashed(one, 'text'), hashed(hash.derived('one'), 'text'));
  });
});
