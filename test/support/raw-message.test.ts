/** The judge must be strict itself: what it lets pass, no test would see. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseResponses } from './raw-client.ts';
import { contentLength, isChunked, MalformedMessage, readChunked, readHead, values } from './raw-message.ts';

const head = (text: string) => readHead(Buffer.from(text, 'latin1'));
const body = (text: string) => readChunked(Buffer.from(text, 'latin1'));

describe('raw-message', () => {
  it('keeps the lines of a head in order, with case and duplicates', () => {
    assert.deepEqual(head('GET / HTTP/1.1\r\nB: 1\r\na:\t2 \r\nb:\r\n\r\nrest'), {
      startLine: 'GET / HTTP/1.1',
      headers: [
        ['B', '1'],
        ['a', '2'],
        ['b', ''],
      ],
      raw: 'GET / HTTP/1.1\r\nB: 1\r\na:\t2 \r\nb:\r\n\r\n',
    });
    assert.equal(head('GET / HTTP/1.1\r\nB: 1\r\n'), undefined);
  });

  for (const line of ['A', 'A : 1', ' folded', ': 1', 'A(: 1', 'A: \x00', 'A: 1\r2', 'A: 1\n2', 'A: \x7f', '\xe9: 1']) {
    it(`refuses the header line ${JSON.stringify(line)}`, () => {
      assert.throws(() => head(`GET / HTTP/1.1\r\n${line}\r\n\r\n`), MalformedMessage);
    });
  }

  it('reads chunks and trailers up to the last byte that is theirs', () => {
    const { content, trailers, end, complete } = body('3;x\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\nGET');
    assert.equal(content.toString(), 'abc0123456789');
    assert.deepEqual(trailers, [['T', '1']]);
    assert.equal(end, '3;x\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n'.length);
    assert.equal(complete, true);
  });

  for (const text of ['3\r\nab', '3\r\nabc', '3\r\nabc\r\n', '3\r\nabc\r\n0\r\n', '']) {
    it(`takes ${JSON.stringify(text)} for unfinished`, () => assert.equal(body(text).complete, false));
  }

  for (const text of [
    'x\r\n',
    '0x3\r\nabc\r\n',
    ' 3\r\nabc\r\n',
    '3 \r\nabc\r\n',
    '3\r\nabcd\r\n',
    '3;\n\r\nabc\r\n',
  ]) {
    it(`refuses the chunk ${JSON.stringify(text)}`, () => assert.throws(() => body(text), MalformedMessage));
  }

  it('refuses framing that can be read in two ways', () => {
    const both = [['Content-Length', '1'] as const, ['Transfer-Encoding', 'chunked'] as const];
    assert.throws(() => isChunked(both), MalformedMessage);
    assert.throws(() => isChunked([['Transfer-Encoding', 'gzip, chunked']]), MalformedMessage);
    assert.throws(
      () =>
        contentLength([
          ['Content-Length', '1'],
          ['content-length', '1'],
        ]),
      MalformedMessage,
    );
    for (const length of ['+1', '-1', '0x1', '1,1', '', '1 1']) {
      assert.throws(() => contentLength([['Content-Length', length]]), MalformedMessage);
    }
  });

  it('finds the fields of a name whatever its case', () => {
    assert.deepEqual(
      values(
        [
          ['A', '1'],
          ['b', '2'],
          ['a', '3'],
        ],
        'A',
      ),
      ['1', '3'],
    );
  });

  it('takes nothing but HTTP/1.1 for a response', () => {
    assert.equal(
      parseResponses('HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 1\r\n\r\na').length,
      2,
    );
    for (const line of ['HTTP/1.0 200 OK', 'HTTP/1.1 099 X', 'HTTP/1.1 200', 'http/1.1 200 OK', 'GET / HTTP/1.1']) {
      assert.throws(() => parseResponses(`${line}\r\n\r\n`), MalformedMessage);
    }
  });
});
