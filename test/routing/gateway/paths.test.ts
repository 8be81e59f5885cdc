import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmbiguousPathError } from '../../../src/routing/gateway/ambiguous-path-error.ts';
import { normalisePath } from '../../../src/routing/path.ts';
import { RouteTable } from '../../../src/routing/table.ts';
import { gatewayRoute, matchAt } from '../../support/gateway-routes.ts';

const everything = gatewayRoute('everything', '/');
const admin = gatewayRoute('admin', '/admin');
const exact = gatewayRoute('exact', '/exact', { match: 'exact' });
const cafe = gatewayRoute('cafe', '/caf%C3%A9');
const table = RouteTable.of([everything, admin, exact, cafe]);

function routeFor(path: string): unknown {
  const target = normalisePath(path);
  return target === undefined ? 'refused' : matchAt(table, { target });
}

test('no writing of a path leads around the rules for it', () => {
  const writings = [
    '/admin',
    '/admin/',
    '/admin/x',
    '/%61dmin',
    '/%61%64%6d%69%6E/x',
    '//admin',
    '/x/../admin',
    '/x/%2e%2e/admin',
    '/./admin',
    '/%2e/admin',
    '/x//../admin',
    '/admin//x',
    '/admin/x/..',
  ];
  for (const writing of writings) assert.equal(routeFor(writing), admin, writing);
});

test('an exact path is matched as a whole, with regard to case', () => {
  assert.equal(routeFor('/exact'), exact);
  assert.equal(routeFor('/%65xact'), exact);
  for (const other of ['/exact/', '/exact/one', '/Exact', '/exac']) assert.equal(routeFor(other), everything, other);
});

test('the case of escapes does not count', () => {
  assert.equal(routeFor('/caf%c3%a9/x'), cafe);
  assert.equal(routeFor('/caf%C3%a9'), cafe);
});

test('an encoded slash is a character, and a request is refused where another reading leads to another route', () => {
  assert.equal(routeFor('/files/a%2Fb'), everything);
  assert.equal(routeFor('/admin/a%2fb'), admin);
  assert.equal(routeFor('/admin/a%2F..%2Fb'), admin);
  const ambiguous = [
    '/x%2F..%2Fadmin',
    '/x/..%2fadmin',
    '/admin%2Fx',

    '/%2Fadmin',
    '/admin/..%2Fx',
    '/..%2Fx',
  ];
  for (const path of ambiguous) {
    assert.throws(() => routeFor(path), AmbiguousPathError, path);
  }
});
