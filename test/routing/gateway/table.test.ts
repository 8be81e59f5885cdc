import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListenerPlace, RequestConditions, Route, ValueCondition } from '../../../src/model/route.ts';
import { RouteTable } from '../../../src/routing/table.ts';
import { type GatewayRequest, gatewayRoute, matchAt, PORT } from '../../support/gateway-routes.ts';
import fc from '../../support/property.ts';
import { route } from '../../support/routes.ts';
import { type Asked, chooseRoute } from './reference.ts';

const LISTENERS = ['', '*.example.com', 'a.example.com'];
const HOSTS = ['', 'a.example.com', '*.example.com', '*.com', '*.a.example.com'];
const REQUEST_HOSTS = ['', 'a.example.com', 'b.example.com', 'x.a.example.com', 'example.com', 'other.org'];
const PATHS = ['/', '/a', '/a/b', '/a/b/c', '/A', '/b', '/caf%C3%A9'];
const PATTERNS = ['/a.*', '/[ab]/b', '/.*c', '/(a|b)', '/a'];
const REQUEST_PATHS = [...PATHS, '/a/', '/a/b/c/d', '/ab', '/caf%C3%A9/x', '/b/b', '/c'];
const NAMES = ['version', 'color', 'x'];
const VALUES = ['1', '2', 'blue', 'blue, 2'];

const anyCondition: fc.Arbitrary<ValueCondition> = fc.oneof(
  fc.record({ name: fc.constantFrom(...NAMES), value: fc.constantFrom(...VALUES) }),
  fc.record({
    name: fc.constantFrom(...NAMES),
    value: fc.constantFrom('[0-9]', 'b.*', '.*'),
    isPattern: fc.constant(true as const),
  }),
);
const conditionList = fc.uniqueArray(anyCondition, { maxLength: 2, selector: ({ name }) => name });
const anyConditions: fc.Arbitrary<RequestConditions | undefined> = fc.option(
  fc.record(
    { method: fc.constantFrom('GET', 'POST'), headers: conditionList, query: conditionList },
    { requiredKeys: [] },
  ),
  { nil: undefined, freq: 4 },
);
const anyPath: fc.Arbitrary<Pick<Route, 'path' | 'match'>> = fc.oneof(
  fc.record({ path: fc.constantFrom(...PATHS) }),
  fc.record({ path: fc.constantFrom(...PATHS, '/a/'), match: fc.constant('exact' as const) }),
  fc.record({ path: fc.constantFrom(...PATTERNS), match: fc.constant('regex' as const) }),
);

/** Without its name. */
const anyPlace = fc.record({
  host: fc.constantFrom(...HOSTS),
  path: anyPath,
  conditions: anyConditions,
  hostname: fc.constantFrom(...LISTENERS),
  hostRank: fc.constantFrom(0, 0, 0, 1, 7),
  rank: fc.nat(9),
});

function routeAt(name: number, { host, path, conditions, hostname, hostRank, rank }: Parts): Route {
  const listener: Partial<ListenerPlace> = {
    hostname,
    hostRank,
    // No two are alike: what decides between equal ranks is no rule of the Gateway API.
    rank: `${rank}-${String(name).padStart(4, '0')}`,
    ...(conditions && { conditions }),
  };
  return gatewayRoute(`match-${name}`, path.path, { host, ...(path.match && { match: path.match }), listener });
}

type Parts = typeof anyPlace extends fc.Arbitrary<infer P> ? P : never;

const anyRequest: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  host: fc.constantFrom(...REQUEST_HOSTS),
  path: fc.constantFrom(...REQUEST_PATHS),
  headers: fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)), { maxLength: 3 }),
  query: fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)), { maxLength: 3 }),
});

function askOf({ method, host, path, headers, query }: Asked, listener: string): GatewayRequest {
  const parameters = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return { method, host, target: path + (parameters && `?${parameters}`), headers, listener };
}

