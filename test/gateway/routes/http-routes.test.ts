import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRouteObject } from '../../../src/resources/gateway/gateway-object.ts';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import { type Around, around, exact, httpRoute, values } from './scene.ts';
import { type Asked, served } from './served.ts';

/** Asks for host, path, method, headers and query; the answer is a Service, or 404. */
interface Row extends Partial<Asked> {
  readonly gets: string;
}

interface Table {
  readonly name: string;
  readonly routes: readonly HttpRouteObject[];
  readonly around?: Around;
  readonly rows: readonly Row[];
}

const version = (value: string): Pick<Asked, 'headers'> => ({ headers: { version: value } });

const TABLES: readonly Table[] = [
  {
    name: 'an exact path is a whole one, with regard to case',
    routes: [
      httpRoute([
        { matches: [{ path: exact('/one') }], to: ['v1'] },
        { matches: [{ path: exact('/two') }], to: ['v2'] },
      ]),
    ],
    rows: [
      { path: '/one', gets: 'v1' },
      { path: '/two', gets: 'v2' },
      ...['/', '/one/example', '/two/', '/Two'].map(path => ({ path, gets: '404' })),
    ],
  },
  {
    name: 'matches of a rule are alternatives, and the conditions of a match are not',
    routes: [
      httpRoute([
        { matches: ['/', { headers: values('version=one') }], to: ['v1'] },
        { matches: ['/v2', { headers: values('version=two') }], to: ['v2'] },
      ]),
    ],
    rows: [
      { path: '/', gets: 'v1' },
      { path: '/example', gets: 'v1' },
      { path: '/', ...version('one'), gets: 'v1' },
      { path: '/v2', gets: 'v2' },
      { path: '/v2/example', gets: 'v2' },
      { path: '/', ...version('two'), gets: 'v2' },
      { path: '/v2/', gets: 'v2' },
      { path: '/v2example', gets: 'v1' },
      { path: '/foo/v2/example', gets: 'v1' },
    ],
  },
];

for (const { name, routes, around: all, rows } of TABLES) {
  test(name, () => {
    const context = around(all);
    const table = routes.flatMap(route => readRoute('HTTPRoute', route, context).routes);
    for (const { gets, host = 'example.com', path = '/', ...asked } of rows) {
      const found = served(table, { host, path, ...asked })?.service.name ?? '404';
      assert.equal(found, gets, JSON.stringify({ host, path, ...asked }));
    }
  });
}
