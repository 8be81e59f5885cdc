import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { writeSettings } from '../../src/settings/load.ts';
import { DEFAULTS, environmentOf, flagOf, isSettingKey, SETTING_KEYS } from '../../src/settings/schema.ts';

const WRITTEN = writeSettings(DEFAULTS);
const keyOfFlag = new Map(SETTING_KEYS.map(key => [flagOf(key), key]));

/** Section 7 of the contract, row by row, then the defaults it gives elsewhere. */
const CONTRACT: [flag: string, written: unknown][] = [
  ['client-header-timeout', '60s'],
  ['proxy-connect-timeout', '5s'],
  ['client-body-timeout', '60s'],
  ['proxy-read-timeout', '60s'],
  ['send-timeout', '60s'],
  ['proxy-send-timeout', '60s'],
  ['keepalive-timeout', '75s'],
  ['keepalive-requests', 10_000],
  ['client-max-body-size', '0'],
  ['worker-connections', 16_384],
  ['workers', availableParallelism()],
  ['upstream-keepalive', 1024],
  ['merge-slashes', true],
  ['upgrade-protocols', ['websocket']],
  ['shutdown-delay', '5s'],
  ['shutdown-timeout', '30s'],
  ['listen', '0.0.0.0:8080'],
  ['admin-socket', 'admin.sock'],
  ['status-listen', '127.0.0.1:10254'],
  ['access-log', 'combined'],
  ['source', 'kube'],
  ['state-file', ''],
  ['allow-external-name', false],
  ['underscores-in-headers', false],
  ['trusted-proxies', []],
  // Sections 13 and 14.
  ['balance', 'service'],
  ['zone-minimum', 2],
  ['outlier-failures', 5],
  ['outlier-ejection-time', '30s'],
  ['outlier-max-ejected', '33%'],
  ['metrics-per-endpoint', false],
  ['affinity-key-file', ''],
  ['tls-listen', ''],
  ['default-tls-secret', ''],
  ['tls-reject-unknown-sni', false],
  ['tls-handshakes', 256],
  ['https-port', 0],
  ['proxy-protocol', []],
];

for (const [flag, written] of CONTRACT) {
  test(`the default of --${flag} is ${JSON.stringify(written)}`, () => {
    const key = keyOfFlag.get(flag);
    assert.ok(key !== undefined, `there is a setting --${flag}`);
    assert.deepEqual(WRITTEN[key], written);
  });
}

test('a setting has one name in three spellings', () => {
  assert.equal(flagOf('proxyReadTimeout'), 'proxy-read-timeout');
  assert.equal(environmentOf('proxyReadTimeout'), 'KUBE_ENTRY_PROXY_READ_TIMEOUT');
  assert.equal(new Set(SETTING_KEYS.map(flagOf)).size, SETTING_KEYS.length);
});

test('what every object has is no setting', () => {
  for (const key of ['constructor', '__proto__', 'toString']) assert.equal(isSettingKey(key), false, key);
});