function assertSame(table: RouteTable, routes: readonly Route[], asked: Asked): boolean {
  let hasMatched = false;
  for (const listener of LISTENERS) {
    const expected = chooseRoute(routes, PORT, listener, asked);
    hasMatched ||= expected !== undefined;
    assert.equal(matchAt(table, askOf(asked, listener)), expected, `${listener} ${JSON.stringify(asked)}`);
  }
  return hasMatched;
}

test('random tables and requests are routed as a search through every route would', () => {
  let matches = 0;
  const anyRoutes = fc
    .array(anyPlace, { maxLength: 40, size: 'max' })
    .map(parts => parts.map((part, at) => routeAt(at, part)));
  fc.assert(
    fc.property(anyRoutes, fc.array(anyRequest, { minLength: 5, maxLength: 5 }), (routes, requests) => {
      const table = RouteTable.of(routes);
      for (const asked of requests) if (assertSame(table, routes, asked)) matches += 1;
    }),
    { numRuns: 2_000 },
  );
  assert.ok(matches > 3_000, `only ${matches} of the requests had a route`);
});

test('many rules for one path, which an index finds, are those of a search through every route', () => {
  const place = { host: '', path: { path: '/' }, hostname: '', hostRank: 0 as const };
  const anyRules = fc.array(
    fc.record({ conditions: anyConditions, rank: fc.nat(99) }).map(fields => ({ ...place, ...fields })),
    { minLength: 9, maxLength: 60, size: 'max' },
  );
  fc.assert(
    fc.property(anyRules, fc.array(anyRequest, { minLength: 5, maxLength: 5 }), (rules, requests) => {
      const routes = rules.map((rule, at) => routeAt(at, rule));
      const table = RouteTable.of(routes);
      for (const asked of requests) assertSame(table, routes, asked);
    }),
    { numRuns: 1_000 },
  );
});

test('a table that has changed step by step is the one that is made at once; edits move routes', () => {
  const anyChange = fc.tuple(fc.nat(12), fc.option(anyPlace, { nil: undefined, freq: 3 }));
  const anySteps = fc.array(fc.array(anyChange, { maxLength: 6 }), { maxLength: 8, size: 'max' });
  fc.assert(
    fc.property(anySteps, anyRequest, (steps, asked) => {
      let table = RouteTable.of<Route>([]);
      const present = new Map<number, Route>();
      for (const [version, step] of steps.entries()) {
        const changes = new Map<number, Route | undefined>();
        for (const [name, parts] of step) changes.set(name, parts && routeAt(name, parts));
        const upserts: Route[] = [];
        const removals: Route[] = [];
        for (const [name, after] of changes) {
          const before = present.get(name);
          // A route for another listener or host is at another place.
          const isElsewhere = before?.host !== after?.host || before?.listener?.hostname !== after?.listener?.hostname;
          if (before !== undefined && isElsewhere) removals.push(before);
          if (after === undefined) {
            present.delete(name);
          } else {
            present.set(name, after);
            upserts.push(after);
          }
        }
        table = table.apply({ version, upserts, removals });
        const routes = [...present.values()];
        assert.equal(table.size, routes.length);
        assert.deepEqual(new Set(table.routes()), new Set(routes));
        for (const one of routes) assert.equal(table.get(one), one);
        assertSame(table, routes, asked);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('routes of Gateways are found at their listener alone, other routes nowhere else', () => {
  const ours = gatewayRoute('one', '/ours', { host: 'a.example' });
  const service = route('/service', { host: 'a.example' });
  const table = RouteTable.of([ours, service, route('/'), gatewayRoute('all', '/all')]);
  assert.equal(table.match('a.example', '/ours'), table.match('', '/'));
  assert.equal(table.match('a.example', '/service'), service);
  assert.equal(matchAt(table, { host: 'a.example', target: '/service' }), undefined);
  assert.equal(matchAt(table, { host: 'a.example', target: '/ours' }), ours);
  // Isolation: a listener without such a route does not hand the request to a wider one.
  assert.equal(matchAt(table, { host: 'a.example', target: '/ours', listener: 'a.example' }), undefined);
});
