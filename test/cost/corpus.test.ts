import { it } from 'node:test';
import { corpus } from '../fuzz/corpus.ts';
import { Random } from '../fuzz/random.ts';
import { RequestReader, readResponseHead } from '../fuzz/read-in-pieces.ts';
import { makeStream } from '../fuzz/request-grammar.ts';
import { makeResponse } from '../fuzz/response-grammar.ts';
import { byteByByte, type Stream } from '../fuzz/stream.ts';
import { assertAffordable } from './cost.ts';
import { plainLines } from './heads.ts';

const SEED = 1;
/** Of each grammar; the campaigns of test/fuzz read many more, and hang on one that takes for ever. */
const STREAMS = 150;

const reader = new RequestReader();
const readRequests = (stream: Stream) => () => reader.read(stream);
const readResponse = (stream: Stream) => () => readResponseHead(stream);
const whole = (bytes: Buffer): Stream => ({ bytes, cuts: [] });

/** One ordinary head that fills so many bytes. */
function plain(start: string, bytes: number): Buffer {
  return Buffer.from(`${start}${plainLines(Math.max(12, bytes - start.length - 2))}\r\n`);
}

const KINDS = {
  requests: {
    make: (random: Random) => makeStream(random, ['/']),
    read: readRequests,
    start: 'GET / HTTP/1.1\r\nHost: test\r\n',
  },
  responses: {
    make: (random: Random) => makeResponse(random, 'mark'),
    read: readResponse,
    start: 'HTTP/1.1 200 OK\r\nDate: now\r\n',
  },
} as const;

for (const kind of ['requests', 'responses'] as const) {
  const { make, read, start } = KINDS[kind];
  const random = Array.from({ length: STREAMS }, (_, index) => ({
    name: `seed ${SEED}, input ${index}`,
    bytes: make(new Random(SEED, index)),
  }));

  it(`${kind} of the fuzz corpus and its grammar cost no more to read than plain ones of their size`, async () => {
    for (const { name, bytes } of [...corpus(kind), ...random]) {
      await assertAffordable(name, read(whole(bytes)), read(whole(plain(start, bytes.length))));
    }
  });

  it(`${kind} of the fuzz corpus that come byte by byte cost no more than plain ones that do`, async () => {
    for (const { name, bytes } of corpus(kind)) {
      await assertAffordable(name, read(byteByByte(bytes)), read(byteByByte(plain(start, bytes.length))));
    }
  });
}
