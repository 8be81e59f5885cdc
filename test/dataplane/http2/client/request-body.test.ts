import assert from 'node:assert/strict';
import test from 'node:test';
import { DataPiece } from '../../../../src/dataplane/bodies/data-piece.ts';
import { RequestBody } from '../../../../src/dataplane/http2/client/request-body.ts';
import { ClientMemory } from '../../../../src/dataplane/transport/client-memory.ts';
import { ReadBuffers } from '../../../../src/dataplane/transport/read-buffers.ts';
import { Stashes } from '../../../../src/dataplane/transport/stash.ts';
import fc from '../../../support/property.ts';

function contextOf(limit = 1 << 30) {
  const memory = new ClientMemory(limit, () => 0);
  return { memory, stashes: new Stashes(memory), buffers: new ReadBuffers(memory) };
}

/** A piece of a body whose bytes tell their place in it. */
function pieceAt(context: ReturnType<typeof contextOf>, at: number, size: number, isLast = false): DataPiece {
  const piece = new DataPiece(context.buffers);
  const bytes = Buffer.from(Array.from({ length: size + 3 }, (_, index) => (at + index) % 251));
  piece.set(bytes, 0, size, isLast);
  return piece;
}

const expected = (start: number, end: number) =>
  Buffer.from(Array.from({ length: end - start }, (_, index) => (start + index) % 251));

test('whatever the sizes of pieces and windows, what is sent is the body, and all memory comes back', () => {
  const steps = fc.array(fc.tuple(fc.nat(40_000), fc.nat(50_000), fc.boolean()), { maxLength: 30 });
  fc.assert(
    fc.property(steps, fc.nat(40), (all, forgetsAt) => {
      const context = contextOf();
      const body = new RequestBody(context);
      const out: Buffer[] = [];
      let end = 0;
      for (const [index, [size, window, isDirect]] of all.entries()) {
        if (index === forgetsAt) body.forgetSent();
        const sent = isDirect && body.waiting === 0 ? Math.min(size, window) : 0;
        out.push(expected(end, end + sent));
        body.add(pieceAt(context, end, size), sent);
        end += size;
        if (body.waiting > 0) body.send(window, (bytes, from, to) => out.push(Buffer.from(bytes.subarray(from, to))));
      }
      while (body.waiting > 0) body.send(9_999, (bytes, from, to) => out.push(Buffer.from(bytes.subarray(from, to))));
      assert.deepEqual(Buffer.concat(out), expected(0, end));
      body.clear();
      assert.equal(context.memory.kept, 0);
    }),
  );
});

test('up to 64 KiB are handed over whole, sent or not, and more is not kept', () => {
  for (const [sizes, isKept] of [
    [[10, 0, 500, 64_000], true],
    [[65_536], true],
    [[65_537], false],
    [[40_000, 40_000], false],
  ] as const) {
    const context = contextOf();
    const body = new RequestBody(context);
    let end = 0;
    for (const [index, size] of sizes.entries()) {
      body.add(pieceAt(context, end, size, index === sizes.length - 1), index === 0 ? Math.floor(size / 2) : 0);
      end += size;
    }
    const kept = body.handOver();
    assert.equal(kept !== undefined, isKept);
    if (kept === undefined) {
      body.clear();
    } else {
      const bytes = Buffer.alloc(end);
      kept.copy(bytes, 0, 0, end);
      assert.deepEqual([kept.size, kept.isLast], [end, true]);
      assert.deepEqual(bytes, expected(0, end));
      kept.release();
      kept.release();
    }
    assert.equal(context.memory.kept, 0);
  }
});

test('nothing that was sent is kept while memory is short', () => {
  const context = contextOf(1_000);
  context.memory.kept = 900;
  const body = new RequestBody(context);
  body.add(pieceAt(context, 0, 100), 100);
  assert.equal(context.memory.kept, 900);
  assert.equal(body.handOver(), undefined);
});
