/** Streams become lines, however they are cut, and no line can fill the memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logLines } from '../../src/replay/log-lines.ts';

async function linesOf(...chunks: string[]): Promise<(string | undefined)[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
  }
  return Array.fromAsync(logLines(stream()));
}

test('lines are the same wherever the stream is cut', async () => {
  const text = 'one\ntwo\r\n\nf\xfcnf\nlast';
  const expected = ['one', 'two', '', 'f\xfcnf', 'last'];
  for (let cut = 0; cut <= text.length; cut += 1) {
    assert.deepEqual(await linesOf(text.slice(0, cut), text.slice(cut)), expected, String(cut));
  }
  assert.deepEqual(await linesOf(...text), expected);
  assert.deepEqual(await linesOf(), []);
});

test('the mark of UTF-8 is no part of the first line, and UTF-16 is no log', async () => {
  assert.deepEqual(await linesOf('\xef\xbb\xbfone\r\n\xef\xbb\xbftwo'), ['one', '\xef\xbb\xbftwo']);
  await assert.rejects(linesOf('\xff\xfeo\0n\0e\0'), /it is UTF-16, as PowerShell writes it: write UTF-8/);
});

test('a line that is too long is left out, and the next one is read', async () => {
  const long = 'x'.repeat(100_000);
  assert.deepEqual(await linesOf('a\n', long, long, long, '\nb\n'), ['a', undefined, 'b']);
  assert.deepEqual(await linesOf(long, long, long), [undefined], 'without an end');
});
