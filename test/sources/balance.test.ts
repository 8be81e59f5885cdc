import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Balance, HashKey } from '../../src/model/cluster.ts';
import { formatBalance, parseBalance } from '../../src/translate/balance/balance.ts';
import { formatNginxKey, parseNginxKey } from '../../src/translate/balance/hash-key.ts';
import fc from '../support/property.ts';

const hash = (key: HashKey): Balance => ({ policy: 'hash', key });

test('each way to balance is read, with blanks around it', () => {
  const rows: [text: string, balance: Balance][] = [
    ['service', { policy: 'service' }],
    [' least-request ', { policy: 'least-request' }],
    ['round-robin', { policy: 'round-robin' }],
    ['ewma', { policy: 'ewma' }],
    ['hash client-ip', hash({ from: 'client-ip' })],
    ['hash  uri', hash({ from: 'uri' })],
    ['hash header:X-User', hash({ from: 'header', name: 'x-user' })],
    ['hash cookie:Session', hash({ from: 'cookie', name: 'Session' })],
    ['hash query:user[id]', hash({ from: 'query', name: 'user[id]' })],
    ['hash $request_uri', hash({ from: 'uri' })],
    [`hash \${remote_addr}`, hash({ from: 'client-ip' })],
    ['hash $http_x_user', hash({ from: 'header', name: 'x-user' })],
  ];
  for (const [text, balance] of rows) assert.deepEqual(parseBalance(text), balance, text);
});

test('the keys that users of ingress-nginx write are read', () => {
  const rows: [text: string, key: HashKey][] = [
    ['$binary_remote_addr', { from: 'client-ip' }],
    ['$the_real_ip', { from: 'client-ip' }],
    ['$cookie_JSESSIONID', { from: 'cookie', name: 'JSESSIONID' }],
    ['$arg_token', { from: 'query', name: 'token' }],
    ['$http_authorization', { from: 'header', name: 'authorization' }],
    ['$host$request_uri', { from: 'text', parts: [{ variable: 'host' }, { variable: 'request_uri' }] }],
    [`\${uri}_v2`, { from: 'text', parts: [{ variable: 'uri' }, '_v2'] }],
    ['$document_uri', { from: 'text', parts: [{ variable: 'uri' }] }],
    ['$uri$is_args$args', { from: 'text', parts: [{ variable: 'uri' }, '?', { variable: 'args' }] }],
    [
      'v1:$http_host $request_method',
      {
        from: 'text',
        parts: ['v1:', { variable: 'http_host' }, ' ', { variable: 'request_method' }],
      },
    ],
  ];
  for (const [text, key] of rows) assert.deepEqual(parseNginxKey(text), key, text);
});

test('what cannot be read is refused with what to write instead', () => {
  const rows: [text: string, message: RegExp][] = [
    ['', /^"" is no way to balance; write service, least-request, round-robin, ewma or hash KEY$/],
    ['round_robin', /^"round_robin" is no way to balance; did you mean round-robin\?$/],
    ['least_conn', /^"least_conn" is no way to balance; /],
    ['EWMA', /did you mean ewma\?$/],
    ['hash', /^hash needs a key: write client-ip, uri, header:NAME/],
    ['hash ip', /^"ip" is not a hash key: write client-ip/],
    ['hash header:', /^"" is not the name of a header$/],
    ['hash header:a b', /^"a b" is not the name of a header$/],
    ['hash header:a\r\nb', /^"a\\r\\nb" is not the name of a header$/],
    ['hash cookie:a=b', /^"a=b" is not the name of a cookie$/],
    ['hash query:a&b', /^"a&b" is not the name of a query parameter$/],
    ['hash $request_ur', /^\$request_ur is no variable that a key may hold; did you mean \$request_uri\?$/],
    [
      'hash $geoip_country',
      /^\$geoip_country is no variable that a key may hold; known are \$request_uri, .*\$cookie_NAME$/,
    ],
    ['hash $host$', /a \$ must begin the name of a variable/],
    ['hash $$', /a \$ must begin the name of a variable/],
    [`hash \${host`, /a \$ must begin the name of a variable/],
    ['hash $is_args', /has no variable: every request would go to the same endpoint$/],
    [`hash $host${'a'.repeat(300)}`, /\(305 characters\) is longer than 256 characters$/],
  ];
  for (const [text, message] of rows) assert.throws(() => parseBalance(text), { code: 'BAD_VALUE', message }, text);
});

test('a policy is written as the annotation has it', () => {
  for (const text of ['service', 'ewma', 'hash uri', 'hash cookie:id', 'hash $host/$request_uri']) {
    assert.equal(formatBalance(parseBalance(text)), text);
  }
});

test('what is read is written so that it is read again', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
  const key: fc.Arbitrary<string> = fc.oneof(
    fc.constantFrom('client-ip', 'uri', '$host', `\${host}a`, '$uri$is_args$args', 'a$http_x_y'),
    fc.tuple(fc.constantFrom('header', 'cookie', 'query'), name).map(([from, one]) => `${from}:${one}`),
    fc
      .array(fc.oneof(fc.constantFrom('$host', `\${uri}`, '$arg_', '$cookie_', '-', '/'), name), { minLength: 1 })
      .map(parts => `$host${parts.join('')}`),
  );
  const isRead = (text: string): boolean => {
    try {
      parseBalance(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(key.map(one => `hash ${one}`).filter(isRead), text => {
      const balance = parseBalance(text);
      assert.deepEqual(parseBalance(formatBalance(balance)), balance);
      if (balance.policy === 'hash') assert.deepEqual(parseNginxKey(formatNginxKey(balance.key)), balance.key);
    }),
  );
});
