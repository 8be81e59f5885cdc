import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeConfig } from '../../src/migrate/judge-config.ts';

test('a key of the ConfigMap that a setting says is mended by its option, where the value can be said', () => {
  const rows: readonly (readonly [key: string, value: string, mend: string | undefined])[] = [
    ['keep-alive', '120', '--keepalive-timeout=120s'],
    ['keep-alive', '2m', undefined],
    ['keep-alive-requests', ' 10000 ', '--keepalive-requests=10000'],
    ['worker-shutdown-timeout', '300s', '--shutdown-timeout=300s'],
    ['worker-processes', '4', '--workers=4'],
    ['proxy-real-ip-cidr', '10.0.0.0/8, fd00::/8', '--trusted-proxies=10.0.0.0/8,fd00::/8'],
    ['proxy-real-ip-cidr', '$(reboot)', undefined],
    ['enable-underscores-in-headers', 'true', '--underscores-in-headers'],
    ['ssl-reject-handshake', 'true', '--tls-reject-unknown-sni'],
    ['constructor', 'x', undefined],
  ];
  for (const [key, value, mend] of rows) assert.equal(judgeConfig(new Map([[key, value]]), [])[0]?.mend, mend, key);
});
