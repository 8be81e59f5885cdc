/** Who has what: each worker at its own pace. The workers here are only what is sent to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PrivateKey } from '../../src/model/certificate.ts';
import type { PublishedRoute } from '../../src/model/delta.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import { CounterBoard } from '../../src/observe/counter-board.ts';
import { EndpointBoard } from '../../src/observe/endpoint-board.ts';
import { RouteTable } from '../../src/routing/table.ts';
import { DEFAULTS } from '../../src/settings/schema.ts';
import { Distribution, type Receipt } from '../../src/workers/distribution.ts';
import type { Change } from '../../src/workers/messages.ts';
import { certificateOfShared } from '../../src/workers/packed-certificates.ts';
import { type PackedDelta, unpack } from '../../src/workers/packed-delta.ts';
import type { Subscription } from '../../src/workers/subscription.ts';
import { deltaOf, route } from '../support/routes.ts';

class FakeWorker {
  readonly sent: { readonly number: number; readonly change: Change }[] = [];
  readonly subscription: Subscription;
  readonly #distribution: Distribution;
  #table = RouteTable.of<PublishedRoute>([], 0);

  constructor(distribution: Distribution) {
    const { snapshot } = distribution.inForce;
    this.#distribution = distribution;
    this.#take(snapshot);
    this.subscription = distribution.subscribe((number, change) => void this.sent.push({ number, change }));
  }

  /** Takes what has been sent last; the first time, what it started with. */
  answer(): void {
    const last = this.sent.at(-1);
    this.#take(last?.change.delta);
    this.#distribution.acknowledged(this.subscription, last?.number ?? 0, this.#table.version);
  }

  #take(packed: readonly PackedDelta[] = []): void {
    for (const part of packed) {
      const { version, routes } = unpack(part);
      this.#table = this.#table.apply({ version, ...routes });
    }
  }

  get paths(): string[] {
    return [...this.#table.routes()].map(({ path }) => path).sort();
  }
}

function running(workers: number) {
  const distribution = new Distribution({
    board: new CounterBoard(),
    endpoints: new EndpointBoard(1),
    settings: DEFAULTS,
    errorPage: undefined,
    affinityKeys: [],
    defaultCertificate: undefined,
    ticketKeys: Buffer.alloc(48),
  });
  const fakes = Array.from({ length: workers }, () => new FakeWorker(distribution));
  for (const fake of fakes) {
    fake.answer();
    fake.answer();
  }
  let version = 0;
  const publish = (added: readonly string[], removed: readonly string[] = []): Receipt => {
    version += 1;
    const upserts = added.map(path => route(path));
    return distribution.publish(deltaOf({ version, upserts, removals: removed.map(path => ({ host: '', path })) }));
  };
  return { distribution, fakes, publish };
}

