import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { formatDuration, parseDuration } from '../../src/formats/duration.ts';
import { quote } from '../../src/text/quote.ts';
import fc from '../support/property.ts';

const LONGEST_MS = 2 ** 31 - 1;

test('durations are read into milliseconds', () => {
  const table: [text: string, milliseconds: number][] = [
    ['500ms', 500],
    ['0ms', 0],
    ['0s', 0],
    ['5s', 5_000],
    ['90s', 90_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    [' 5s ', 5_000],
    ['007s', 7_000],
    [`${LONGEST_MS}ms`, LONGEST_MS],
  ];
  for (const [text, milliseconds] of table) assert.equal(parseDuration(text), milliseconds, text);
});

test('what is no duration is refused, and the message shows what was written', () => {
  for (const text of [
    '',
    '5',
    '5 s',
    '-5s',
    '+5s',
    '1.5s',
    '5S',
    '1d',
    'ms',
    '1h30m',
    '5s\n5s',
    '0x5s',
    '99999999999s',
  ]) {
    assert.throws(
      () => parseDuration(text),
      (error: unknown) =>
        error instanceof FormatError && error.code === 'BAD_VALUE' && error.message.includes(quote(text)),
      JSON.stringify(text),
    );
  }
});

test('a duration that a timer could not hold is refused', () => {
  assert.throws(() => parseDuration(`${LONGEST_MS + 1}ms`), /too long/);
  assert.throws(() => parseDuration('600h'), /too long/);
});

test('durations are written in the largest unit that holds them, with 60s for a minute', () => {
  const table: [milliseconds: number, text: string][] = [
    [0, '0s'],
    [1, '1ms'],
    [1_000, '1s'],
    [1_500, '1500ms'],
    [60_000, '60s'],
    [90_000, '90s'],
    [120_000, '2m'],
    [3_600_000, '60m'],
    [7_200_000, '2h'],
  ];
  for (const [milliseconds, text] of table) assert.equal(formatDuration(milliseconds), text);
});

test('every duration written can be read back', () => {
  const anyDuration = fc.oneof(
    fc.integer({ min: 0, max: LONGEST_MS }),
    fc.integer({ min: 0, max: 596 }).map(hours => hours * 3_600_000),
    fc.integer({ min: 0, max: 35_000 }).map(minutes => minutes * 60_000),
  );
  fc.assert(fc.property(anyDuration, ms => parseDuration(formatDuration(ms)) === ms));
});
