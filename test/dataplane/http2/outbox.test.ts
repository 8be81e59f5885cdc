import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackEncoder } from '../../../src/dataplane/http2/hpack/encoder.ts';
import { Outbox, OutboxBuffers } from '../../../src/dataplane/http2/outbox.ts';
import type { Transport } from '../../../src/dataplane/transport/transport.ts';
import { type Frame, framesOf } from '../../support/http2-frames.ts';

/** A transport that takes writes, or keeps them waiting. */
class Sink implements Pick<Transport, 'isBlocked' | 'writeBytes'> {
  isBlocked = false;
  readonly writes: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];

  writeBytes(bytes: Uint8Array, sent: () => void): boolean {
    this.writes.push(Buffer.from(bytes));
    if (this.isBlocked) this.#waiting.push(sent);
    else sent();
    return !this.isBlocked;
  }

  drain(): void {
    this.isBlocked = false;
    for (const sent of this.#waiting.splice(0)) sent();
  }

  get frames(): Frame[] {
    return framesOf(Buffer.concat(this.writes));
  }
}

function open(): { outbox: Outbox; sink: Sink; memory: { kept: number } } {
  const sink = new Sink();
  const memory = { kept: 0 };
  const owner = {
    crashed: (error: unknown) => {
      throw error;
    },
  };
  return { outbox: new Outbox(sink as unknown as Transport, owner, new OutboxBuffers(memory)), sink, memory };
}

const endOfTurn = (): Promise<void> => new Promise(resolve => void setImmediate(resolve));

const text = (frames: readonly Frame[]): string[] =>
  frames.map(({ type, flags, streamId, payload }) => `${type} ${flags} ${streamId} ${payload.toString('latin1')}`);

test('the frames of a turn go out in one write, at its end', async () => {
  const { outbox, sink, memory } = open();
  const encoder = new HpackEncoder();
  outbox.settings([
    [3, 100],
    [9, 1],
  ]);
  outbox.acknowledgeSettings();
  encoder.begin();
  encoder.status(200);
  outbox.headers(1, encoder, false);
  outbox.data(1, Buffer.from('-body-'), 1, 5, true);
  encoder.begin();
  encoder.status(204);
  outbox.headers(3, encoder, true);
  outbox.windowUpdate(0, 2 ** 31 - 1);
  outbox.reset(5, 8);
  outbox.ping(Buffer.from('12345678'));
  outbox.acknowledgePing(Buffer.from('-87654321'), 1);
  outbox.goaway(7, 11, 'calm');
  assert.equal(sink.writes.length, 0);
  await endOfTurn();
  assert.equal(sink.writes.length, 1);
  assert.deepEqual(text(sink.frames), [
    '4 0 0 \0\x03\0\0\0\x64\0\x09\0\0\0\x01',
    '4 1 0 ',
    '1 4 1 \x88',
    '0 1 1 body',
    '1 5 3 \x89',
    '8 0 0 \x7f\xff\xff\xff',
    '3 0 5 \0\0\0\x08',
    '6 0 0 12345678',
    '6 1 0 87654321',
    '7 0 0 \0\0\0\x07\0\0\0\x0bcalm',
  ]);
  assert.equal(memory.kept, 0);
});

test('a full read goes on in one write with its message, and what is larger in more', async () => {
  const { outbox, sink } = open();
  const encoder = new HpackEncoder();
  const body = Buffer.alloc(64 * 1024, 'x');
  encoder.begin();
  encoder.status(200);
  outbox.headers(1, encoder, false);
  outbox.data(1, body, 0, body.length, true);
  await endOfTurn();
  assert.equal(sink.writes.length, 1);
  assert.deepEqual(
    sink.frames.map(frame => [frame.type, frame.flags, frame.payload.length]),
    [[1, 4, 1], ...[0, 0, 0, 1].map(flags => [0, flags, 16_384])],
  );
  for (let count = 0; count < 10; count += 1) outbox.data(3, body, 0, body.length, false);
  await endOfTurn();
  const bytes = Buffer.concat(sink.frames.filter(frame => frame.streamId === 3).map(frame => frame.payload));
  assert.equal(bytes.length, 10 * body.length);
});

test('the end of a stream may stand alone', async () => {
  const { outbox, sink } = open();
  outbox.data(1, Buffer.alloc(0), 0, 0, true);
  await endOfTurn();
  assert.deepEqual(text(sink.frames), ['0 1 1 ']);
});

test('a head that is larger than a frame goes on in CONTINUATION', async () => {
  const { outbox, sink } = open();
  const encoder = new HpackEncoder();
  encoder.begin();
  encoder.lines(`a: ${'x'.repeat(20_000)}\r\nb: ${'y'.repeat(20_000)}\r\n`);
  const block = Buffer.from(encoder.bytes.subarray(0, encoder.size));
  outbox.headers(1, encoder, true);
  await endOfTurn();
  assert.deepEqual(
    sink.frames.map(frame => [frame.type, frame.flags, frame.payload.length]),
    [
      [1, 1, 16_384],
      [9, 0, 16_384],
      [9, 4, encoder.size - 2 * 16_384],
    ],
  );
  assert.ok(Buffer.concat(sink.frames.map(frame => frame.payload)).equals(block));
});

test('a blocked transport gets one write when it takes bytes again', async () => {
  const { outbox, sink, memory } = open();
  sink.isBlocked = true;
  for (let count = 0; count < 100; count += 1) {
    outbox.windowUpdate(1, 1);
    await endOfTurn();
  }
  assert.equal(sink.writes.length, 0);
  assert.equal(memory.kept, 4096);
  sink.drain();
  outbox.drained();
  assert.equal(sink.writes.length, 1);
  assert.equal(sink.frames.length, 100);
  assert.equal(memory.kept, 0);
});

test('a buffer is kept until it has been sent', async () => {
  const { outbox, sink, memory } = open();
  sink.isBlocked = true;
  outbox.goaway(0, 0);
  outbox.writeOut();
  assert.equal(sink.frames.length, 1);
  assert.equal(memory.kept, 4096);
  sink.drain();
  assert.equal(memory.kept, 0);
});

test('a peer that does not read the answers to its control frames is seen', async () => {
  const { outbox, sink } = open();
  const answer = (times: number): void => {
    for (let count = 0; count < times; count += 1) outbox.acknowledgePing(Buffer.alloc(8), 0);
  };
  answer(1000);
  assert.equal(outbox.isFlooded, false);
  await endOfTurn();
  answer(1000);
  assert.equal(outbox.isFlooded, false);
  await endOfTurn();
  sink.isBlocked = true;
  answer(600);
  await endOfTurn();
  answer(401);
  assert.equal(outbox.isFlooded, true);
  sink.drain();
  outbox.drained();
  assert.equal(outbox.isFlooded, false);
});

test('what waits on a connection that is gone is dropped, and its memory freed', async () => {
  const { outbox, sink, memory } = open();
  outbox.windowUpdate(1, 1);
  outbox.discard();
  assert.equal(memory.kept, 0);
  await endOfTurn();
  assert.equal(sink.writes.length, 0);
});
