import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest } from '../../src/text/closest.ts';

const NAMES = ['path', 'host', 'port', 'strip-prefix', 'read-timeout', 'send-timeout'];

test('the nearest known name is found, whatever the case', () => {
  const table: [misspelt: string, meant: string | undefined][] = [
    ['paht', 'path'],
    ['PATH', 'path'],
    ['paths', 'path'],
    ['stripprefix', 'strip-prefix'],
    ['strip_prefix', 'strip-prefix'],
    ['read-timout', 'read-timeout'],
    ['red-timeout', 'read-timeout'],
    ['something-else', undefined],
    ['q', undefined],
  ];
  for (const [misspelt, meant] of table) assert.equal(closest(misspelt, NAMES), meant, misspelt);
});

test('nothing is near when nothing is known', () => {
  assert.equal(closest('path', []), undefined);
});
