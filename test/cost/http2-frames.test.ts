/** No frames of HTTP/2 cost more than requests of as many bytes: neither those that bring nothing, nor requests that are refused. */
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { REFUSED_REQUESTS } from '../http2/refused-requests.ts';
import { headersFrame, PREFACE } from '../support/http2-client.ts';
import { type Fields, getFields, literals, string } from '../support/http2-fields.ts';
import { frame, settings, uint32 } from '../support/http2-frames.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { assertAffordable } from './cost.ts';

const SIZE = 128 * 1024;
/** Fewer than a client may open in one read. */
const HEAD_BYTES = 1_000;
const MARK = Buffer.from('the end.');
const MARK_ANSWERED = frame(6, 1, 0, MARK);

/** Each is sent again and again. */
const COSTLY: readonly (readonly [what: string, one: Buffer])[] = [
  ['PING', frame(6, 0, 0, Buffer.alloc(8))],
  ['empty SETTINGS', frame(4, 0, 0)],
  ['SETTINGS', frame(4, 0, 0, settings(...Array.from({ length: 100 }, () => [4, 65_535] as const)))],
  ['PRIORITY', frame(2, 0, 1, Buffer.alloc(5))],
  ['PRIORITY_UPDATE', frame(16, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=1')]))],
  ['WINDOW_UPDATE', frame(8, 0, 0, uint32(1))],
  ['WINDOW_UPDATE of a stream', frame(8, 0, 1, uint32(1))],
  ['RST_STREAM of a stream that is over', frame(3, 0, 1, uint32(8))],
  ['frames of an unknown type', frame(0xee, 0, 0)],
];

/** Requests, each on a stream of its own. @param write the frames of one */
function requests(write: (id: number) => Buffer): Buffer {
  const count = Math.floor(SIZE / Math.max(HEAD_BYTES, write(3).length));
  return Buffer.concat(Array.from({ length: count }, (_, index) => write(2 * index + 3)));
}

const long = (fields: Fields): Fields => [...fields, ['x-long', 'x'.repeat(HEAD_BYTES)]];
const plainRequest = (id: number): Buffer => headersFrame(id, long(getFields('/nowhere')), true);
const crumb = Buffer.concat([Buffer.from([0x40]), string('cookie'), string('')]);
const crumbs = Buffer.concat([literals(getFields('/nowhere')), crumb, Buffer.alloc(HEAD_BYTES, 0x80 | 62)]);

const REFUSED: readonly (readonly [what: string, write: (id: number) => Buffer])[] = [
  ['crumbs without end', id => frame(1, 5, id, crumbs)],
  ['a reset behind each', id => Buffer.concat([plainRequest(id), frame(3, 0, id, uint32(8))])],
  ['a window opened by 0 behind each', id => Buffer.concat([plainRequest(id), frame(8, 0, id, uint32(0))])],
  ...Object.values(REFUSED_REQUESTS)
    .flat()
    .map(({ what, fields, body }): readonly [string, (id: number) => Buffer] => [
      what,
      id =>
        Buffer.concat([
          headersFrame(id, long(fields), body === undefined),
          ...(body === undefined ? [] : [frame(0, 1, id, body)]),
        ]),
    ]),
];

/** Sends bytes on a connection of their own. @returns when the proxy has read all of them, or has ended the connection */
function run(address: ListenAddress, bytes: Buffer, sockets: Set<Socket>): () => Promise<void> {
  const whole = Buffer.concat([
    PREFACE,
    frame(4, 0, 0),
    headersFrame(1, getFields('/nowhere'), true),
    bytes,
    frame(6, 0, 0, MARK),
  ]);
  return () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect({ ...address });
    sockets.add(socket);
    let tail: Buffer = Buffer.alloc(0);
    socket.on('data', (came: Buffer) => {
      tail = Buffer.concat([tail, came]);
      if (tail.includes(MARK_ANSWERED)) socket.destroy();
      tail = tail.subarray(-MARK_ANSWERED.length);
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      resolve();
    });
    socket.write(whole);
    return promise;
  };
}

it('wire: no frames of HTTP/2 cost more than requests of as many bytes', async t => {
  const { address } = await startProxy(t, 'wire', { routes: [], settings: { keepaliveRequests: 1e9 } });
  const sockets = new Set<Socket>();
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const plain = run(address, requests(plainRequest), sockets);
  for (const [what, one] of COSTLY) {
    const bytes = Buffer.concat(Array.from({ length: Math.floor(SIZE / one.length) }, () => one));
    await t.test(what, () => assertAffordable(what, run(address, bytes, sockets), plain));
  }
  for (const [what, write] of REFUSED) {
    await t.test(`requests with ${what}`, () => assertAffordable(what, run(address, requests(write), sockets), plain));
  }
});
