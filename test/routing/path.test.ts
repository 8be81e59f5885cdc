import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalisePath, upperCaseEscapes } from '../../src/routing/path.ts';
import fc from '../support/property.ts';

test('paths are normalised: unreserved escapes decoded, dot segments resolved, slashes merged', () => {
  const table: [path: string, normal: string][] = [
    ['/', '/'],
    ['/volume/api/v1/pools', '/volume/api/v1/pools'],
    ['/volume/', '/volume/'],
    ['//', '/'],
    ['///volume///api', '/volume/api'],
    ['/volume//', '/volume/'],
    ['/./x', '/x'],
    ['/x/.', '/x/'],
    ['/x/./', '/x/'],
    ['/x/..', '/'],
    ['/x/../', '/'],
    ['/x/y/..', '/x/'],
    ['/x/../volume/a', '/volume/a'],
    ['/x//../volume', '/volume'],
    ['/%2e/x', '/x'],
    ['/x/%2E%2e/y', '/y'],
    ['/x/.%2e/y', '/y'],
    ['/%76olume/a', '/volume/a'],
    ['/%7Euser/%2D%5f%2e', '/~user/-_.'],
    // Dots that are no dot segments.
    ['/.well-known/x', '/.well-known/x'],
    ['/...', '/...'],
    ['/volume..', '/volume..'],
    ['/volume%2e%2e/x', '/volume../x'],
    ['/x/..;/y', '/x/..;/y'],
    // Reserved characters keep their escapes, as they came.
    ['/a%2Fb', '/a%2Fb'],
    ['/a%2fb', '/a%2fb'],
    ['/a%2F..%2Fb', '/a%2F..%2Fb'],
    ['/a%20b%25%3F%23', '/a%20b%25%3F%23'],
    ['/caf%C3%a9', '/caf%C3%a9'],
    // Decoded once, never twice.
    ['/%252e%252e/x', '/%252e%252e/x'],
    ['/a%0d%0a', '/a%0d%0a'],
    ['/caf\xc3\xa9', '/caf\xc3\xa9'],
    ['/"<>\\^`{|}', '/"<>\\^`{|}'],
  ];
  for (const [path, normal] of table) assert.equal(normalisePath(path), normal, path);
});

test('paths that must be refused are', () => {
  const bad = [
    '',
    'x',
    '*',
    '%2Fx',
    '/..',
    '/../x',
    '/x/../..',
    '/volume/../..',
    '/%2e%2e',
    '/x/../../x',
    '//..',
    '/./..',
  ];
  const escapes = ['/%', '/a%2', '/a%zz', '/a%2g', '/a%g2', '/a%%41', '/a%00b', '/%u0041', '/a%-1', '/a% 1'];
  const raw = ['/a b', '/a\tb', '/a\nb', '/a\rb', '/\0', '/a\x7f', '/a\x1f'];
  for (const path of [...bad, ...escapes, ...raw]) assert.equal(normalisePath(path), undefined, JSON.stringify(path));
});

test('with merge-slashes off, empty segments stay', () => {
  const table: [path: string, normal: string | undefined][] = [
    ['/volume//a', '/volume//a'],
    ['//', '//'],
    ['/a//../b', '/a/b'],
    ['/a//..', '/a/'],
    ['/a/./b', '/a/b'],
    ['/%61//b', '/a//b'],
    ['/..', undefined],
  ];
  for (const [path, normal] of table) assert.equal(normalisePath(path, false), normal, path);
});

/** Paths made of what matters to normalisation. */
const trickyPath = fc
  .array(
    fc.constantFrom(
      '/',
      '/',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2F',
      '%2f',
      '%41',
      '%7e',
      '%25',
      '%C3%a9',
      '%',
      '%0',
      'a',
      'B',
      ';',
      ' ',
    ),
    { maxLength: 12 },
  )
  .map(pieces => `/${pieces.join('')}`);

test('a normalised path has no dot segments, no double slashes and no escaped unreserved characters', () => {
  fc.assert(
    fc.property(trickyPath, path => {
      const normal = normalisePath(path);
      if (normal === undefined) return;
      assert.equal(normal[0], '/');
      assert.ok(!normal.includes('//'), normal);
      const segments = normal.split('/');
      assert.ok(!segments.includes('.') && !segments.includes('..'), normal);
      assert.ok(!/%(?:2[de]|3\d|[46][1-9a-f]|[57][0-9a]|5f|7e)/i.test(normal), normal);
    }),
    { numRuns: 5_000 },
  );
});

test('normalising twice is normalising once, with slashes merged or not', () => {
  fc.assert(
    fc.property(trickyPath, fc.boolean(), (path, mergeSlashes) => {
      const normal = normalisePath(path, mergeSlashes);
      if (normal !== undefined) assert.equal(normalisePath(normal, mergeSlashes), normal);
    }),
    { numRuns: 5_000 },
  );
});

test('no escaped slash is made or unmade, but by the `..` that removes its segment', () => {
  const escapedSlashes = (path: string) => (path.match(/%2f/gi) ?? []).length;
  fc.assert(
    fc.property(trickyPath, path => {
      const normal = normalisePath(path);
      if (normal === undefined) return;
      const climbs = path.split('/').some(segment => /^(?:\.|%2e){2}$/i.test(segment));
      if (climbs) assert.ok(escapedSlashes(normal) <= escapedSlashes(path));
      else assert.equal(escapedSlashes(normal), escapedSlashes(path));
    }),
    { numRuns: 5_000 },
  );
});

test('a path that needs nothing is not changed', () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]{0,8}$/);
  const escaped = fc.constantFrom('%2F', '%20', '%C3%A9', '%25', '%3f');
  const plain = fc
    .tuple(fc.array(fc.oneof(segment, escaped), { maxLength: 6 }), fc.boolean())
    .map(([segments, slash]) => `/${segments.join('/')}${slash && segments.length > 0 ? '/' : ''}`);
  fc.assert(fc.property(plain, path => normalisePath(path) === path));
});

test('escapes are put in upper case and nothing else is', () => {
  assert.equal(upperCaseEscapes('/caf%c3%A9/%2fx'), '/caf%C3%A9/%2Fx');
  assert.equal(upperCaseEscapes('/lower/case'), '/lower/case');
  assert.equal(upperCaseEscapes('/100%zz'), '/100%zz');
});
