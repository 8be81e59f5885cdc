import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../src/routing/explain.ts';
import { RouteTable } from '../../src/routing/table.ts';
import fc from '../support/property.ts';
import { route } from '../support/routes.ts';

const ROUTES = [
  route('/'),
  route('/volume'),
  route('/volume/snapshots'),
  route('/vol'),
  route('/volume', { host: 'example.com' }),
  route('/volume', { host: '*.example.com' }),
  route('/', { host: 'other.org' }),
  route('/VOLUME', { host: 'example.com' }),
  route('/caf%C3%A9'),
  route('/caf%C3%A9/menu'),
];
const TABLE = RouteTable.of(ROUTES);

function reasons(host: string, target: string): Record<string, string> {
  const losers = explain(TABLE, host, target)?.losers ?? [];
  return Object.fromEntries(losers.map(({ route: { host, path }, reason }) => [host + path, reason]));
}

test('the route, the path as matched and what the upstream gets', () => {
  const explanation = explain(TABLE, 'Example.com:8080', '/x/..//volume/a?b');
  assert.equal(explanation?.host, 'example.com');
  assert.equal(explanation?.path, '/volume/a');
  assert.equal(explanation?.route, ROUTES[4]);
  assert.equal(explanation?.upstreamTarget, '/a?b');
});

test('every route that came near has the reason why it lost', () => {
  assert.deepEqual(reasons('example.com', '/volume/a'), {
    '/': 'a more specific host wins',
    '/volume': 'a more specific host wins',
    '/vol': 'the path only begins like it: prefixes end at a slash',
    '*.example.com/volume': 'it is for another host',
    'other.org/': 'it is for another host',
    'example.com/VOLUME': 'the path differs in upper and lower case',
  });
  assert.deepEqual(reasons('localhost', '/volume/snapshots'), {
    '/': 'a longer path of the same host wins',
    '/volume': 'a longer path of the same host wins',
    '/vol': 'the path only begins like it: prefixes end at a slash',
    'example.com/volume': 'it is for another host',
    '*.example.com/volume': 'it is for another host',
    'other.org/': 'it is for another host',
  });
});

test('escapes in lower case are no difference between upper and lower case', () => {
  assert.equal(explain(TABLE, '', '/caf%c3%a9/menu/x')?.route, ROUTES[9]);
  assert.equal(reasons('', '/caf%c3%a9/menu/x')['/caf%C3%A9'], 'a longer path of the same host wins');
});

test('an absolute URL brings its own host', () => {
  const explanation = explain(TABLE, 'localhost', 'http://a.example.com/volume');
  assert.equal(explanation?.host, 'a.example.com');
  assert.equal(explanation?.route, ROUTES[5]);
  assert.equal(explanation?.upstreamTarget, '/');
});

test('no route is an answer too, and what would get 400 has none', () => {
  const empty = explain(RouteTable.EMPTY, '', '/x');
  assert.deepEqual(empty, {
    ...{ host: '', path: '/x', query: '', route: undefined },
    ...{ rule: undefined, upstreamPath: '', upstreamTarget: undefined, losers: [] },
  });
  for (const [host, target] of [
    ['', '/..'],
    ['', 'volume'],
    ['a b', '/x'],
    ['h:x', '/x'],
  ] as const) {
    assert.equal(explain(TABLE, host, target), undefined, `${host} ${target}`);
  }
});

test('merge-slashes off is taken into account', () => {
  assert.equal(explain(TABLE, '', '//volume/a', false)?.route, ROUTES[0]);
  assert.equal(explain(TABLE, '', '//volume/a', true)?.route, ROUTES[1]);
});

test('an explanation agrees with the table, and its route is among neither losers nor strangers', () => {
  const path = fc.array(fc.constantFrom('/', 'volume', 'vol', 'VOLUME', 'snapshots', 'caf%c3%a9', 'x'), {
    maxLength: 6,
  });
  const host = fc.constantFrom('', 'example.com', 'a.example.com', 'other.org', 'localhost');
  fc.assert(
    fc.property(fc.subarray(ROUTES), host, path, (routes, requestHost, pieces) => {
      const table = RouteTable.of(routes);
      const target = `/${pieces.join('')}`;
      const explanation = explain(table, requestHost, target);
      assert.ok(explanation !== undefined);
      assert.equal(explanation.route, table.match(requestHost, explanation.path));
      const losers = explanation.losers.map(loser => loser.route);
      assert.ok(!losers.some(loser => loser === explanation.route));
      assert.equal(new Set(losers).size, losers.length);
    }),
    { numRuns: 1_000 },
  );
});

const location = (host: string, path: string, match?: 'exact' | 'regex') =>
  route(path, { host, profile: 'ingress', stripPrefix: false, ...(match && { match }) });

test('of a location of an Ingress, the rules that have decided, and why others have not', () => {
  const table = RouteTable.of([
    location('a.test', '/'),
    location('a.test', '/foo'),
    location('a.test', '/foo', 'exact'),
    location('a.test', '/foo/bar'),
    location('*.test', '/foo'),
    location('_', '/'),
    location('b.test', '/'),
  ]);
  const exact = explain(table, 'A.test:80', '/x/..%2Ffoo?q');
  assert.equal(exact?.rule, 'the host is known by its name, an exact path');
  assert.equal(exact?.upstreamTarget, '/x/..%2Ffoo?q', 'as it came');
  assert.deepEqual(
    Object.fromEntries(exact?.losers.map(({ route: { host, path }, reason }) => [host + path, reason]) ?? []),
    {
      'a.test/': 'an exact path of the same host wins',
      'a.test/foo': 'an exact path of the same host wins',
      '*.test/foo': 'the host is known, and answers alone',
      '_/': 'the host is known, and answers alone',
      'b.test/': 'it is for another host',
    },
  );
  const prefix = explain(table, 'a.test', '/foo/x');
  assert.equal(prefix?.rule, 'the host is known by its name, its longest prefix');
  assert.equal(explain(table, 'a.test', '/x')?.rule, 'the host is known by its name, no other path does');
  assert.equal(explain(table, 'c.test', '/foo')?.rule, 'a wildcard takes one label, its longest prefix');
  assert.equal(explain(table, 'c', '/foo')?.rule, 'no other host takes it, no other path does');
  assert.equal(explain(table, 'a.test', '/foo%2F..%2F..'), undefined, 'it leads above the root: 400');
});

test('of the patterns of a host, the first that matches', () => {
  const table = RouteTable.of([
    location('a', '/', 'regex'),
    location('a', '/foo', 'regex'),
    location('a', '/fo[a-z]', 'regex'),
  ]);
  const explanation = explain(table, 'a', '/FOOBAR');
  assert.equal(explanation?.route?.path, '/fo[a-z]');
  assert.match(explanation?.rule ?? '', /the first pattern that matches/);
  assert.deepEqual(
    explanation?.losers.map(({ route: { path }, reason }) => [path, reason]),
    [
      ['/foo', 'an earlier pattern of the same host wins: longer texts come first'],
      ['/', 'an earlier pattern of the same host wins: longer texts come first'],
    ],
  );
});

test('what a rewrite of an Ingress makes of the path is what the upstream gets', () => {
  const rewrite = { kind: 'rewrite', pattern: '(?i)/app(/|$)(.*)', target: '/$2', isDecoded: true } as const;
  const table = RouteTable.of([{ ...location('a', '/app(/|$)(.*)', 'regex'), policies: [rewrite] }]);
  assert.equal(explain(table, 'a', '/app/x%2Fy%20z?q')?.upstreamTarget, '/x/y%20z?q');
});
