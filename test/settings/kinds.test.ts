import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressRanges,
  choice,
  count,
  duration,
  filePath,
  type Kind,
  list,
  listenAddress,
  onOff,
  percent,
  redisUrl,
  size,
  timeout,
} from '../../src/settings/kinds.ts';

type Reader = Pick<Kind<unknown>, 'schema'>;

function read(kind: Reader, value: unknown): unknown {
  const result = kind.schema.safeParse(value);
  return result.success ? result.data : undefined;
}

test('each kind of value is read from text, and from what YAML and JSON make of it', () => {
  const rows: [kind: Reader, from: unknown, value: unknown][] = [
    [timeout, '5s', 5_000],
    [duration, '0s', 0],
    [size, '10m', 10_485_760],
    [size, 512, 512],
    [percent, '33', 33],
    [percent, '33%', 33],
    [percent, '100 %', 100],
    [percent, 1, 1],
    [count(1, 10), '10', 10],
    [count(1, 10), 1, 1],
    [listenAddress, ':80', { host: '0.0.0.0', port: 80 }],
    [choice('off', 'json'), 'json', 'json'],
    [onOff, 'on', true],
    [onOff, 'off', false],
    [onOff, 'true', true],
    [onOff, false, false],
    [list, 'a, b,,c', ['a', 'b', 'c']],
    [list, ['a ', '', 'b'], ['a', 'b']],
    [list, '', []],
    [addressRanges, '10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
    [redisUrl, '', ''],
    [redisUrl, 'rediss://user:word@redis:6380/2', 'rediss://user:word@redis:6380/2'],
    [filePath, 'a b', 'a b'],
    [filePath, 7, '7'],
  ];
  for (const [kind, from, value] of rows) assert.deepEqual(read(kind, from), value, JSON.stringify(from));
});

test('everything else is refused', () => {
  const rows: [kind: Reader, from: unknown][] = [
    [timeout, '0s'],
    [timeout, 5],
    [timeout, null],
    [duration, '5'],
    [duration, true],
    [size, '10mb'],
    [size, -1],
    [size, 1.5],
    [percent, '0%'],
    [percent, '101%'],
    [percent, '33.3%'],
    [percent, '%'],
    [percent, 'a third'],
    [count(1, 10), '0'],
    [count(1, 10), 11],
    [count(1, 10), '1.0'],
    [count(1, 10), 'ten'],
    [count(1, 10), ''],
    [count(0, 10), '0x1'],
    [listenAddress, 'localhost:80'],
    [choice('off', 'json'), 'JSON'],
    [choice('off', 'json'), null],
    [choice('off', 'json'), false],
    [onOff, 'yes'],
    [onOff, 1],
    [onOff, null],
    [onOff, ['on']],
    // Names that every object answers to.
    [onOff, 'constructor'],
    [onOff, 'toString'],
    [choice('off', 'json'), 'constructor'],
    [list, 7],
    [list, [7]],
    [list, { a: 1 }],
    [addressRanges, '10.0.0.0/8,nonsense'],
    [filePath, true],
    [filePath, ['a']],
  ];
  for (const [kind, from] of rows) assert.equal(read(kind, from), undefined, JSON.stringify(from));
});

test('a word that is no choice is quoted, with the nearest there is', () => {
  const complaint = (value: unknown) => choice('off', 'combined').schema.safeParse(value).error?.issues[0]?.message;
  assert.equal(complaint('combind'), '"combind" must be one of off, combined; did you mean combined?');
  assert.equal(complaint('something else'), '"something else" must be one of off, combined');
  for (const value of [null, 7, ['off'], { toString: null }]) {
    assert.equal(complaint(value), 'must be one of off, combined', JSON.stringify(value));
  }
});

test('the URL of a Redis is shown without its password, and a bad one is not repeated', () => {
  assert.equal(redisUrl.write('redis://user:word@redis:6379'), 'redis://user:***@redis:6379');
  assert.equal(redisUrl.write(''), '');
  for (const bad of ['redis:6379', 'http://user:word@redis', 'redis://', 'redis://redis/x?word', 'word']) {
    const result = redisUrl.schema.safeParse(bad);
    assert.ok(!result.success, bad);
    assert.ok(!JSON.stringify(result.error.issues).includes('word'), bad);
  }
});
