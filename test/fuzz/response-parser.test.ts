import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkedBody } from '../../src/dataplane/http1/chunked-body.ts';
import { campaign } from './campaign.ts';
import { corpus } from './corpus.ts';
import type { Random } from './random.ts';
import { readResponseHead, textOf } from './read-in-pieces.ts';
import { readChunks } from './reference-chunks.ts';
import { readHead } from './reference-responses.ts';
import { makeChunks } from './request-grammar.ts';
import { makeResponse } from './response-grammar.ts';
import { cut, pieces, placesIn, type Stream, show, simpler } from './stream.ts';

test('the heads of the corpus are read the same whole and cut at any place', () => {
  for (const { bytes } of corpus('responses')) {
    for (const cuts of [[], placesIn(bytes), ...placesIn(bytes).map(place => [place])]) checkHead({ bytes, cuts });
  }
});

test('response heads in any pieces are read as the reference reads them whole', async t => {
  const make = (random: Random): Stream => cut(random, makeResponse(random, 'mark'));
  await campaign(t, { make, check: checkHead, show, simpler });
});

test('chunks in any pieces are decoded as the reference decodes them whole', async t => {
  const body = new ChunkedBody();
  const options: ReadonlySet<string> = new Set(['x-t']);
  await campaign(t, {
    make: random => cut(random, Buffer.from(makeChunks(random) + (random.oneIn(3) ? 'GET / HTTP/1.1' : ''), 'latin1')),
    check: stream => {
      const expected = readChunks(stream.bytes.toString('latin1'), 0, options);
      body.reset(options);
      let read = '';
      let end = 0;
      for (const piece of pieces(stream)) {
        if (body.isComplete || end < 0) break;
        const stop = body.feed(piece, 0, piece.length);
        read += textOf(piece, body);
        end = stop < 0 ? -1 : end + stop;
      }
      const kind = end < 0 ? 'bad' : body.isComplete ? 'whole' : 'more';
      assert.equal(kind, expected.kind);
      assert.equal(read, expected.body);
      if (kind === 'whole') assert.deepEqual([body.trailers, end], [expected.trailers, expected.end]);
    },
    show,
    simpler,
  });
});

function checkHead(stream: Stream): void {
  const read = readResponseHead(stream);
  const expected = readHead(stream.bytes.toString('latin1'), 0);
  if (typeof expected === 'string') {
    assert.equal(typeof read === 'string' ? read : 'taken', expected);
    return;
  }
  assert.ok(typeof read === 'object', `refused (${read}): ${JSON.stringify(expected)}`);
  const { status, minorVersion, reason, lines, contentLength, isChunked, end } = expected;
  assert.equal(
    `${read.status} ${read.minorVersion}${read.statusAndReason} ${read.contentLength} ${read.isChunked} ${read.length}\n${read.lines()}`,
    `${status} ${minorVersion} ${status} ${reason} ${contentLength} ${isChunked} ${end}\n${lines}`,
  );
}
