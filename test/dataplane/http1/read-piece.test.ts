import assert from 'node:assert/strict';
import test from 'node:test';
import { ReadPiece } from '../../../src/dataplane/http1/read-piece.ts';
import { ClientMemory } from '../../../src/dataplane/transport/client-memory.ts';
import { Inlet, ReadBuffers } from '../../../src/dataplane/transport/read-buffers.ts';

const inlet = new Inlet(new ReadBuffers(new ClientMemory(1 << 20, () => 0)));

test('any part of a piece can be copied, however its data is scattered', () => {
  const piece = new ReadPiece(inlet);
  const bytes = Buffer.from('..abc....d..efgh.');
  const data = 'abcdefgh';
  piece.setRanges(bytes, [2, 5, 9, 10, 12, 16], data.length, bytes.length);
  for (let start = 0; start <= data.length; start += 1) {
    for (let end = start; end <= data.length; end += 1) {
      const target = Buffer.alloc(12, '-');
      piece.copy(target, 3, start, end);
      assert.equal(target.toString(), `---${data.slice(start, end)}`.padEnd(12, '-'), `${start} to ${end}`);
    }
  }
});

test('the end of a body without data has nothing to copy', () => {
  const piece = new ReadPiece(inlet);
  piece.setEnd();
  const target = Buffer.from('untouched');
  piece.copy(target, 0, 0, 0);
  assert.equal(target.toString(), 'untouched');
});
