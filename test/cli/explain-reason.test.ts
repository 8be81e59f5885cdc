/** What a reason of the access log means: `explain --reason WORD`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURE_REASONS, FAILURES } from '../../src/failures/failures.ts';
import { runHere } from './cli-fixture.ts';

test('every reason is explained: what it means and what to do', async () => {
  for (const reason of FAILURE_REASONS) {
    const { code, stdout, stderr } = await runHere(['explain', '--reason', reason]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    const text = stdout.replace(/\s+/g, ' ');
    const { meaning, remedy, status } = FAILURES[reason];
    for (const part of [reason, meaning, remedy, status === 0 ? 'cut' : String(status)]) assert.ok(text.includes(part));
  }
});

test('a reason says in one sentence what happened, and in one what to do', () => {
  for (const reason of FAILURE_REASONS) {
    const { meaning, remedy } = FAILURES[reason];
    assert.match(reason, /^[a-z]+(?:_[a-z0-9]+)*$/);
    for (const sentence of [meaning, remedy]) assert.match(sentence, /^[A-Z].*\.$/s, reason);
  }
});

test('list prints them all, for people and for scripts', async () => {
  const { code, stdout } = await runHere(['explain', '--reason', 'list']);
  assert.equal(code, 0);
  const words = stdout
    .split('\n')
    .slice(1, -1)
    .map(line => line.split(' ')[0]);
  assert.deepEqual(words, FAILURE_REASONS);
  const json = JSON.parse((await runHere(['explain', '--reason', 'list', '-o', 'json'])).stdout);
  assert.deepEqual(
    json.reasons.map((row: { reason: string }) => row.reason),
    FAILURE_REASONS,
  );
});

test('for scripts, a response that is cut has no status', async () => {
  const { stdout } = await runHere(['explain', '--reason', 'response_cut_by_close', '--output', 'json']);
  const { meaning, remedy } = FAILURES.response_cut_by_close;
  assert.deepEqual(JSON.parse(stdout), {
    reason: 'response_cut_by_close',
    status: null,
    source: 'upstream',
    mayRetry: false,
    meaning,
    remedy,
  });
});

test('an unknown word is a usage error that says what was meant', async () => {
  const near = await runHere(['explain', '--reason', 'upstream_refsued']);
  assert.equal(near.code, 2);
  assert.match(near.stderr, /--reason: "upstream_refsued" is not a reason; did you mean upstream_refused\?/);
  const far = await runHere(['explain', '--reason', 'x'.repeat(100)]);
  assert.equal(far.code, 2);
  assert.match(far.stderr, /is not a reason; --reason list prints every reason/);
  const hostile = await runHere(['explain', '--reason', '\x1b[2Jconstructor']);
  assert.equal(hostile.code, 2);
  assert.doesNotMatch(hostile.stderr, /\x1b/);
});

test('a path and a reason together, or neither, are usage errors', async () => {
  const both = await runHere(['explain', '/a', '--reason', 'no_route']);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /takes \[HOST\]PATH or --reason, not both/);
  const neither = await runHere(['explain']);
  assert.equal(neither.code, 2);
  assert.match(neither.stderr, /explain: \[HOST\]PATH is missing, as in kube-entry explain \/volume/);
});
