import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodedPath, decodePath } from '../../src/routing/decoded-path.ts';
import { normalisePath } from '../../src/routing/path.ts';
import fc from '../support/property.ts';

test('a path is compared as nginx does it: decoded, an encoded slash too, merged and resolved', () => {
  const rows: [path: string, decoded: string | undefined][] = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/', '/a/'],
    ['/%61', '/a'],
    ['/a%2Fb', '/a/b'],
    ['/a%2fb', '/a/b'],
    ['//a///b//', '/a/b/'],
    ['/a%2F%2Fb', '/a/b'],
    ['/a/./b', '/a/b'],
    ['/a/.', '/a/'],
    ['/a/..', '/'],
    ['/a/../b', '/b'],
    ['/a%2F..%2Fb', '/b'],
    ['/a/%2e%2e/b', '/b'],
    ['/a%2F%2e%2E', '/'],
    ['/a%2F..%2F..', undefined],
    ['/a/b%2F..%2F..%2F..%2Fc', undefined],
    // What an escape stands for is decoded once.
    ['/%252e%252e/a', '/%2e%2e/a'],
    ['/%25%32%66', '/%2f'],
    // They begin no query and no fragment.
    ['/a%3Fb%23c', '/a?b#c'],
    ['/a%0Ab', '/a\nb'],
    ['/caf%C3%A9', '/caf\xc3\xa9'],
    ['/caf\xc3\xa9', '/caf\xc3\xa9'],
    ['/a..', '/a..'],
    ['/...', '/...'],
    ['/.well-known/x', '/.well-known/x'],
    ['/..;/a', '/..;/a'],
    ['/a\\..\\b', '/a\\..\\b'],
  ];
  for (const [path, decoded] of rows) assert.equal(decodePath(path), decoded, path);
});

const anyPath = fc
  .array(fc.constantFrom('/', '.', '..', 'a', 'B', '%2F', '%2e', '%25', '%c3', '\xe9', '%3f', '+'), { maxLength: 12 })
  .map(pieces => `/${pieces.join('')}`)
  .filter(path => normalisePath(path) !== undefined);

test('what is compared holds no segment of dots and no empty one, whatever was encoded', () => {
  fc.assert(
    fc.property(anyPath, path => {
      const decoded = decodePath(path);
      if (decoded === undefined) return;
      assert.match(decoded, /^\//);
      const inner = decoded.split('/').slice(1, -1);
      assert.ok(
        inner.every(segment => segment !== '' && segment !== '.' && segment !== '..'),
        decoded,
      );
      assert.doesNotMatch(decoded, /(?:^|\/)\.\.?$/);
    }),
    { numRuns: 5_000 },
  );
});

test('a decoded path is worked out for each request anew', () => {
  const path = DecodedPath.of('/a%2F..%2F..');
  assert.equal(path.isRefused, false, 'it has not been asked for');
  assert.equal(path.value, undefined);
  assert.equal(path.isRefused, true);
  path.set('/%61');
  assert.equal(path.isRefused, false);
  assert.equal(path.value, '/a');
  assert.equal(path.isRefused, false);
});
