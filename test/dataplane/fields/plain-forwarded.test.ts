import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PreparedForwarded } from '../../../src/dataplane/fields/plain-forwarded.ts';

const OF_SERVICE = 'X-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n';
const OF_INGRESS =
  'X-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Scheme: https\r\nX-Scheme: https\r\n';

test('each request gets the lines of its host and of its kind of route, whatever the requests before it had', () => {
  const forwarded = new PreparedForwarded('192.0.2.1', 'https');
  const ofClient = 'X-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.1\r\n';
  const expected = (host: string, isToIngress: boolean): string => {
    const line = host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`;
    return isToIngress ? `${ofClient}${line}${OF_INGRESS}` : `${OF_SERVICE}${line}`;
  };
  const asked = [
    ...[['a', false] as const, ['a', false] as const, ['a', true] as const, ['a', true] as const],
    ...[['b', true] as const, ['', true] as const, ['', true] as const, ['', false] as const],
    ...[['a:80', false] as const, ['a', true] as const, ['b', false] as const, ['a', true] as const],
  ];
  for (const [host, isToIngress] of asked) {
    assert.equal(forwarded.lines(host, isToIngress), expected(host, isToIngress), `${host} ${isToIngress}`);
  }
});
