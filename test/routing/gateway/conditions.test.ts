import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestConditions } from '../../../src/model/route.ts';
import { AskedRequest } from '../../../src/routing/gateway/asked-request.ts';
import { NamedValues } from '../../../src/routing/gateway/named-values.ts';
import { parameterValue } from '../../../src/routing/gateway/query-parameters.ts';
import { PatternCostError } from '../../../src/routing/pattern/pattern-cost-error.ts';
import { RouteTable } from '../../../src/routing/table.ts';
import { type GatewayRequest, gatewayRoute, headOf, matchAt } from '../../support/gateway-routes.ts';

function isTaken(conditions: RequestConditions, request: GatewayRequest): boolean {
  return matchAt(RouteTable.of([gatewayRoute('one', '/', { listener: { conditions } })]), request) !== undefined;
}

test('several lines of a header are one list: no line is taken for its only value', () => {
  const conditions = { headers: [{ name: 'x-role', value: 'admin' }] };
  assert.equal(isTaken(conditions, { headers: [['X-Role', 'admin']] }), true);
  const two: GatewayRequest['headers'] = [
    ['X-Role', 'user'],
    ['X-Role', 'admin'],
  ];
  assert.equal(isTaken(conditions, { headers: two }), false);
  assert.equal(isTaken({ headers: [{ name: 'x-role', value: 'user, admin' }] }, { headers: two }), true);
});

test('names of headers have no case, their values have', () => {
  const conditions = { headers: [{ name: 'version', value: 'One' }] };
  assert.equal(isTaken(conditions, { headers: [['VERSION', 'One']] }), true);
  assert.equal(isTaken(conditions, { headers: [['version', 'one']] }), false);
});

test('an absent or empty header meets no condition, not even that of a pattern for everything', () => {
  const conditions: RequestConditions = { headers: [{ name: 'x', value: '.*', isPattern: true }] };
  assert.equal(isTaken(conditions, {}), false);
  assert.equal(isTaken(conditions, { headers: [['x', '']] }), false);
  assert.equal(isTaken(conditions, { headers: [['x', 'y']] }), true);
});

test('a pattern takes whole values and whole paths, with regard to case', () => {
  const conditions: RequestConditions = { headers: [{ name: 'x', value: 'a|bc', isPattern: true }] };
  for (const [value, expected] of [
    ['a', true],
    ['bc', true],
    ['ab', false],
    ['xa', false],
    ['A', false],
  ] as const) {
    assert.equal(isTaken(conditions, { headers: [['x', value]] }), expected, value);
  }
  const table = RouteTable.of([gatewayRoute('one', '/api/v[0-9]+', { match: 'regex' })]);
  for (const [target, expected] of [
    ['/api/v1', true],
    ['/api/v12', true],
    ['/api/v1/x', false],
    ['/x/api/v1', false],
    ['/API/v1', false],
  ] as const) {
    assert.equal(matchAt(table, { target }) !== undefined, expected, target);
  }
});

test('values beyond ASCII are compared as the bytes of UTF-8', () => {
  const byQuery = { query: [{ name: 'größe', value: 'übergroß' }] };
  assert.equal(isTaken(byQuery, { target: '/?gr%C3%B6%C3%9Fe=%c3%bcbergro%c3%9f' }), true);
  const sent = Buffer.from('übergroß').toString('latin1');
  assert.equal(isTaken({ headers: [{ name: 'x', value: 'übergroß' }] }, { headers: [['x', sent]] }), true);
  const pattern: RequestConditions = { headers: [{ name: 'x', value: 'über.*', isPattern: true }] };
  assert.equal(isTaken(pattern, { headers: [['x', sent]] }), true);
});

test('of a repeated parameter the first counts, decoded as a form sends it', () => {
  const rows: [query: string, value: string][] = [
    ['?animal=whale', 'whale'],
    ['?animal=whale&animal=dolphin', 'whale'],
    ['?x=animal&animal=whale', 'whale'],
    ['?Animal=whale', ''],
    ['?animal', ''],
    ['?animal=', ''],
    ['?animals=whale', ''],
    ['?xanimal=whale', ''],
    ['?anim%61l=wh%61le', 'whale'],
    ['?animal=a+b%20c%2Bd', 'a b c+d'],
    ['?animal=100%&x=%4', '100%'],
    ['?animal=a=b', 'a=b'],
    ['?animal=whale#animal', 'whale#animal'],
    ['?;animal=whale', ''],
    ['?&&animal=whale', 'whale'],
    ['?', ''],
    ['', ''],
  ];
  for (const [query, value] of rows) assert.equal(parameterValue(query, 'animal'), value, query);
});

test('all values are read once where many names are asked for, and they are the same', () => {
  const all = new Map(Array.from({ length: 20 }, (_, index) => [`name-${index}`, `value-${index}`]));
  let searches = 0;
  let readings = 0;
  const values = new NamedValues(
    name => {
      searches += 1;
      return all.get(name) ?? '';
    },
    () => {
      readings += 1;
      return all;
    },
  );
  for (let turn = 0; turn < 3; turn += 1) {
    for (const [name, value] of all) assert.equal(values.get(name), value);
    assert.equal(values.get('absent'), '');
  }
  assert.deepEqual([searches, readings], [8, 1]);
  values.clear();
  all.set('name-0', 'changed');
  assert.equal(values.get('name-0'), 'changed');
});

test('the facts of a request are those of the last one', () => {
  const facts = new AskedRequest();
  facts.begin(headOf('GET', [['x', '1']]), '?y=2');
  assert.deepEqual([facts.method, facts.header('x'), facts.parameter('y')], ['GET', '1', '2']);
  facts.begin(headOf('POST', [['x', '3']]), '');
  assert.deepEqual([facts.method, facts.header('x'), facts.parameter('y')], ['POST', '3', '']);
  facts.forget();
  assert.deepEqual([facts.method, facts.header('x'), facts.parameter('y')], ['', '', '']);
});

test('the patterns and conditions of a host together take no longer than one request may', () => {
  const evil = '(a|aa)*(a|aa)*(a|aa)*b';
  const routes = Array.from({ length: 200 }, (_, index) =>
    gatewayRoute(`m${index}`, '/', {
      listener: { conditions: { headers: [{ name: 'x', value: `${evil}${index}`, isPattern: true }] } },
    }),
  );
  const table = RouteTable.of(routes);
  assert.throws(() => matchAt(table, { headers: [['x', 'a'.repeat(4_000)]] }), PatternCostError);
  // The next request has a budget of its own.
  assert.equal(matchAt(table, { headers: [['x', 'b']] }), undefined);
});

test('ten thousand rules for one path: each is found by its header, parameter or method', () => {
  const routes = Array.from({ length: 10_000 }, (_, index) => {
    const kinds: RequestConditions[] = [
      { headers: [{ name: 'x-tenant', value: `t${index}` }] },
      { query: [{ name: 'tenant', value: `t${index}` }] },
      { method: `M${index}` },
    ];
    const conditions = kinds[index % 3] as RequestConditions;
    return gatewayRoute(`m${index}`, '/', { listener: { rank: String(index).padStart(5, '0'), conditions } });
  });
  const table = RouteTable.of(routes);
  for (const index of [0, 1, 2, 5_000, 9_997, 9_998, 9_999]) {
    const request: GatewayRequest = {
      headers: [['X-Tenant', `t${index}`]],
      target: `/x?tenant=t${index}`,
      method: `M${index}`,
    };
    assert.equal(matchAt(table, request), routes[index]);
  }
  assert.equal(matchAt(table, { headers: [['X-Tenant', 'none']] }), undefined);
});
