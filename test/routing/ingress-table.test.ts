import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { CATCH_ALL_HOST, type Place, type Route, routeKey } from '../../src/model/route.ts';
import { PatternCostError } from '../../src/routing/pattern/pattern-cost-error.ts';
import { RouteTable } from '../../src/routing/table.ts';
import fc from '../support/property.ts';
import { route } from '../support/routes.ts';

const prefix = (host: string, path: string): Route => route(path, { host, profile: 'ingress' });
const exact = (host: string, path: string): Route => route(path, { host, profile: 'ingress', match: 'exact' });
const regex = (host: string, path: string): Route => route(path, { host, profile: 'ingress', match: 'regex' });

/** Which route takes each path of a host. */
function taken(table: RouteTable, host: string, paths: readonly string[]): (string | undefined)[] {
  return paths.map(path => {
    const found = table.match(host, path);
    return found && `${found.match ?? 'prefix'} ${found.path}`;
  });
}

test('an exact path comes before prefixes, and the longest prefix before shorter ones', () => {
  const table = RouteTable.of([prefix('a', '/'), prefix('a', '/foo'), exact('a', '/foo'), prefix('a', '/foo/bar')]);
  assert.deepEqual(taken(table, 'a', ['/foo', '/foo/', '/foo/x', '/foo/bar', '/foobar', '/FOO']), [
    'exact /foo',
    'prefix /foo',
    'prefix /foo',
    'prefix /foo/bar',
    'prefix /',
    'prefix /',
  ]);
});

test('an encoded slash leads into a location, and dot segments behind it lead out', () => {
  const table = RouteTable.of([prefix('a', '/'), prefix('a', '/admin'), exact('a', '/x y')]);
  const paths = ['/admin%2Fx', '/%61dmin', '//admin', '/x/..%2Fadmin', '/admin%2F..%2Fx', '/x%20y', '/admin%252Fx'];
  assert.deepEqual(taken(table, 'a', paths), [
    'prefix /admin',
    'prefix /admin',
    'prefix /admin',
    'prefix /admin',
    'prefix /',
    'exact /x y',
    'prefix /',
  ]);
  assert.equal(table.match('a', '/admin%2F..%2F..%2Fadmin'), undefined, 'it leads above the root');
});

test('a path of the escapes that it holds takes no other spelling', () => {
  const table = RouteTable.of([prefix('a', '/'), prefix('a', '/a%20b')]);
  assert.deepEqual(taken(table, 'a', ['/a%20b', '/a%2520b']), ['prefix /', 'prefix /a%20b']);
});

test('regular expressions are asked in the order of their lengths, then backwards, and without regard to case', () => {
  const table = RouteTable.of(['/', '/foo', '/foo/[a-z]{3}', '/foo/bar', '/bar', '/zoo'].map(path => regex('a', path)));
  assert.deepEqual(taken(table, 'a', ['/foo/bar', '/FOO/BAR', '/foobar', '/fo', '/zoo', '/x/foo']), [
    'regex /foo/[a-z]{3}',
    'regex /foo/[a-z]{3}',
    'regex /foo',
    'regex /',
    'regex /zoo',
    'regex /',
  ]);
});

test('of an alternative, the first branch alone is held to the start of the path, as behind the circumflex of ingress-nginx', () => {
  const table = RouteTable.of([regex('a', '/'), regex('a', '/foo|/bar')]);
  assert.deepEqual(taken(table, 'a', ['/x/foo', '/x/bar']), ['regex /', 'regex /foo|/bar']);
});

test('a letter beyond ASCII is taken in its own case alone', () => {
  const table = RouteTable.of([regex('a', '/'), regex('a', '/\\xC9')]);
  assert.deepEqual(taken(table, 'a', ['/%C9', '/%E9']), ['regex /\\xC9', 'regex /']);
});

test('a path that is no pattern is refused, and the table of before goes on', () => {
  const table = RouteTable.of([regex('a', '/')]);
  assert.throws(() => table.apply({ version: 2, upserts: [regex('a', '/(')], removals: [] }), FormatError);
  assert.equal(table.size, 1);
});

