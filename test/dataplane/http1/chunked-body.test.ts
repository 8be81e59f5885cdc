import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChunkedBody } from '../../../src/dataplane/http1/chunked-body.ts';
import fc from '../../support/property.ts';
import { pieces, somePlaces } from './heads.ts';

const NO_OPTIONS: ReadonlySet<string> = new Set();

interface Decoded {
  readonly data: string;
  readonly trailers: string;
  /** Place after the body; -1 when its bytes break the rules, undefined while more is needed. */
  readonly end: number | undefined;
}

function decode(parts: readonly Buffer[], options = NO_OPTIONS): Decoded {
  const body = new ChunkedBody();
  body.reset(options);
  let data = '';
  let end = 0;
  for (const part of parts) {
    // The body's bytes lie within others, which must not be looked at.
    const bytes = Buffer.concat([Buffer.from('1\r\n'), part, Buffer.from('\r\n0\r\n\r\n')]);
    const stop = body.feed(bytes, 3, 3 + part.length);
    for (let index = 0; index < body.ranges.length; index += 2) {
      data += bytes.toString('latin1', body.ranges[index], body.ranges[index + 1]);
    }
    if (stop < 0) return { data, trailers: '', end: -1 };
    end += stop - 3;
    if (body.isComplete) return { data, trailers: body.trailers, end };
  }
  return { data, trailers: '', end: undefined };
}

function whole(text: string, options = NO_OPTIONS): Decoded {
  return decode([Buffer.from(text, 'latin1')], options);
}

const extension = fc.constantFrom('', ';a', ';a=b', ';a="\xe4\t"', '; b = c');
const chunk = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), extension, fc.nat(3), fc.boolean());

/** A well-formed body, its data, and what of its trailers goes on. */
const wellFormed = fc
  .tuple(
    fc.array(chunk, { maxLength: 6 }),
    fc.subarray(['X-T: 1', 'x-u:', 'Host: a', 'X_V: 1', 'X-Named: 1', 'X-W: \xe4']),
  )
  .map(([chunks, trailers]) => {
    const framed = chunks.map(([bytes, suffix, zeros, isUpper]) => {
      const size = '0'.repeat(zeros) + bytes.length.toString(16);
      return `${isUpper ? size.toUpperCase() : size}${suffix}\r\n${Buffer.from(bytes).toString('latin1')}\r\n`;
    });
    return {
      text: `${framed.join('')}0\r\n${trailers.map(line => `${line}\r\n`).join('')}\r\n`,
      data: chunks.map(([bytes]) => Buffer.from(bytes).toString('latin1')).join(''),
      trailers: trailers
        .filter(line => /^X-[TUW]/i.test(line))
        .map(line => `${line}\r\n`)
        .join(''),
    };
  });

describe('ChunkedBody', () => {
  it('gives the data of a well-formed body, wherever it is cut, and stops behind it', () => {
    fc.assert(
      fc.property(wellFormed, somePlaces, ({ text, data, trailers }, places) => {
        const parts = pieces(Buffer.from(`${text}GET /`, 'latin1'), places);
        assert.deepEqual(decode(parts, new Set(['x-named'])), { data, trailers, end: text.length });
      }),
      { numRuns: 1000 },
    );
  });

  it('any bytes have the same outcome whole and cut', () => {
    fc.assert(
      fc.property(wellFormed, fc.nat(), fc.nat(255), somePlaces, ({ text }, place, byte, places) => {
        const bytes = Buffer.from(text, 'latin1');
        bytes[place % bytes.length] = byte;
        const expected = decode([bytes]);
        const cut = decode(pieces(bytes, places));
        assert.deepEqual([cut.end, cut.trailers, cut.data], [expected.end, expected.trailers, expected.data]);
      }),
      { numRuns: 2000 },
    );
  });

  for (const text of [
    'g\r\n',
    ' 3\r\n',
    '3 \r\n',
    '+3\r\n',
    '-3\r\n',
    '0x3\r\n',
    '\r\n',
    '3\n',
    '3\r3',
    '3\rabc',
    ';a\r\n',
    '3 ;a\r\n',
    '3;\x00\r\n',
    '3;a\n',
    '3;a\rb',
    '10000000000000\r\n',
    '000000000010000000000000\r\n',
    '3\r\nabcd',
    '3\r\nabc\n',
    '3\r\nabc\r\r',
    '0\r\n\n',
    '0\r\n\rx\r\n',
    '0\r\nX : 1\r\n',
    '0\r\n X: 1\r\n',
    '0\r\n: 1\r\n',
    '0\r\nX\r\n',
    '0\r\nX: a\rb\r\n',
    '0\r\nX: a\x00\r\n',
    '0\r\nX: 1\n',
    `0\r\nX: ${'l'.repeat(8190)}`,
    `0\r\n${'X: y\r\n'.repeat(5500)}`,
    `3;${'e'.repeat(8193)}`,
    '0'.repeat(8193),
    `${'0'.repeat(4096)}3;${'e'.repeat(4096)}`,
  ]) {
    it(`refuses ${JSON.stringify(text.length > 40 ? `${text.slice(0, 12)}…` : text)}, whole and byte by byte`, () => {
      const bytes = Buffer.from(text, 'latin1');
      assert.equal(decode([bytes]).end, -1);
      assert.equal(decode(pieces(bytes, Array.from(bytes.keys()))).end, -1);
    });
  }

  it('takes the largest size that can be counted', () => {
    assert.equal(whole('fffffffffffff\r\nabc').data, 'abc');
  });

  for (const zeros of [1, 13, 14, 100, 8191]) {
    it(`takes a size with ${zeros} zeros before it, and a last chunk of as many`, () => {
      const nil = '0'.repeat(zeros);
      const text = `${nil}2\r\nhi\r\n${nil}0\r\n\r\n`;
      assert.deepEqual(whole(text), { data: 'hi', trailers: '', end: text.length });
      assert.equal(whole(`${nil.slice(1)}fffffffffffff\r\nabc`).data, zeros > 8000 ? '' : 'abc');
    });
  }

  it('an extension for each chunk, however many there are, is taken', () => {
    const { data, end } = whole(`${`1;signature=${'s'.repeat(80)}\r\nx\r\n`.repeat(500)}0\r\n\r\n`);
    assert.equal(data.length, 500);
    assert.ok(end !== undefined && end > 0);
  });

  it('a field that was judged in the head does not come in through the trailers', () => {
    const fields = [
      'Host: a',
      'content-length: 1',
      'Transfer-Encoding: chunked',
      'X-Forwarded-For: 1',
      'X-Real-IP: 1',
      'Authorization: a',
    ];
    const { trailers, end } = whole(`0\r\n${fields.map(field => `${field}\r\n`).join('')}X-T: 1\r\n\r\n`);
    assert.ok(end !== undefined && end > 0);
    assert.equal(trailers, 'X-T: 1\r\n');
  });

  it('nothing of one body is left in the next', () => {
    const body = new ChunkedBody();
    body.reset(new Set(['x-t']));
    body.feed(Buffer.from('3;a\r\nabc\r\n0\r\nX-'), 0, 15);
    body.reset(NO_OPTIONS);
    const next = Buffer.from('2\r\nde\r\n0\r\nX-T: 1\r\n\r\n');
    assert.equal(body.feed(next, 0, next.length), next.length);
    assert.deepEqual([body.isComplete, body.rangeBytes, body.trailers], [true, 2, 'X-T: 1\r\n']);
  });
});
