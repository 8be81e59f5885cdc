import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrpcRouteObject, HttpRouteObject } from '../../../src/resources/gateway/gateway-object.ts';
import { readRoute } from '../../../src/translate/gateway/routes/read-route.ts';
import { type Around, around } from './scene.ts';
import { type Asked, ServedPort } from './served.ts';

/** What is asked for; by default example.com, `/` and GET. */
export interface Row extends Partial<Asked> {
  /** A Service, or the status where none answers: 404, or 500. */
  readonly gets: string;
}

/** Routes, and which Service requests get. */
export interface Table {
  readonly name: string;
  readonly http?: readonly HttpRouteObject[];
  readonly grpc?: readonly GrpcRouteObject[];
  readonly around?: Around;
  readonly rows: readonly Row[];
}

export function testTables(tables: readonly Table[]): void {
  for (const { name, http = [], grpc = [], around: all, rows } of tables) {
    test(name, () => {
      const context = around(all);
      const port = new ServedPort([
        ...http.flatMap(route => readRoute('HTTPRoute', route, context).routes),
        ...grpc.flatMap(route => readRoute('GRPCRoute', route, context).routes),
      ]);
      for (const { gets, host = 'example.com', path = '/', ...asked } of rows) {
        const route = port.match({ host, path, ...asked });
        const found = route === undefined ? '404' : (STATUSES[route.cluster] ?? route.service.name);
        assert.equal(found, gets, JSON.stringify({ host, path, ...asked }));
      }
    });
  }
}

const STATUSES: Readonly<Record<string, string>> = { 'gateway invalid-backend': '500' };

/** Rows that differ in one text: the key of each lists them, with spaces. */
export function rows(by: Readonly<Record<string, string>>, row: (text: string) => Omit<Row, 'gets'>): Row[] {
  return Object.entries(by).flatMap(([texts, gets]) => texts.split(' ').map(text => ({ ...row(text), gets })));
}
