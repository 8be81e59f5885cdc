import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeLog } from '../../src/control/change-log.ts';
import { RouteTable } from '../../src/routing/table.ts';
import { route } from '../support/routes.ts';

const BEFORE = RouteTable.of([route('/a'), route('/gone', { service: { namespace: 'old', name: 'owner' } })]);

test('it says which routes were added, changed and removed, and whose they are', () => {
  const log = new ChangeLog();
  const upserts = [route('/a', { stripPrefix: false }), route('/new')];
  log.record({ version: 2, upserts, removals: [{ host: '', path: '/gone' }] }, BEFORE, 1000, 2.5);
  const service = { namespace: 'default', name: 'web' };
  assert.deepEqual(log.changes, [
    {
      version: 2,
      at: 1000,
      tookMs: 2.5,
      added: 1,
      changed: 1,
      removed: 1,
      routes: [
        { host: '', path: '/gone', service: { namespace: 'old', name: 'owner' }, what: 'removed' },
        { host: '', path: '/a', service, what: 'changed' },
        { host: '', path: '/new', service, what: 'added' },
      ],
    },
  ]);
});

test('the newest come first, and the old ones go', () => {
  const log = new ChangeLog();
  for (let version = 1; version <= 60; version += 1) {
    log.record({ version, upserts: [route('/a')], removals: [] }, BEFORE, version, 1);
  }
  assert.deepEqual([log.changes.length, log.changes[0]?.version, log.changes.at(-1)?.version], [50, 60, 11]);
});

test('a large change names a few routes and counts all', () => {
  const log = new ChangeLog();
  const upserts = Array.from({ length: 10_000 }, (_, index) => route(`/r${index}`));
  log.record({ version: 1, upserts, removals: [] }, RouteTable.EMPTY, 1, 1);
  assert.deepEqual([log.changes[0]?.added, log.changes[0]?.routes.length], [10_000, 20]);
});

test('a change of nothing is none', () => {
  const log = new ChangeLog();
  log.record({ version: 1, upserts: [], removals: [] }, RouteTable.EMPTY, 1, 1);
  assert.deepEqual(log.changes, []);
});
