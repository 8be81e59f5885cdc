import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { BodySink } from '../../../src/dataplane/bodies/body-transform.ts';
import { FLUSH_MS } from '../../../src/dataplane/bodies/compression.ts';
import { Compressions, MOST_COMPRESSIONS } from '../../../src/dataplane/bodies/compressions.ts';
import { DataPiece } from '../../../src/dataplane/bodies/data-piece.ts';
import { CODINGS } from '../../../src/dataplane/bodies/encoder.ts';
import type { BodyPiece } from '../../../src/dataplane/pipeline/ports.ts';
import { ClientMemory } from '../../../src/dataplane/transport/client-memory.ts';
import { ReadBuffers } from '../../../src/dataplane/transport/read-buffers.ts';
import { Stashes } from '../../../src/dataplane/transport/stash.ts';
import type { ContentCoding } from '../../../src/model/policy.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import fc from '../../support/property.ts';

const KIB = 1024;
const ALL = Object.keys(CODINGS) as ContentCoding[];
const TEXT = Buffer.from(
  Array.from({ length: 6_000 }, (_, line) => `{"line":${line},"square":${line * line},"text":"of a line"}\n`).join(''),
);

class Scene {
  readonly clock = new FakeClock();
  readonly memory = new ClientMemory(1 << 30, () => 0);
  readonly buffers = new ReadBuffers(this.memory);
  readonly stashes = new Stashes(this.memory);
  readonly compressions = new Compressions(this);

  piece(bytes: Buffer, isLast: boolean): DataPiece {
    const piece = new DataPiece(this.buffers);
    piece.set(bytes, 0, bytes.length, isLast);
    return piece;
  }
}

/** Keeps what comes. */
class Sink implements BodySink {
  readonly chunks: Buffer[] = [];
  isBlocked = false;
  isEnded = false;
  drains = 0;
  /** Takes no more after each piece. */
  blocksAfterEach = false;

  write(piece: BodyPiece): void {
    assert.equal(this.isEnded, false, 'nothing comes behind the last piece');
    const bytes = Buffer.alloc(piece.size);
    piece.copy(bytes, 0, 0, piece.size);
    this.chunks.push(bytes);
    this.isEnded = piece.isLast;
    if (this.blocksAfterEach) this.isBlocked = true;
  }

  transformDrained(): void {
    this.drains += 1;
  }

  crashed(error: unknown): void {
    throw error;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

function decode(coding: ContentCoding, bytes: Buffer, isWhole = true): Buffer {
  if (coding === 'gzip') return gunzipSync(bytes, isWhole ? {} : { finishFlush: constants.Z_SYNC_FLUSH });
  if (coding === 'br')
    return brotliDecompressSync(bytes, isWhole ? {} : { finishFlush: constants.BROTLI_OPERATION_FLUSH });
  return zstdDecompressSync(bytes, isWhole ? {} : { finishFlush: constants.ZSTD_e_flush });
}

/** Turns of the event loop until something is so; each of them does a bounded part of the work. */
async function turnsUntil(isSo: () => boolean): Promise<number> {
  let turns = 0;
  for (; !isSo(); turns += 1) {
    assert.ok(turns < 10_000, 'it goes on for ever');
    await turn();
  }
  return turns;
}

describe('a compressed body', () => {
  for (const coding of ALL) {
    it(`of ${coding} is the same body, however it is cut, and whenever the client takes some`, async () => {
      const scene = new Scene();
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(90_000), { maxLength: 12 }),
          fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
          fc.boolean(),
          async (cuts, takes, isNoise) => {
            const body = isNoise ? noise(120_000) : TEXT;
            const sink = new Sink();
            const compression = scene.compressions.begin(coding, sink);
            const places = [...cuts.map(cut => cut % body.length).sort((a, b) => a - b), body.length];
            let at = 0;
            for (const [index, place] of places.entries()) {
              sink.blocksAfterEach = takes[index % takes.length] === true;
              compression.write(
                scene.piece(body.subarray(at, place), place === body.length && index === places.length - 1),
              );
              at = place;
              if (index % 3 === 0) scene.clock.advance(FLUSH_MS);
              if (takes[(index + 1) % takes.length] === true) await turn();
            }
            await turnsUntil(() => {
              if (!sink.isBlocked) return sink.isEnded;
              sink.isBlocked = false;
              compression.resume();
              return sink.isEnded;
            });
            assert.ok(decode(coding, sink.bytes).equals(body));
            assert.equal(scene.compressions.count, 0);
          },
        ),
        { numRuns: 40 },
      );
      assert.equal(scene.memory.kept, 0);
    });

    it(`of ${coding} is right after one that was dropped in its middle`, async () => {
      const { compressions, ...scene } = new Scene();
      const dropped = compressions.begin(coding, new Sink());
      dropped.write(new Scene().piece(TEXT.subarray(0, 10_000), false));
      dropped.destroy();
      dropped.destroy();
      const sink = new Sink();
      const next = compressions.begin(coding, sink);
      next.write(new Scene().piece(TEXT.subarray(0, 20_000), true));
      await turnsUntil(() => sink.isEnded);
      assert.ok(decode(coding, sink.bytes).equals(TEXT.subarray(0, 20_000)));
      assert.equal(scene.memory.kept, 0);
    });

    it(`of ${coding} is not flushed while it comes in large pieces, and shows all of it soon after the last one`, () => {
      const scene = new Scene();
      const sink = new Sink();
      const compression = scene.compressions.begin(coding, sink);
      const seen = (): number => decode(coding, sink.bytes, false).length;
      const part = 20_000;
      for (let at = 0; at < 3 * part; at += part) {
        compression.write(scene.piece(TEXT.subarray(at, at + part), false));
        // Brotli at this level gives out all of each piece by itself.
        if (coding !== 'br') assert.ok(seen() < at + part);
        scene.clock.advance(FLUSH_MS);
      }
      scene.clock.advance(FLUSH_MS);
      assert.equal(seen(), 3 * part);
      compression.destroy();
    });

    it(`of ${coding} shows what has come at once, and then every ${FLUSH_MS} ms`, () => {
      const scene = new Scene();
      const sink = new Sink();
      const compression = scene.compressions.begin(coding, sink);
      const write = (text: string): void => compression.write(scene.piece(Buffer.from(text), false));
      const seen = (): string => decode(coding, sink.bytes, false).toString();
      write('one ');
      assert.equal(seen(), 'one ');
      for (const word of ['two ', 'three ', 'four ']) write(word);
      assert.equal(seen(), 'one ');
      scene.clock.advance(FLUSH_MS);
      assert.equal(seen(), 'one two three four ');
      const { length } = sink.chunks;
      scene.clock.advance(10 * FLUSH_MS);
      assert.equal(sink.chunks.length, length, 'nothing is flushed where nothing has come');
      write('five');
      assert.equal(seen(), 'one two three four five');
      compression.destroy();
    });
  }

