/** How much a client may cost without being served, to the request and to the byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Misbehaviour } from '../../../src/dataplane/http2/server/misbehaviour.ts';

const MIB = 1024 * 1024;

/** How many streams may end early at a moment. */
function granted(misbehaviour: Misbehaviour, now: number): number {
  let count = 0;
  while (!misbehaviour.ended(now)) count += 1;
  return count;
}

test('a thousand streams may end early at once, and 33 more each second, but never more than a thousand', () => {
  const client = new Misbehaviour();
  assert.equal(granted(client, 0), 1_000);
  // The one that went too far is counted, too.
  assert.equal(granted(client, 1_000), 33 - 1);
  assert.equal(granted(client, 3_000), 66 - 1);
  assert.equal(granted(client, 3_600_000), 1_000);
});

test('frames that carry nothing may be eight times what is of use, and 8 MiB beyond it', () => {
  const idle = new Misbehaviour();
  assert.equal(idle.received(8 * MIB), false);
  assert.equal(idle.received(1), true);
  const busy = new Misbehaviour();
  busy.served(MIB);
  assert.equal(busy.received(7 * MIB + 8 * MIB), false);
  assert.equal(busy.received(1), true);
  const uploading = new Misbehaviour();
  uploading.carried(MIB);
  assert.equal(uploading.received(16 * MIB), false);
  assert.equal(uploading.received(1), true);
});
