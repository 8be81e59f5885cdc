import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prettyLine } from '../../src/observe/pretty-line.ts';
import { COLOURED, PLAIN } from '../../src/text/colour.ts';

/** Noon by the clock of this machine. */
const TIME = new Date(2026, 10, 21, 12, 0, 0, 7).toISOString();

test('an entry is its time of day, its level, its message and its fields', () => {
  const line = JSON.stringify({ level: 30, time: TIME, listen: '127.0.0.1:8080', workers: 4, msg: 'listening' });
  assert.equal(prettyLine(line, PLAIN), '12:00:00.007 info  listening  listen=127.0.0.1:8080  workers=4\n');
});

test('a value that could be taken for more than one is quoted', () => {
  const line = JSON.stringify({
    level: 'warn',
    time: TIME,
    problem: 'a b',
    empty: '',
    list: [1],
    odd: 'x=y',
    msg: 'm',
  });
  assert.equal(prettyLine(line, PLAIN), '12:00:00.007 warn  m  problem="a b"  empty=""  list=[1]  odd="x=y"\n');
});

test('an error is its stack, indented below', () => {
  const err = { type: 'TypeError', message: 'no', stack: 'TypeError: no\n    at x' };
  const line = JSON.stringify({ level: 50, time: TIME, err, msg: 'a worker died' });
  assert.equal(prettyLine(line, PLAIN), '12:00:00.007 error a worker died\n    TypeError: no\n        at x\n');
});

test('colours are for the level and the names of fields', () => {
  const line = JSON.stringify({ level: 50, time: TIME, a: 1, msg: 'm' });
  assert.equal(
    prettyLine(line, COLOURED),
    '\x1b[2m12:00:00.007\x1b[22m \x1b[31merror\x1b[39m m  \x1b[36ma\x1b[39m=1\n',
  );
});

test('nothing in an entry can drive the terminal or begin another entry', () => {
  const hostile = 'x\x1b[2J\n\x9b31m\u202e\u2028';
  const err = { stack: `Error: ${hostile}` };
  const line = JSON.stringify({ level: 30, time: hostile, [hostile]: hostile, err, msg: hostile });
  const shown = prettyLine(line, PLAIN);
  assert.match(shown, /^[\x20-\x7e\n]+$/);
  assert.equal(shown.split('\n').length, 4, 'one line, two of the stack, and the line end');
});
