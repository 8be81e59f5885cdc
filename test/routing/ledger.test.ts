import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, routeKey, serviceKey } from '../../src/model/route.ts';
import { type Conflict, RouteLedger } from '../../src/routing/ledger.ts';
import { RouteTable } from '../../src/routing/table.ts';
import fc from '../support/property.ts';
import { route } from '../support/routes.ts';

const older = route('/a', { service: { namespace: 'z', name: 'old' }, createdAt: '2020-01-01T00:00:00Z' });
const newer = route('/a', { service: { namespace: 'a', name: 'new' }, createdAt: '2021-01-01T00:00:00Z' });

test('the older of two Services has the path; the other waits and takes over', () => {
  const ledger = new RouteLedger();
  ledger.set('new', [newer]);
  assert.deepEqual(ledger.commit()?.upserts, [newer]);
  ledger.set('old', [older]);
  assert.deepEqual(ledger.commit()?.upserts, [older]);
  assert.deepEqual(ledger.conflicts(), [{ host: '', path: '/a', winner: older.service, loser: newer.service }]);
  ledger.set('old', []);
  assert.deepEqual(ledger.commit(), { version: 3, upserts: [newer], removals: [] });
  assert.deepEqual(ledger.conflicts(), []);
  ledger.set('new', []);
  assert.deepEqual(ledger.commit(), { version: 4, upserts: [], removals: [{ host: newer.host, path: newer.path }] });
  assert.equal(ledger.table.size, 0);
});

test('namespace and name decide between Services of one age, and one without a timestamp is the youngest', () => {
  const claim = (namespace: string, name: string, createdAt: string) =>
    route('/a', { service: { namespace, name }, createdAt });
  const inOrder = [
    claim('b', 'b', '2019-12-31T23:59:59Z'),
    claim('a', 'b', '2020-01-01T00:00:00Z'),
    claim('b', 'a', '2020-01-01T00:00:00Z'),
    claim('a', 'a', ''),
    claim('a', 'c', ''),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(inOrder, { minLength: inOrder.length }), shuffled => {
      const ledger = new RouteLedger();
      for (const one of shuffled) ledger.set(serviceKey(one.service), [one]);
      ledger.commit();
      for (const expected of inOrder) {
        assert.equal(ledger.table.match('', '/a'), expected);
        ledger.set(serviceKey(expected.service), []);
        ledger.commit();
      }
    }),
  );
});

test('a commit is undefined and keeps the version when nothing that is served has changed', () => {
  const ledger = new RouteLedger();
  assert.equal(ledger.commit(), undefined);
  ledger.set('old', [older]);
  ledger.commit();
  ledger.set('old', [{ ...older, service: { ...older.service } }]);
  assert.equal(ledger.commit(), undefined, 'an equal route');
  ledger.set('new', [newer]);
  assert.equal(ledger.commit(), undefined, 'a loser');
  ledger.set('third', [route('/c')]);
  ledger.set('third', []);
  assert.equal(ledger.commit(), undefined, 'one that came and went');
  assert.equal(ledger.table.version, 1);
});

test('any change of a field that is served makes a new version', () => {
  const changes: Partial<Route>[] = [
    { stripPrefix: false },
    { rewriteRedirects: true },
    { overrides: { readTimeoutMs: 1 } },
    { cluster: 'default/web:81' },
  ];
  const ledger = new RouteLedger();
  ledger.set('web', [route('/a')]);
  ledger.commit();
  for (const change of changes) {
    ledger.set('web', [route('/a', change)]);
    assert.equal(ledger.commit()?.upserts.length, 1, JSON.stringify(change));
  }
});

interface Step {
  readonly owner: number;
  readonly paths: readonly string[];
  readonly createdAt: string;
  readonly commit: boolean;
}

const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    owner: fc.integer({ min: 0, max: 3 }),
    paths: fc.subarray(['/', '/a', '/a/b', '/c']),
    createdAt: fc.constantFrom('', '2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z'),
    commit: fc.boolean(),
  }),
  { maxLength: 20 },
);

