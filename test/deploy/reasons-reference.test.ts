import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REFERENCE_FILE, reasonsReference } from '../../deploy/reasons-reference.ts';

test('deploy/reasons.md is what the table of reasons says: npm run docs:reasons writes it again', () => {
  assert.equal(readFileSync(REFERENCE_FILE, 'utf8'), reasonsReference());
});
