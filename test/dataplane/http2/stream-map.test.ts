import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StreamMap } from '../../../src/dataplane/http2/stream-map.ts';

describe('StreamMap', () => {
  it('has what a Map would have, in the order of the numbers', () => {
    const steps = fc.array(fc.record({ id: fc.integer({ min: 1, max: 160 }), isAdded: fc.boolean() }), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, given => {
        const map = new StreamMap<string>();
        const expected = new Map<number, string>();
        for (const { id, isAdded } of given) {
          if (!isAdded) {
            map.delete(id);
            expected.delete(id);
          } else if (!expected.has(id)) {
            map.set(id, `stream ${id}`);
            expected.set(id, `stream ${id}`);
          }
          assert.equal(map.get(id), expected.get(id));
        }
        assert.equal(map.size, expected.size);
        for (let id = 0; id <= 161; id += 1) assert.equal(map.get(id), expected.get(id));
        const sorted = [...expected].sort(([a], [b]) => a - b).map(([, stream]) => stream);
        assert.deepEqual(map.values(), sorted);
      }),
    );
  });

  it('takes streams that follow each other, as many as come', () => {
    const map = new StreamMap<number>();
    for (let id = 1; id < 20_000; id += 2) {
      map.set(id, id);
      if (id > 200) map.delete(id - 200);
    }
    assert.equal(map.size, 100);
    assert.equal(map.values()[0], 19_801);
  });
});