/** Section 2 of the contract: all claims of a key in the order in which they have it. */
function claimsByKey(owned: ReadonlyMap<string, readonly Route[]>): Map<string, Route[]> {
  const claims = new Map<string, Route[]>();
  for (const claim of [...owned.values()].flat()) {
    claims.set(routeKey(claim), [...(claims.get(routeKey(claim)) ?? []), claim]);
  }
  const age = ({ createdAt }: Route) => (createdAt === '' ? Number.POSITIVE_INFINITY : Date.parse(createdAt));
  for (const list of claims.values()) {
    list.sort(
      (a, b) => (age(a) === age(b) ? 0 : age(a) - age(b)) || (serviceKey(a.service) < serviceKey(b.service) ? -1 : 1),
    );
  }
  return claims;
}

test('after any sequence of changes the winners serve, the losers are conflicts, and the deltas lead there', () => {
  fc.assert(
    fc.property(anySteps, steps => {
      const ledger = new RouteLedger();
      const owned = new Map<string, readonly Route[]>();
      let follower = RouteTable.EMPTY;
      for (const { owner, paths, createdAt, commit } of [
        ...steps,
        { owner: 0, paths: [], createdAt: '', commit: true },
      ]) {
        const service = { namespace: 'default', name: `s${owner}` };
        const routes = paths.map(path => route(path, { service, createdAt }));
        ledger.set(serviceKey(service), routes);
        owned.set(serviceKey(service), routes);
        if (!commit) continue;
        const delta = ledger.commit();
        if (delta !== undefined) follower = follower.apply(delta);

        const claims = [...claimsByKey(owned).values()];
        const winners = claims.flatMap(([winner]) => winner ?? []);
        const byKey = (a: Route, b: Route) => (routeKey(a) < routeKey(b) ? -1 : 1);
        assert.deepEqual([...ledger.table.routes()].sort(byKey), winners.sort(byKey));
        assert.deepEqual([...follower.routes()].sort(byKey), winners.sort(byKey));
        assert.equal(follower.version, ledger.table.version);
        assert.equal(ledger.commit(), undefined);

        const expected = claims.flatMap(([winner, ...losers]) =>
          losers.map(({ host, path, service: loser }) => ({ host, path, winner: winner?.service, loser })),
        );
        const inOrder = (conflicts: readonly (Conflict | (typeof expected)[number])[]) =>
          conflicts.map(conflict => JSON.stringify(conflict)).sort();
        assert.deepEqual(inOrder(ledger.conflicts()), inOrder(expected));
        assert.deepEqual(
          [...ledger.owners()].sort(),
          [...owned]
            .filter(([, list]) => list.length > 0)
            .map(([key]) => key)
            .sort(),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test('a route for which comparing throws stays as it is, and all others go on', () => {
  const blamed: string[] = [];
  const ledger = new RouteLedger((error, { service }) => {
    assert.match(String(error), /a bug/);
    blamed.push(service.name);
  });
  const claim = (path: string, name: string) => route(path, { service: { namespace: 'default', name } });
  ledger.set('default/bad', [claim('/bad', 'bad')]);
  ledger.commit();
  const broken = claim('/bad', 'bad');
  Object.defineProperty(broken, 'overrides', {
    enumerable: true,
    get: () => {
      throw new Error('a bug');
    },
  });
  ledger.set('default/good', [claim('/good', 'good')]);
  ledger.set('default/bad', [broken]);
  ledger.set('default/other', [claim('/other', 'other')]);
  const delta = ledger.commit();
  assert.deepEqual(delta?.upserts.map(({ path }) => path).sort(), ['/good', '/other']);
  assert.deepEqual(blamed, ['bad']);
  assert.deepEqual([...ledger.table.routes()].map(({ path }) => path).sort(), ['/bad', '/good', '/other']);
  assert.equal(ledger.commit(), undefined, 'it is not tried again until it changes');
});