/** Whether it has resolved by the next turn of the event loop. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise(resolve => setImmediate(resolve));
  return done;
}

test('a worker that is busy gets one change with the newest of everything, the other one gets each', async () => {
  const { distribution, fakes, publish } = running(2);
  const [busy, quick] = fakes as [FakeWorker, FakeWorker];
  const before = [busy.sent.length, quick.sent.length];
  publish(['/a', '/b']);
  quick.answer();
  publish(['/c'], ['/a']);
  quick.answer();
  distribution.updateSettings({ ...DEFAULTS, sendTimeout: 1 });
  distribution.updateSettings({ ...DEFAULTS, sendTimeout: 2 });
  quick.answer();
  quick.answer();
  const last = publish(['/a'], ['/b']);
  quick.answer();
  assert.deepEqual(quick.paths, ['/a', '/c']);
  assert.equal(busy.sent.length - (before[0] ?? 0), 1, 'it has not answered yet');

  busy.answer();
  assert.equal(busy.sent.length - (before[0] ?? 0), 2);
  assert.equal(busy.sent.at(-1)?.change.settings?.sendTimeout, 2);
  assert.equal(await isDone(last.everywhere), false);
  busy.answer();
  assert.deepEqual(busy.paths, quick.paths);
  assert.equal(await isDone(last.everywhere), true);
});

test('nothing waits for a worker that is late, and its answer is still waited for where all must have it', async () => {
  const { distribution, fakes, publish } = running(2);
  const [hung, quick] = fakes as [FakeWorker, FakeWorker];
  const receipt = publish(['/a']);
  quick.answer();
  distribution.pass(4_000);
  quick.answer();
  assert.equal(await isDone(receipt.answering), false);
  distribution.pass(1_000);
  assert.equal(hung.subscription.isLate, true);
  assert.equal(await isDone(receipt.answering), true);
  assert.equal(await isDone(receipt.everywhere), false);

  const next = publish(['/b']);
  quick.answer();
  quick.answer();
  assert.equal(await isDone(next.answering), true, 'at once');
  hung.answer();
  hung.answer();
  assert.equal(await isDone(next.everywhere), true);
  assert.deepEqual(hung.paths, ['/a', '/b']);
});

test('a worker that died counts no more, and the next one starts with everything', async () => {
  const { distribution, fakes, publish } = running(2);
  const [dead, quick] = fakes as [FakeWorker, FakeWorker];
  const receipt = publish(['/a']);
  quick.answer();
  assert.equal(await isDone(receipt.everywhere), false);
  distribution.unsubscribe(dead.subscription);
  assert.equal(await isDone(receipt.everywhere), true);
  assert.deepEqual(new FakeWorker(distribution).paths, ['/a']);
});

test('what comes while a worker starts is sent to it when it has started, and so is nothing', () => {
  const { distribution, publish } = running(0);
  const [first, second] = [new FakeWorker(distribution), new FakeWorker(distribution)];
  first.answer();
  publish(['/a']);
  assert.equal(second.sent.length, 0);
  second.answer();
  assert.deepEqual(first.sent[0]?.change, {}, 'it listens when it has had its first change');
  assert.equal(second.sent[0]?.number, 1);
  second.answer();
  assert.deepEqual(second.paths, ['/a']);
});

test('a worker is asked whether it answers, and how long it owes an answer is counted', () => {
  const { distribution, fakes } = running(1);
  const [only] = fakes as [FakeWorker];
  const before = only.sent.length;
  distribution.pass(1_000);
  assert.equal(only.subscription.silentMs, 0);
  assert.deepEqual(only.sent.slice(before), [{ number: 0, change: {} }]);
  distribution.pass(1_000);
  distribution.pass(1_000);
  assert.equal(only.subscription.silentMs, 2_000);
  assert.equal(only.sent.length, before + 1, 'asked once');
  only.answer();
  assert.equal(only.subscription.silentMs, 0);
});

test('a change that fails changes nothing', () => {
  const { distribution, publish } = running(1);
  publish(['/a']);
  const bad = route('/b');
  Object.defineProperty(bad, 'path', {
    enumerable: true,
    get: () => {
      throw new Error('a bug');
    },
  });
  assert.throws(() => distribution.publish(deltaOf({ version: 2, upserts: [bad], removals: [] })), /a bug/);
  assert.equal(distribution.table.version, 1);
  assert.deepEqual(new FakeWorker(distribution).paths, ['/a']);
});

test('the default certificate reaches workers that run, and those that start later', () => {
  const { distribution, fakes } = running(1);
  const [only] = fakes as [FakeWorker];
  assert.equal(distribution.inForce.defaultCertificate, undefined);
  const certificate = { id: 'one', chain: SharedText.of('a chain'), key: new PrivateKey('a key') };
  distribution.updateDefaultCertificate(certificate);
  const packed = only.sent.at(-1)?.change.defaultCertificate;
  assert.ok(packed !== undefined);
  const { id, chain, key } = certificateOfShared(packed);
  assert.deepEqual([id, `${chain}`, key.reveal()], ['one', 'a chain', 'a key']);
  assert.deepEqual(distribution.inForce.defaultCertificate, packed);
});
