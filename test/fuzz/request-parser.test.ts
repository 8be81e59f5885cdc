import assert from 'node:assert/strict';
import { test } from 'node:test';
import { campaign } from './campaign.ts';
import { isLastForLlhttp, Llhttp, llhttpTakes } from './llhttp.ts';
import { outline, RequestReader } from './read-in-pieces.ts';
import { LINE_LIMIT } from './reference-lines.ts';
import { readRequests } from './reference-requests.ts';
import { makeStream } from './request-grammar.ts';
import { cut, show, simpler } from './stream.ts';


/** A head that is too long and also wrong may be refused for either, depending on what came first. */
const forLongHeads = (text: string): string => text.replace(/(?:400|414|431)$/, 'refused');

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

test('requests that are taken are taken for the same ones by llhttp', async t => {
  const llhttp = new Llhttp();
  await campaign(t, {
    make: random => ({ bytes: makeStream(random, ['/']), cuts: [] }),
    check: async ({ bytes }) => {
      const { requests } = readRequests(bytes);
      const expected: object[] = [];
      for (const request of requests) {
        const { method, target, body, bodyKind } = request;
        if (method === 'CONNECT' || bodyKind !== 'whole' || !llhttpTakes(request)) break;
        expected.push({ method, target, body, isComplete: true });
        if (isLastForLlhttp(request)) break;
      }
      if (expected.length === 0) return;
      const read = await llhttp.read(bytes, expected.length);
      assert.deepEqual(
        read.slice(0, expected.length).map(({ rawHeaders: _, ...request }) => request),
        expected,
      );
    },
    show,
  });
});
