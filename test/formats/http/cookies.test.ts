import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieValue } from '../../../src/formats/http/cookies.ts';
import { queryValue } from '../../../src/formats/http/query.ts';

test('a cookie is found by its whole name, wherever it stands, and the first of several counts', () => {
  const header = 'ab=1; a=2;a=3;  c="x y" ; d=; e; =f; b=g=h';
  const values = ['ab', 'a', 'b', 'c', 'd', 'e', 'x', 'g'].map(name => cookieValue(header, name));
  assert.deepEqual(values, ['1', '2', 'g=h', '"x y"', '', '', '', '']);
  assert.equal(cookieValue('', 'a'), '');
  assert.equal(cookieValue('b; a=1', 'b; a'), '', 'a name does not reach into the next cookie');
});

test('a parameter of a query is found by its whole name, as it stands there, and the first of several counts', () => {
  const query = '?ab=1&a=%20x&a=3&c=&d&=e&f=g=h';
  const values = ['ab', 'a', 'c', 'd', 'f', 'b', 'A'].map(name => queryValue(query, name));
  assert.deepEqual(values, ['1', '%20x', '', '', 'g=h', '', '']);
  assert.equal(queryValue('', 'a'), '');
  assert.equal(queryValue('a=1', 'a'), '1');
});
