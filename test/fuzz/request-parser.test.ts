import assert from 'node:assert/strict';
import { test } from 'node:test';
import { campaign } from './campaign.ts';
import { corpus } from './corpus.ts';
import { isLastForLlhttp, Llhttp, type LlhttpRequest } from './llhttp.ts';
import { outline, RequestReader } from './read-in-pieces.ts';
import { LINE_LIMIT } from './reference-lines.ts';
import { readRequests } from './reference-requests.ts';
import { makeStream } from './request-grammar.ts';
import { byteByByte, cut, placesIn, show, simpler } from './stream.ts';

/** Longer streams are cut at some places only. */
const MAX_PLACES = 1000;

/** A head that is too long and also wrong may be refused for either, depending on what came first. */
const forLongHeads = (text: string): string => text.replace(/(?:400|414|431)$/, 'refused');

test('the corpus is read the same whole and cut at any place', () => {
  const reader = new RequestReader();
  for (const { name, bytes } of corpus('requests')) {
    const expected = forLongHeads(outline(readRequests(bytes)));
    const places = bytes.length > MAX_PLACES ? [1, LINE_LIMIT, LINE_LIMIT + 1, bytes.length - 1] : placesIn(bytes);
    for (const stream of [{ bytes, cuts: [] }, byteByByte(bytes), ...places.map(place => ({ bytes, cuts: [place] }))]) {
      assert.equal(forLongHeads(reader.read(stream)), expected, `${name} cut at ${stream.cuts.slice(0, 3)}…`);
    }
  }
});

test('requests in any pieces are read as the reference reads them whole', async t => {
  const reader = new RequestReader();
  await campaign(t, {
    make: random => cut(random, makeStream(random, ['/'])),
    check: stream => {
      const normal = stream.bytes.length > LINE_LIMIT ? forLongHeads : (text: string) => text;
      assert.equal(normal(reader.read(stream)), normal(outline(readRequests(stream.bytes))));
    },
    show,
    simpler,
  });
});

test('requests that are taken are taken for the same ones by llhttp, or refused', async t => {
  const llhttp = new Llhttp();
  let taken = 0;
  let refused = 0;
  await campaign(t, {
    make: random => ({ bytes: makeStream(random, ['/']), cuts: [] }),
    check: async ({ bytes }) => {
      const expected: LlhttpRequest[] = [];
      let isUpgrade = false;
      for (const request of readRequests(bytes).requests) {
        const { method, target, body, bodyKind } = request;
        if (method === 'CONNECT' || bodyKind !== 'whole') break;
        expected.push({ method, target, body, isComplete: true });
        isUpgrade = request.options.has('upgrade');
        if (isLastForLlhttp(request)) break;
      }
      if (expected.length === 0) return;
      const reading = await llhttp.read(bytes, expected.length);
      const read = reading.requests.slice(0, expected.length);
      // Framing in trailers it refuses, but with an Upgrade it does not say so: that request just has no end. At HTTP/2's
      // preface it pauses without a word, and node:http then mostly drops the end of the request before it.
      const mayBeSilent = isUpgrade || bytes.includes('PRI ');
      const isSilent = mayBeSilent && read.length === expected.length && read.at(-1)?.isComplete === false;
      const stopsAtPreface = expected[read.length]?.method === 'PRI';
      const isRefused = reading.isRefused || isSilent || stopsAtPreface;
      if (isRefused) {
        const unfinished = read.at(-1)?.isComplete === false ? read.pop() : undefined;
        const same = expected[read.length];
        if (unfinished !== undefined && same !== undefined) {
          assert.ok(same.body.startsWith(unfinished.body));
          assert.deepEqual({ ...unfinished, body: '' }, { ...same, body: '', isComplete: false });
        }
      }
      assert.deepEqual(read, isRefused ? expected.slice(0, read.length) : expected);
      taken += read.length;
      refused += expected.length - read.length;
    },
    show,
  });
  // Strange methods, HTTP/1.2, blanks in chunk extensions: if it were more, this test would show nothing.
  assert.ok(refused <= taken / 4, `llhttp refused ${refused}, took ${taken}`);
});
