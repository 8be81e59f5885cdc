import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SendLimit } from '../../../src/dataplane/http2/server/send-limit.ts';
import type { ConnectionLimits } from '../../../src/dataplane/pipeline/ports.ts';
import { type TimeLimit, TimerWheel } from '../../../src/dataplane/runtime/timer-wheel.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SEND_TIMEOUT_MS = 4_000;

/** A client that takes something when a test says so, and a time limit for it. */
class Client {
  readonly streams = { takesSome: (): boolean => this.takes };
  takes = false;
  end: string | undefined;

  destroy(_error: string, reason: string): void {
    this.end = reason;
  }

  crashed(error: unknown): void {
    throw error;
  }
}

function limited(t: { after(end: () => void): void }) {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  wheel.start();
  t.after(() => wheel.stop());
  const limits: Pick<ConnectionLimits, 'ending' | 'none' | 'remove'> = {
    ending: (limit: TimeLimit) => {
      limit.limitMs = SEND_TIMEOUT_MS;
      wheel.set(limit, SEND_TIMEOUT_MS);
    },
    none: limit => wheel.clear(limit),
    remove: limit => wheel.remove(limit),
  };
  const client = new Client();
  return { clock, client, limit: new SendLimit(limits as ConnectionLimits, client) };
}

test('a client that takes nothing for send-timeout is ended, however much is written meanwhile', async t => {
  const { clock, client, limit } = limited(t);
  limit.begins();
  for (let second = 0; second < 5 && client.end === undefined; second += 1) {
    await clock.pass(1_000);
    limit.begins();
  }
  assert.equal(client.end, 'client_send_timeout');
});

test('one that takes some has as long again', async t => {
  const { clock, client, limit } = limited(t);
  client.takes = true;
  limit.begins();
  await clock.pass(3 * SEND_TIMEOUT_MS);
  assert.equal(client.end, undefined);
  client.takes = false;
  await clock.pass(2 * SEND_TIMEOUT_MS);
  assert.equal(client.end, 'client_send_timeout');
});

test('one that has taken all is not waited for', async t => {
  const { clock, client, limit } = limited(t);
  limit.begins();
  limit.ends();
  await clock.pass(2 * SEND_TIMEOUT_MS);
  assert.equal(client.end, undefined);
  limit.begins();
  limit.remove();
  await clock.pass(2 * SEND_TIMEOUT_MS);
  assert.equal(client.end, undefined);
});
