import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { preferredCoding } from '../../../src/formats/http/accept-encoding.ts';

const OFFERED = ['zstd', 'br', 'gzip'] as const;

/** What is chosen of zstd, br and gzip, in this order. */
const CHOICES: readonly (readonly [accepted: string, coding: string | undefined])[] = [
  ['', undefined],
  ['gzip', 'gzip'],
  ['GZip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'zstd'],
  ['gzip, deflate', 'gzip'],
  ['deflate, compress', undefined],
  ['*', 'zstd'],
  ['zstd;q=0, *', 'br'],
  ['*;q=0', undefined],
  ['*;q=0, gzip', 'gzip'],
  ['zstd;q=0.5, br;q=0.8, gzip;q=0.8', 'br'],
  ['gzip;q=1.000, br;q=0.999', 'gzip'],
  ['gzip;q=0', undefined],
  ['gzip;q=0.000', undefined],
  ['gzip;q=0.001', 'gzip'],
  ['gzip ; Q=0.5 ,\tbr ; q = 0.7', 'br'],
  ['identity', undefined],
  ['identity, gzip', 'gzip'],
  ['identity;q=1, gzip;q=0.5', undefined],
  ['identity;q=0.5, gzip;q=0.5', 'gzip'],
  ['identity;q=0', undefined],
  ['identity;q=0, gzip;q=0.1', 'gzip'],
  // A weight that is none makes the coding unacceptable: plain content is always right.
  ['gzip;q=2', undefined],
  ['gzip;q=-1', undefined],
  ['gzip;q=1e-3', undefined],
  ['gzip;q=0.1234', undefined],
  ['gzip;q=', undefined],
  ['gzip;q=0, gzip;q=1', undefined],
  [', ,gzip,,', 'gzip'],
  ['gzipped, xgzip', undefined],
];

describe('preferredCoding', () => {
  for (const [accepted, coding] of CHOICES)
    it(`of "${accepted}" is ${coding ?? 'none'}`, () => assert.equal(preferredCoding(accepted, OFFERED), coding));

  it('follows the order of what is offered where the client likes several alike', () => {
    assert.equal(preferredCoding('zstd, br, gzip', ['gzip', 'br']), 'gzip');
  });

  it('reads a long list in one pass', () => {
    assert.equal(preferredCoding(`${'a;q=0.1,'.repeat(8_000)}gzip`, OFFERED), 'gzip');
  });
});
