import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameSet } from '../../../src/dataplane/fields/name-set.ts';

function has(set: NameSet, name: string): boolean {
  const text = `before: 1\r\n${name}: 2\r\n`;
  return set.has(text, 11, 11 + name.length);
}

test('a set of names finds a name where it stands, in whatever case', () => {
  const set = new NameSet(['server', 'x-tenant']);
  for (const name of ['server', 'Server', 'SERVER', 'X-Tenant', 'x-tenant']) assert.ok(has(set, name), name);
  for (const name of ['serve', 'servers', 'sercer', 'x_tenant', 'X\rTenant', 'x-tenanT!', ''])
    assert.ok(!has(set, name), name);
});

test('a set that takes aliases takes an underscore for a hyphen, and nothing else', () => {
  const set = new NameSet(['x-tenant-id', 'user-agent'], true);
  for (const name of ['X-Tenant-ID', 'x_tenant_id', 'X_Tenant-Id', 'User_Agent']) assert.ok(has(set, name), name);
  for (const name of ['x.tenant.id', 'xxtenantxid', 'useragent', 'user agent']) assert.ok(!has(set, name), name);
});

test('only letters have a case: a control character is no hyphen, an at sign no grave accent', () => {
  const set = new NameSet(['a-`b']);
  assert.ok(has(set, 'A-`B'));
  assert.ok(!has(set, 'a\r`b'));
  assert.ok(!has(set, 'a-@b'));
});
