import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BodyPiece, Upstream } from '../../../src/dataplane/pipeline/ports.ts';
import { BodyCopy, CopyMemory, MOST_WAITING_BYTES } from '../../../src/dataplane/pipeline/subrequests/body-copy.ts';

function pieceOf(text: string, isLast = false): BodyPiece {
  const bytes = Buffer.from(text, 'latin1');
  return {
    size: bytes.length,
    isLast,
    trailers: '',
    text: () => text,
    copy: (target, at, start, end) => void bytes.copy(target, at, start, end),
    keep: () => assert.fail('it belongs to the upstream'),
  };
}

/** Takes so many pieces, and then none until it is told. */
class Taker {
  taken = '';
  room: number;

  constructor(room: number) {
    this.room = room;
  }

  get isBlocked(): boolean {
    return this.room <= 0;
  }

  write(piece: BodyPiece): boolean {
    this.taken += piece.text() + (piece.isLast ? '.' : '');
    this.room -= 1;
    return !this.isBlocked;
  }
}

const upstreamOf = (taker: Taker): Upstream => taker as unknown as Upstream;

describe('a copy of a body', () => {
  it('waits for its upstream, and goes to it in its order as fast as that takes it', () => {
    const memory = new CopyMemory();
    const body = new BodyCopy(memory);
    body.add(pieceOf('ab'));
    body.add(pieceOf('cd'));
    assert.equal(memory.taken, 4);
    const taker = new Taker(1);
    body.flowTo(upstreamOf(taker));
    // The first piece may still be in the memory of its connection.
    assert.deepEqual([taker.taken, body.sentBytes, memory.taken], ['ab', 2, 4]);
    body.add(pieceOf('ef', true));
    assert.deepEqual([taker.taken, memory.taken], ['ab', 6]);
    taker.room = 2;
    body.flowTo(upstreamOf(taker));
    assert.deepEqual([taker.taken, memory.taken], ['abcdef.', 2]);
    taker.room = 1;
    body.flowTo(upstreamOf(taker));
    assert.equal(memory.taken, 0);
  });

  it('is bounded, and gives its memory back', () => {
    const memory = new CopyMemory();
    const body = new BodyCopy(memory);
    assert.equal(body.add(pieceOf('x'.repeat(MOST_WAITING_BYTES))), true);
    assert.equal(body.add(pieceOf('x')), false);
    const others: BodyCopy[] = [];
    for (;;) {
      const other = new BodyCopy(memory);
      if (!other.add(pieceOf('x'.repeat(MOST_WAITING_BYTES)))) break;
      others.push(other);
    }
    assert.equal(others.length, 31);
    for (const other of others) other.clear();
    body.clear();
    assert.equal(memory.taken, 0);
    assert.equal(body.add(pieceOf('x')), true);
  });
});
