/** Codecs know bytes, and the pipeline knows none: a line end in its source is a piece of HTTP/1.1. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const PIPELINE = join(import.meta.dirname, '../../../src/dataplane/pipeline');

test('no file of the pipeline writes or looks for a line end', () => {
  const files = globSync('**/*.ts', { cwd: PIPELINE });
  assert.ok(files.length > 10);
  for (const file of files) assert.ok(!readFileSync(join(PIPELINE, file), 'utf8').includes('\\r\\n'), file);
});
