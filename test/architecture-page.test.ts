/** src/ARCHITECTURE.md names files: it must not send a reader to one that has moved. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SRC = join(import.meta.dirname, '../src');
const DATAPLANE = /^(?:transport|http1|pipeline|clusters)\//;

test('every file that src/ARCHITECTURE.md names is there', () => {
  const page = readFileSync(join(SRC, 'ARCHITECTURE.md'), 'utf8');
  const named = [...page.matchAll(/`([\w./-]+\/[\w./-]*)`/g)].map(([, path = '']) => path);
  assert.ok(named.length > 40, `${named.length} names`);
  const absent = named
    .map(path => (DATAPLANE.test(path) ? `dataplane/${path}` : path))
    .filter(path => !existsSync(join(SRC, path)));
  assert.deepEqual(absent, []);
});
