import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieValue, cookieValues, withoutCookie } from '../../../src/formats/http/cookies.ts';
import { queryValue } from '../../../src/formats/http/query.ts';
import fc from '../../support/property.ts';

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

test('one cookie is found and taken out, however it is spelt, and nothing else changes', () => {
  const rows: [header: string, values: string[], rest: string][] = [
    ['', [], ''],
    ['k=v', ['v'], ''],
    ['k=', [''], ''],
    ['a=1; k=v; b=2', ['v'], 'a=1; b=2'],
    ['k=v; a=1', ['v'], 'a=1'],
    ['a=1; k=v', ['v'], 'a=1'],
    ['a=1;k=v;b=2', ['v'], 'a=1;b=2'],
    ['k=one; k=two', ['one', 'two'], ''],
    ['k=one; a=1;\t k = two ;b=2', ['one', 'two'], 'a=1;b=2'],
    ['a=k=v; kk=v; K=v; xk=1', [], 'a=k=v; kk=v; K=v; xk=1'],
    ['k; a=1', [], 'k; a=1'],
    ['a="x;k=v;"', ['v'], 'a="x;"'],
    [';; k=v ;; a=1 ;', ['v'], ';;; a=1 ;'],
    ['k=a=b', ['a=b'], ''],
    ['k="v"', ['"v"'], ''],
    ['a=\xa0k=v', [], 'a=\xa0k=v'],
  ];
  for (const [header, values, rest] of rows) {
    assert.deepEqual(cookieValues(header, 'k'), values, header);
    assert.equal(withoutCookie(header, 'k'), rest, header);
  }
});

test('what is taken out is gone, and what is left was there', () => {
  const header = fc.string({ unit: fc.constantFrom('k', 'a', '=', ';', ' ', '\t', '"', 'é'), maxLength: 40 });
  fc.assert(
    fc.property(header, text => {
      const rest = withoutCookie(text, 'k');
      assert.deepEqual(cookieValues(rest, 'k'), []);
      const others = (one: string): string[] =>
        one
          .split(';')
          .map(pair => pair.trim())
          .filter(pair => pair !== '' && !/^k[ \t]*=/.test(pair));
      assert.deepEqual(others(rest), others(text));
    }),
  );
});
