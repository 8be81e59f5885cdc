import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, routeKey, strippedPrefix, upstreamPath } from '../../src/model/route.ts';
import { RouteTable } from '../../src/routing/table.ts';
import fc from '../support/property.ts';
import { route } from '../support/routes.ts';
import { chooseRoute } from './reference.ts';

const HOSTS = ['', '', 'example.com', 'a.example.com', '*.example.com', '*.a.example.com', '*.com', 'other.org'];
const PATHS = ['/', '/a', '/a/b', '/a/b/c', '/ab', '/a%2Fb', '/A', '/caf%C3%A9', '/a/caf%C3%A9', '/b', '/b/a', '/..a'];
const REQUEST_HOSTS = [
  ...HOSTS,
  'b.example.com',
  'x.a.example.com',
  'xexample.com',
  '.example.com',
  'com',
  'x.com',
  '[::1]',
];
const PIECES = ['/', 'a', 'b', 'c', 'A', '%2F', '%2f', 'caf%C3%A9', 'caf%c3%A9', '..a'];

const anyRoutes: fc.Arbitrary<Route[]> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...HOSTS), fc.constantFrom(...PATHS)), { maxLength: 12, selector: String })
  .map(keys => keys.map(([host, path]) => route(path, { host })));

/** Half of them begin like a route: deep routes are hardly ever met by chance. */
const anyPath = fc
  .tuple(fc.constantFrom('/', ...PATHS), fc.array(fc.constantFrom(...PIECES), { maxLength: 7 }), fc.boolean())
  .map(([start, pieces, isNear]) => (isNear ? start + pieces.slice(0, 2).join('') : `/${pieces.join('')}`))
  .map(path => path.replaceAll(/\/{2,}/g, '/'));

test('10 000 random tables and requests are routed as a search through every route would', () => {
  let matches = 0;
  fc.assert(
    fc.property(anyRoutes, fc.constantFrom(...REQUEST_HOSTS), anyPath, (routes, host, path) => {
      const expected = chooseRoute(routes, host, path);
      if (expected !== undefined) matches += 1;
      assert.equal(RouteTable.of(routes).match(host, path), expected, `${host} ${path}`);
    }),
    { numRuns: 10_000 },
  );
  assert.ok(matches > 1_000, `only ${matches} of the requests had a route`);
});

test('the host rules of the contract', () => {
  const any = route('/');
  const anyA = route('/a');
  const exact = route('/a/b', { host: 'x.example.com' });
  const near = route('/a', { host: '*.x.example.com' });
  const far = route('/', { host: '*.example.com' });
  const table = RouteTable.of([any, anyA, exact, near, far]);
  const rows: [host: string, path: string, route: Route][] = [
    ['x.example.com', '/a/b/c', exact],
    // A host without a matching path lets the next candidate try.
    ['x.example.com', '/a', far],
    ['y.x.example.com', '/a', near],
    ['y.x.example.com', '/b', far],
    ['z.y.x.example.com', '/a', near],
    ['y.example.com', '/a', far],
    // `*.` stands for one label or more, not for none.
    ['example.com', '/a', anyA],
    ['notexample.com', '/', any],
    ['', '/a/b', anyA],
  ];
  for (const [host, path, expected] of rows) assert.equal(table.match(host, path), expected, `${host}${path}`);
});

test('an empty table takes nothing', () => {
  assert.equal(RouteTable.EMPTY.match('', '/'), undefined);
  assert.equal(RouteTable.EMPTY.match('example.com', '/a'), undefined);
  assert.equal(RouteTable.EMPTY.size, 0);
});

test('escapes match in either case, and the path goes on as it came', () => {
  const cafe = route('/caf%C3%A9');
  assert.equal(RouteTable.of([cafe]).match('', '/caf%c3%a9/x%2f'), cafe);
  assert.equal(upstreamPath(strippedPrefix(cafe), '/caf%c3%a9/x%2f'), '/x%2f');
});

test('what the upstream gets is the rest of the path, or all of it', () => {
  const rows: [route: Route, path: string, upstream: string][] = [
    [route('/volume'), '/volume', '/'],
    [route('/volume'), '/volume/', '/'],
    [route('/volume'), '/volume/a', '/a'],
    [route('/'), '/volume/a', '/volume/a'],
    [route('/'), '/', '/'],
    [route('/volume', { stripPrefix: false }), '/volume', '/volume'],
    [route('/volume', { stripPrefix: false }), '/volume/a', '/volume/a'],
    [route('/volume'), '/volume//a', '//a'],
  ];
  for (const [taken, path, upstream] of rows) assert.equal(upstreamPath(strippedPrefix(taken), path), upstream, path);
});

const anyDeltas = fc.array(
  fc.record({
    upserts: anyRoutes,
    removals: fc.array(fc.record({ host: fc.constantFrom(...HOSTS), path: fc.constantFrom(...PATHS) })),
  }),
  { maxLength: 6 },
);

test('a table changed by deltas routes, counts and lists as one made from scratch', () => {
  fc.assert(
    fc.property(anyDeltas, fc.array(fc.tuple(fc.constantFrom(...REQUEST_HOSTS), anyPath)), (deltas, requests) => {
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
      assert.equal(table.version, deltas.length);
      assert.equal(table.size, routes.size);
      assert.deepEqual(new Set(table.routes()), new Set(routes.values()));
      for (const [key, value] of routes) assert.equal(table.get(value), value, key);
      for (const [host, path] of requests) assert.equal(table.match(host, path), fresh.match(host, path));
    }),
    { numRuns: 500 },
  );
});
