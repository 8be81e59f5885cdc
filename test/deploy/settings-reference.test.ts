import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REFERENCE_FILE, settingsReference } from '../../deploy/settings-reference.ts';
import { SETTING_KEYS } from '../../src/settings/schema.ts';

test('deploy/settings.md is what the schema says: npm run docs:settings writes it again', () => {
  assert.equal(readFileSync(REFERENCE_FILE, 'utf8'), settingsReference());
});

test('every setting has a row with all its columns', () => {
  const rows = settingsReference()
    .split('\n')
    .filter(line => line.startsWith('| `--'));
  assert.equal(rows.length, SETTING_KEYS.length);
  for (const row of rows) assert.equal(row.split(/(?<!\\)\|/).length, 7, row);
  assert.ok(
    rows.includes(
      '| `--proxy-read-timeout`<br>`KUBE_ENTRY_PROXY_READ_TIMEOUT`<br>`proxyReadTimeout` | `DURATION` | `60s` | live | time between two reads from an upstream; also the idle limit of tunnels |',
    ),
  );
});