test('all patterns of a host together take no longer than one request may', () => {
  const evil = Array.from({ length: 500 }, (_, index) => regex('a', `/(?:a|aa)+(?!b)$|/${index}`));
  const table = RouteTable.of([regex('a', '/'), ...evil]);
  assert.throws(() => table.match('a', `/${'a'.repeat(4_000)}!`), PatternCostError);
  assert.equal(table.match('a', '/b')?.path, '/', 'another path of the host is served');
});

test('a known host answers alone', () => {
  const table = RouteTable.of([
    prefix('a.x', '/api'),
    prefix('*.x', '/'),
    prefix(CATCH_ALL_HOST, '/'),
    route('/', { host: '*.a.x' }),
  ]);
  const rows: [host: string, path: string, expected: string | undefined][] = [
    ['a.x', '/api', 'a.x'],
    ['a.x', '/other', undefined],
    ['b.x', '/other', '*.x'],
    ['c_1-d.x', '/', '*.x'],
    ['b!.x', '/', CATCH_ALL_HOST],
    ['b.c.x', '/', CATCH_ALL_HOST],
    ['.x', '/', CATCH_ALL_HOST],
    ['x', '/', CATCH_ALL_HOST],
    ['', '/', CATCH_ALL_HOST],
    [CATCH_ALL_HOST, '/', CATCH_ALL_HOST],
    ['b.a.x', '/', '*.a.x'],
    [`${'l.'.repeat(126)}x`, '/', CATCH_ALL_HOST],
  ];
  for (const [host, path, expected] of rows) assert.equal(table.match(host, path)?.host, expected, `${host}${path}`);
});

test('routes of Services for any host come before the host that takes what no other does', () => {
  const table = RouteTable.of([prefix(CATCH_ALL_HOST, '/'), route('/shop'), route('/', { host: 'a' })]);
  assert.equal(table.match('b', '/shop')?.profile, undefined);
  assert.equal(table.match('b', '/other')?.profile, 'ingress');
  assert.equal(table.match('a', '/other')?.profile, undefined);
});

const HOSTS = ['a.x', '*.x', 'x', '*.a.x', CATCH_ALL_HOST];
const PATHS = ['/', '/a', '/a/b', '/A', '/ab', '/a/b/c'];
const anyPlace: fc.Arbitrary<Place> = fc.record({
  host: fc.constantFrom(...HOSTS),
  path: fc.constantFrom(...PATHS),
  match: fc.constantFrom('exact', 'regex', undefined),
  profile: fc.constant('ingress'),
}) as fc.Arbitrary<Place>;
const anyRoutes = fc
  .uniqueArray(anyPlace, { maxLength: 12, selector: routeKey })
  .map(places => places.map(place => route(place.path, place)));
const anyRequest = fc.tuple(
  fc.constantFrom('a.x', 'b.x', 'x', 'b.a.x', 'c', ''),
  fc.constantFrom('/', '/a', '/a/', '/A/B', '/a/b', '/a%2Fb', '/abc', '/a/b/c/d', '/b'),
);

test('a table of Ingresses changed by deltas routes, counts and lists as one made from scratch', () => {
  const anyDeltas = fc.array(fc.record({ upserts: anyRoutes, removals: fc.array(anyPlace) }), { maxLength: 6 });
  fc.assert(
    fc.property(anyDeltas, fc.array(anyRequest), (deltas, requests) => {
      let table = RouteTable.EMPTY;
      const routes = new Map<string, Route>();
      for (const [index, { upserts, removals }] of deltas.entries()) {
        const before = table;
        const frozen = [...before.routes()];
        table = table.apply({ version: index + 1, upserts, removals });
        for (const place of removals) routes.delete(routeKey(place));
        for (const upsert of upserts) routes.set(routeKey(upsert), upsert);
        assert.deepEqual([...before.routes()], frozen, 'the former version has not changed');
      }
      const fresh = RouteTable.of(routes.values(), deltas.length);
      assert.equal(table.size, routes.size);
      assert.deepEqual(new Set(table.routes()), new Set(routes.values()));
      for (const [key, value] of routes) assert.equal(table.get(value), value, key);
      for (const [host, path] of requests) assert.equal(table.match(host, path), fresh.match(host, path));
    }),
    { numRuns: 500 },
  );
});
