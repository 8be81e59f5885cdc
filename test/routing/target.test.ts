import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strippedPrefix, upstreamPath } from '../../src/model/route.ts';
import { RouteTable } from '../../src/routing/table.ts';
import { emptyTarget, parseTarget, type RequestTarget } from '../../src/routing/target.ts';
import { route } from '../support/routes.ts';

function parse(target: string, mergeSlashes = true): RequestTarget | undefined {
  const into = emptyTarget();
  return parseTarget(target, mergeSlashes, into) ? into : undefined;
}

/** The request target that a Service at /volume gets for a client's target. A refusal and a missing route give other texts. */
function forwarded(target: string): string {
  const parsed = parse(target);
  if (parsed === undefined) return '400';
  const found = RouteTable.of([route('/volume')]).match(parsed.host, parsed.path);
  return found === undefined ? 'no match' : upstreamPath(strippedPrefix(found), parsed.path) + parsed.query;
}

test('a Service at /volume gets what the contract’s table says', () => {
  const table: [target: string, upstream: string][] = [
    ['/volume/api/v1/pools', '/api/v1/pools'],
    ['/volume', '/'],
    ['/volume/', '/'],
    ['/volume?x=1', '/?x=1'],
    ['/volumex', 'no match'],
    ['/volumes', 'no match'],
    ['/volume..', 'no match'],
    ['/volume../x', 'no match'],
    ['/volume%2e%2e/x', 'no match'],
    ['/Volume', 'no match'],
    ['/volume/a%2Fb', '/a%2Fb'],
    ['/volume%2Fa', 'no match'],
    ['/volume//a', '/a'],
    ['//volume/a', '/a'],
    ['/x/../volume/a', '/a'],
    ['/volume/../other', 'no match'],
    ['/..', '400'],
    ['/volume/../..', '400'],
    ['/volume/a%zz', '400'],
    ['/volume/a%00b', '400'],
    ['/volume/a?', '/a?'],
    ['/volume/a??b', '/a??b'],
    ['/volume/a?y=%2F//..', '/a?y=%2F//..'],
    ['http://h:81/volume/x', '/x'],
    ['http://h', 'no match'],
    ['http://h?q', 'no match'],
    ['*', '400'],
    ['volume/x', '400'],
    ['http:///x', '400'],
    ['http://u@h/x', '400'],
    // The rest of section 3, beside its table.
    ['/volume/a#b?c', '/a'],
    ['/volume#', '/'],
    ['/%76olume/%41', '/A'],
    ['/volume/a b', '400'],
    ['/volume/a?b c', '400'],
    ['/volume/a?b\x01', '400'],
    ['/volume/%', '400'],
  ];
  for (const [target, upstream] of table) assert.equal(forwarded(target), upstream, target);
});

test('`/volume/../other` is routed as `/other`', () => {
  assert.equal(parse('/volume/../other')?.path, '/other');
});

test('the absolute form gives the host; without a path it means the root', () => {
  const table: [target: string, path: string, query: string, host: string, authority?: string][] = [
    ['http://h:81/volume/x', '/volume/x', '', 'h', 'h:81'],
    ['http://h', '/', '', 'h'],
    ['http://h/', '/', '', 'h'],
    ['http://h?q', '/', '?q', 'h'],
    ['http://h#f', '/', '', 'h'],
    ['http://h:81?q#f', '/', '?q', 'h', 'h:81'],
    ['HTTPS://Example.COM./x', '/x', '', 'example.com', 'Example.COM.'],
    ['ftp://h/x', '/x', '', 'h'],
    ['http://[::1]:80/x', '/x', '', '[::1]', '[::1]:80'],
    ['http://h//x/../y', '/y', '', 'h'],
    ['/http://h/x', '/http:/h/x', '', ''],
    ['/x?u=http://h/', '/x', '?u=http://h/', ''],
  ];
  for (const [target, path, query, host, authority = host] of table) {
    const { rawPath: _, ...parsed } = parse(target) ?? emptyTarget();
    assert.deepEqual(parsed, { path, query, host, authority }, target);
  }
});

test('targets of other forms, or with a bad authority, are refused', () => {
  const forms = [
    '',
    '*',
    '?x',
    '#x',
    'h:80',
    'h',
    'http:/x',
    'http:x',
    '://h/x',
    '1http://h/x',
    'a b://h/',
    '/x y',
    ' /x',
    '/x ',
  ];
  const authorities = [
    'http://',
    'http:///x',
    'http://?q',
    'http://u@h/x',
    'http://u:p@h/x',
    'http://h:x/',
    'http://h:65536/',
    'http://a,b/',
    'http://a b/',
    'http://[::1/x',
    'http://h%41/',
  ];
  for (const target of [...forms, ...authorities]) {
    assert.equal(parse(target), undefined, JSON.stringify(target));
  }
});

test('a control character or a space is refused wherever it stands', () => {
  for (const character of ['\0', '\x01', '\t', '\n', '\r', ' ', '\x1f', '\x7f']) {
    for (const target of [`/a${character}`, `/a?b${character}c`, `/a#b${character}c`, `http://h${character}/`]) {
      assert.equal(parse(target), undefined, JSON.stringify(target));
    }
  }
});

test('with merge-slashes off, slashes go on as they came', () => {
  assert.deepEqual(parse('/volume//a?b', false), {
    path: '/volume//a',
    rawPath: '/volume//a',
    query: '?b',
    host: '',
    authority: '',
  });
});

test('a target leaves nothing behind for the next', () => {
  const into = emptyTarget();
  assert.ok(parseTarget('http://h/x?q', true, into));
  assert.ok(parseTarget('/y', true, into));
  assert.deepEqual(into, { path: '/y', rawPath: '/y', query: '', host: '', authority: '' });
});