  it('of thousands of tiny pieces is flushed a hundred times a second', () => {
    const scene = new Scene();
    const sink = new Sink();
    const compression = scene.compressions.begin('gzip', sink);
    const byte = scene.piece(Buffer.from('x'), false);
    for (let ms = 0; ms < 1_000; ms += 1) {
      for (let count = 0; count < 10; count += 1) compression.write(byte);
      scene.clock.advance(1);
    }
    assert.ok(sink.chunks.length <= 101, `${sink.chunks.length} writes`);
    assert.equal(decode('gzip', sink.bytes, false).length, 10_000);
    compression.destroy();
    assert.equal(scene.memory.kept, 0);
  });
});

describe('compressions', () => {
  it('get a bounded part of each turn of the event loop, and share it', async () => {
    const scene = new Scene();
    const sinks = Array.from({ length: 4 }, () => new Sink());
    for (const sink of sinks) scene.compressions.begin('gzip', sink).write(scene.piece(TEXT, true));
    const small = new Sink();
    scene.compressions.begin('gzip', small).write(scene.piece(Buffer.from('small'), true));
    assert.equal(small.isEnded, false, 'this turn is used up');
    const turns = await turnsUntil(() => small.isEnded);
    assert.ok(turns <= sinks.length + 2, `a small body waited for ${turns} turns`);
    const rest = await turnsUntil(() => sinks.every(({ isEnded }) => isEnded));
    assert.ok(turns + rest >= Math.floor((4 * TEXT.length) / (64 * KIB)) - 1, `all was done in ${turns + rest} turns`);
    for (const sink of sinks) assert.ok(decode('gzip', sink.bytes).equals(TEXT));
  });

  it('compress nothing that the client does not take, and ask for no more meanwhile', async () => {
    const scene = new Scene();
    const sink = new Sink();
    const compression = scene.compressions.begin('zstd', sink);
    sink.isBlocked = true;
    compression.write(scene.piece(TEXT, false));
    assert.equal(compression.isBlocked, true);
    for (let count = 0; count < 5; count += 1) await turn();
    scene.clock.advance(10 * FLUSH_MS);
    assert.deepEqual([sink.chunks.length, sink.drains], [0, 0]);
    assert.ok(scene.memory.kept >= TEXT.length + CODINGS.zstd.bytes, 'what waits is counted');
    assert.ok(scene.memory.kept <= 2 * TEXT.length + CODINGS.zstd.bytes, 'in little more memory than it needs');
    sink.isBlocked = false;
    compression.resume();
    await turnsUntil(() => sink.drains > 0);
    assert.equal(compression.isBlocked, false);
    compression.destroy();
    assert.equal(scene.memory.kept, 0);
  });

  it('are no more than so many at once, and none while memory is short', () => {
    const { compressions, memory } = new Scene();
    const begun = Array.from({ length: MOST_COMPRESSIONS }, () => compressions.begin('gzip', new Sink()));
    assert.equal(compressions.hasRoom, false);
    begun[0]?.destroy();
    assert.equal(compressions.hasRoom, true);
    memory.kept += 1 << 29;
    assert.equal(compressions.hasRoom, false);
    memory.kept -= 1 << 29;
    for (const compression of begun) compression.destroy();
    assert.equal(memory.kept, 0);
  });
});

/** Bytes that do not get smaller. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
