import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { SharedText } from '../../src/model/shared-text.ts';

test('a shared text reads back the same, whatever it holds, beside others', () => {
  const texts = ['', 'a', 'ü – 😀', 'x'.repeat(31_000), 'y'.repeat(40_000), 'z'.repeat(2_000), 'the last'];
  const shared = texts.map(SharedText.of);
  assert.deepEqual(shared.map(String), texts);
});

test('short texts share a piece of memory, and a long one has its own', () => {
  const [one, two, long] = ['one', 'two', 'x'.repeat(40_000)].map(text => SharedText.of(text).place);
  assert.equal(one?.memory, two?.memory);
  assert.notEqual(one?.memory, long?.memory);
});

test('another thread reads a text where it is, without a copy of its own', async () => {
  const text = SharedText.of('to be read over there');
  const { memory, start } = text.place;
  const worker = new Worker(
    `const { workerData: { memory, start, length } } = require('node:worker_threads');
     Buffer.from(memory, start, length).write('TO');`,
    { eval: true, workerData: text.place },
  );
  await new Promise(resolve => worker.once('exit', resolve));
  assert.equal(String(text), 'TO be read over there');
  assert.equal(Buffer.from(memory, start, 2).toString(), 'TO');
});

test('a shared text shows nothing of what it holds', () => {
  const text = SharedText.of('secret');
  assert.doesNotMatch(inspect(text, { showHidden: true, depth: 9 }) + JSON.stringify(text), /secret/);
});
