import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ENGINES } from './engines.ts';

test('every area that engines.ts lists gaps for exists', () => {
  const sources = readdirSync(import.meta.dirname)
    .filter(file => file.endsWith('.test.ts'))
    .map(file => readFileSync(join(import.meta.dirname, file), 'utf8'));
  const areas = new Set(
    sources.flatMap(text => [...text.matchAll(/\bconformance\('([^']+)'/g)].map(match => match[1])),
  );
  for (const { name, gaps } of ENGINES) {
    for (const area of Object.keys(gaps))
      assert.ok(areas.has(area), `${name} has gaps in "${area}", which no file tests`);
  }
});
