import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeOf } from '../../../src/errors.ts';
import { LineSplitter } from '../../../src/sources/kube/lines.ts';
import fc from '../../support/property.ts';

describe('the lines of a watch', () => {
  it('are the same wherever the chunks end, within a character too', () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter(text => !text.includes('\n') && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 9 }), { minLength: 1 }), (lines, sizes) => {
        const bytes = Buffer.from(lines.map(text => `${text}\n`).join(''));
        const splitter = new LineSplitter();
        const found: string[] = [];
        for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
          const end = start + 1 + (sizes[turn % sizes.length] ?? 0);
          found.push(...splitter.push(bytes.subarray(start, end)));
          start = end;
        }
        assert.deepEqual(found, lines);
      }),
    );
  });

  it('are given only when they are complete', () => {
    const splitter = new LineSplitter();
    assert.deepEqual(splitter.push(Buffer.from('{"a":1}\n{"b"')), ['{"a":1}']);
    assert.deepEqual(splitter.push(Buffer.from(':2}')), []);
    assert.deepEqual(splitter.push(Buffer.from('\n\n')), ['{"b":2}']);
  });

  it('have a greatest length, over all chunks', () => {
    const splitter = new LineSplitter(10);
    assert.deepEqual(splitter.push(Buffer.from('0123456789\n01234')), ['0123456789']);
    assert.throws(
      () => splitter.push(Buffer.from('567890')),
      error => codeOf(error) === 'KUBE_OVERSIZED_LINE',
    );
  });
});
