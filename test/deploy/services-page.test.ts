import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATIONS } from '../../src/translate/annotation-names.ts';
import { POLICY_ROWS } from '../../src/translate/policies/policies.ts';
import { textOf } from './objects.ts';

test('deploy/services.md has a row for each annotation that is no policy, and for no other', () => {
  const policies = new Set(POLICY_ROWS.map(({ name }) => name));
  const rows = textOf('services.md').match(/^\| `kube-entry\.io\/.*? \| /gm) ?? [];
  const named = rows.flatMap(row => [...row.matchAll(/kube-entry\.io\/([a-z-]+)/g)].map(([, name]) => name));
  assert.deepEqual(named.sort(), ANNOTATIONS.filter(name => !policies.has(name)).sort());
});
