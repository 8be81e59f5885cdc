/** Whether Services or Ingresses name a host as closely as a listener of a Gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATCH_ALL_HOST, type Route } from '../../../src/model/route.ts';
import { RouteTable } from '../../../src/routing/table.ts';
import { route } from '../../support/routes.ts';

const service = (host: string): Route => route('/', { host });
const ingress = (host: string): Route => route('/', { host, profile: 'ingress' });

/** `HOST at HOSTNAME`, and whether others name the host as closely. */
const cases: readonly [what: string, routes: readonly Route[], rows: Readonly<Record<string, boolean>>][] = [
  ['nothing', [], { 'a.example at a.example': false, 'a.example at ': false, ' at ': false }],
  [
    'a host of a Service',
    [service('a.example')],
    { 'a.example at ': true, 'a.example at *.example': true, 'a.example at a.example': true, 'b.example at ': false },
  ],
  ['a host of an Ingress', [ingress('a.example')], { 'a.example at *.example': true, 'b.example at ': false }],
  [
    'a wildcard of Services, whose star is any number of labels',
    [service('*.b.example')],
    {
      'a.b.example at ': true,
      'a.b.example at *.example': true,
      'x.a.b.example at *.b.example': true,
      'x.a.b.example at *.a.b.example': false,
      'a.b.example at a.b.example': false,
      'b.example at *.example': false,
    },
  ],
  [
    'a wildcard of Ingresses, whose star is one label',
    [ingress('*.b.example')],
    { 'a.b.example at *.b.example': true, 'x.a.b.example at *.example': false, 'a.b.example at a.b.example': false },
  ],
  ['a Service without a host, which is asked by path', [service('')], { 'a.example at ': false, ' at ': false }],
  [
    'an Ingress without a host',
    [ingress(CATCH_ALL_HOST)],
    { 'a.example at ': true, ' at ': true, 'a.example at *.example': false, '_ at ': true },
  ],
];

for (const [what, routes, rows] of cases) {
  test(`beside ${what}`, () => {
    const table = RouteTable.of(routes);
    for (const [row, expected] of Object.entries(rows)) {
      const [host = '', hostname = ''] = row.split(' at ');
      assert.equal(table.namesAsClosely(host, hostname), expected, row);
    }
  });
}
