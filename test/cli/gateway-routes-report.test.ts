import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShownRoute } from '../../src/cli/admin-answers.ts';
import { byHostAndPath, describeRoutes } from '../../src/cli/routes-report.ts';

const NO_PROBLEMS = { refusals: [], warnings: [], conflicts: [] };
const PLAIN = { terminal: undefined, paint: (_style: string, text: string) => text } as unknown as Parameters<
  typeof describeRoutes
>[2];

function shown(path: string, fields: Partial<ShownRoute> = {}): ShownRoute {
  const backend = { endpoints: [{ address: '10.0.0.1', port: 80 }] };
  return { host: '', path, service: { namespace: 'shop', name: 'web' }, backend, ...fields };
}

const rule: NonNullable<ShownRoute['gateway']> = {
  object: { kind: 'HTTPRoute', namespace: 'shop', name: 'web' },
  rule: '0',
  port: '127.0.0.2:80',
  hostname: '*.example.com',
};

test('rules of Gateways have a table of their own, with listener, conditions, weights and rule', () => {
  const weighted = [
    { name: 'shop-web-80', weight: 90, balance: 'least-request', endpoints: [] },
    { name: 'shop-canary-80', weight: 10, balance: 'least-request', endpoints: [] },
  ];
  const conditions = { method: 'GET', headers: [{ name: 'stage', value: 'b.*', isPattern: true as const }] };
  const routes = [
    shown('/b', { host: 'a.example.com', gateway: { ...rule, conditions } }),
    shown('/v[0-9]', { match: 'regex', gateway: rule, backends: weighted }),
    shown('/service'),
  ].sort(byHostAndPath);
  const lines = describeRoutes({ routes, ...NO_PROBLEMS }, 'none', PLAIN).split('\n');
  assert.deepEqual(
    lines.map(line => line.trim().split(/ {2,}/)),
    [
      ['HOST', 'PATH', 'UPSTREAM', 'SERVICE'],
      ['*', '/service', '10.0.0.1:80', 'shop/web'],
      [''],
      ['LISTENER', 'HOST', 'PATH', 'ONLY WITH', 'UPSTREAM', 'ROUTE'],
      ...[
        ['127.0.0.2:80 *.example.com', '*', '~ ^/v[0-9]$', '-', 'shop-web-80 90, shop-canary-80 10'],
        ['127.0.0.2:80 *.example.com', 'a.example.com', '/b', 'method GET, header stage~b.*', '10.0.0.1:80'],
      ].map(cells => [...cells, 'HTTPRoute shop/web, rule 0']),
    ],
  );
});

test('without routes of Services there is no table for them', () => {
  const text = describeRoutes({ routes: [shown('/', { gateway: rule })], ...NO_PROBLEMS }, 'none', PLAIN);
  assert.match(text, /^LISTENER/);
});

test('the order of routes is the same whatever order they come in, and equal ones stay in theirs', () => {
  const routes = [shown('/b'), shown('/a', { gateway: rule }), shown('/a'), shown('/a', { host: 'x', gateway: rule })];
  const sorted = [...routes].sort(byHostAndPath);
  assert.deepEqual([...routes].reverse().sort(byHostAndPath), sorted);
  assert.equal(byHostAndPath(shown('/a'), shown('/a')), 0);
});
