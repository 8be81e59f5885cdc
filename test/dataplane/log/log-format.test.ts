import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessLog } from '../../../src/dataplane/log/access-log.ts';
import type { Protocol, RequestRecord } from '../../../src/dataplane/log/request-record.ts';
import { TextHead } from '../../../src/dataplane/log/text-head.ts';
import { LogLines } from '../../support/log-lines.ts';
import fc from '../../support/property.ts';

interface Logged extends RequestRecord {
  readonly protocol: Protocol;
  readonly time: number;
  readonly requestLine: string;
  readonly referer: string;
  readonly userAgent: string;
  readonly authorization: string;
}

const VOLUME = { service: { namespace: 'default', name: 'volume' }, path: '/volume' };

const RECORD: Logged = {
  remoteAddress: '192.0.2.7',
  time: Date.UTC(2026, 10, 21, 17, 15, 33, 500),
  tls: undefined,
  protocol: 'HTTP/1.1',
  requestLine: 'GET /volume/api?x=1 HTTP/1.1',
  host: 'example.com',
  status: 200,
  bodyBytes: 612,
  requestBytes: 88,
  referer: 'https://example.com/',
  userAgent: 'curl/8.5.0',
  authorization: '',
  requestId: '0123456789abcdef0123456789abcdef',
  durationMs: 1.23456,
  route: VOLUME,
  policy: undefined,
  endpoint: { address: '10.96.0.7', port: 80 },
  upstreamMs: 1.0004,
  upstreamStatus: 200,
  earlierAttempts: [],
  reason: '-',
};

const wireText = fc.string({ unit: fc.nat({ max: 255 }).map(code => String.fromCharCode(code)) });

function formatLine(logged: Logged, accessLog: 'combined' | 'json'): string {
  let text = '';
  const lines = new LogLines(line => {
    text += line;
  });
  new AccessLog(lines, { settings: { accessLog } }).write(logged, new TextHead(logged), logged.time);
  return text;
}

/** The credentials of a user, as a client sends them. */
function basic(user: string): string {
  return `Basic ${Buffer.from(`${user}:secret`, 'latin1').toString('base64')}`;
}

test('combined is nginx’s line, then id, length, time, route and upstream', () => {
  assert.equal(
    formatLine(RECORD, 'combined'),
    '192.0.2.7 - - [21/Nov/2026:17:15:33 +0000] "GET /volume/api?x=1 HTTP/1.1" 200 612 "https://example.com/" "curl/8.5.0" 0123456789abcdef0123456789abcdef 88 0.001 default/volume /volume 10.96.0.7:80 200 0.001 -\n',
  );
});

test('what is absent is a dash, but an empty request line is empty, as nginx writes it', () => {
  const nothing = {
    requestLine: '',
    referer: '',
    userAgent: '',
    requestId: '',
    route: undefined,
    endpoint: undefined,
  };
  const record = { ...RECORD, ...nothing, status: 408, bodyBytes: 0, upstreamMs: Number.NaN, upstreamStatus: 0 };
  const failed = { ...record, reason: 'client_header_timeout' as const };
  assert.equal(
    formatLine(failed, 'combined'),
    '192.0.2.7 - - [21/Nov/2026:17:15:33 +0000] "" 408 0 "-" "-" - 88 0.001 - - - - - client_header_timeout\n',
  );
});

test('the attempts before the last are listed as nginx lists them', () => {
  const earlierAttempts = [{ endpoint: { address: '10.96.0.6', port: 80 }, status: 504, ms: 2 }];
  const record = { ...RECORD, earlierAttempts, upstreamMs: 3 };
  assert.match(formatLine(record, 'combined'), / 10\.96\.0\.6:80, 10\.96\.0\.7:80 504, 200 0\.002, 0\.003 -\n$/);
  const json = JSON.parse(formatLine(record, 'json')) as Record<string, unknown>;
  assert.deepEqual(json.earlierAttempts, [{ upstream: '10.96.0.6:80', status: 504, ms: 2 }]);
  assert.equal(json.upstream, '10.96.0.7:80');
});

test('times are seconds to the millisecond', () => {
  const table: [milliseconds: number, seconds: string][] = [
    [0, '0.000'],
    [0.49, '0.000'],
    [7, '0.007'],
    [999.4, '0.999'],
    [999.6, '1.000'],
    [75_042, '75.042'],
  ];
  for (const [durationMs, seconds] of table) {
    assert.equal(
      formatLine({ ...RECORD, durationMs }, 'combined')
        .split(' ')
        .at(-7),
      seconds,
    );
  }
});

test('what reads nginx’s combined lines reads these', () => {
  // As the parsers of GoAccess, Fluent Bit and AWStats: anchored at the beginning, open at the end.
  const combined = /^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"(?:\s.*)?$/;
  const found = combined.exec(formatLine({ ...RECORD, userAgent: 'a "b" [c] d' }, 'combined').trimEnd());
  assert.deepEqual(found?.slice(4, 11), [
    'GET',
    '/volume/api?x=1',
    'HTTP/1.1',
    '200',
    '612',
    'https://example.com/',
    'a \\x22b\\x22 [c] d',
  ]);
});

test('the time moves on, and back, with the requests', () => {
  const at = (time: number) => /\[(.*)\]/.exec(formatLine({ ...RECORD, time }, 'combined'))?.[1];
  assert.equal(at(Date.UTC(2026, 0, 1, 0, 0, 0)), '01/Jan/2026:00:00:00 +0000');
  assert.equal(at(Date.UTC(2026, 0, 1, 0, 0, 0, 999)), '01/Jan/2026:00:00:00 +0000');
  assert.equal(at(Date.UTC(2026, 0, 1, 0, 0, 1)), '01/Jan/2026:00:00:01 +0000');
  assert.equal(at(Date.UTC(2025, 11, 31, 23, 59, 59)), '31/Dec/2025:23:59:59 +0000');
  assert.equal(at(Date.UTC(2028, 1, 29, 12, 30, 9)), '29/Feb/2028:12:30:09 +0000');
});

test('quotes, backslashes and all but printable ASCII are escaped as nginx does', () => {
  const table: [text: string, escaped: string][] = [
    ['plain ~ text!', 'plain ~ text!'],
    ['"', '\\x22'],
    ['\\', '\\x5C'],
    ['\r\n', '\\x0D\\x0A'],
    ['\0\x1f\x7f', '\\x00\\x1F\\x7F'],
    ['caf\xc3\xa9', 'caf\\xC3\\xA9'],
    ['\x1b[31m', '\\x1B[31m'],
  ];
  for (const [text, escaped] of table) {
    const line = formatLine({ ...RECORD, userAgent: text }, 'combined');
    assert.ok(line.includes(`"https://example.com/" "${escaped}" 0123456789abcdef`), line);
  }
  // Only a route's path can hold these characters, since it does not come from a client. They are written as UTF-8.
  for (const [text, escaped] of [
    ['€', '\\xE2\\x82\\xAC'],
    ['😀', '\\xF0\\x9F\\x98\\x80'],
  ]) {
    const line = formatLine({ ...RECORD, route: { ...VOLUME, path: `/${text}` } }, 'combined');
    assert.ok(line.includes(` default/volume /${escaped} 10.96.0.7:80 `), line);
  }
});

test('JSON has every field, numbers as numbers, and null for the time of an upstream that was not asked', () => {
  const line = formatLine(RECORD, 'json');
  const parsed: unknown = JSON.parse(line);
  const {
    earlierAttempts: _,
    authorization: __,
    route: ___,
    endpoint: ____,
    tls: _____,
    policy: ______,
    ...fields
  } = RECORD;
  assert.deepEqual(parsed, {
    ...fields,
    time: '2026-11-21T17:15:33.500Z',
    forwardedFor: '',
    remoteUser: '',
    service: 'default/volume',
    routePath: '/volume',
    upstream: '10.96.0.7:80',
    durationMs: 1.235,
    upstreamMs: 1,
  });
  const none = JSON.parse(formatLine({ ...RECORD, upstreamMs: Number.NaN }, 'json')) as Record<string, unknown>;
  assert.equal(none.upstreamMs, null);
});

test('JSON names the policy that refused or answered a request', () => {
  const json = JSON.parse(formatLine({ ...RECORD, policy: 'rate-limit' }, 'json')) as Record<string, unknown>;
  assert.equal(json.policy, 'rate-limit');
});

test('JSON says how a request over TLS came, and combined is as without TLS', () => {
  const tls = {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    serverName: 'a.example',
    isResumed: true,
  } as const;
  const json = JSON.parse(formatLine({ ...RECORD, protocol: 'HTTP/2.0', tls }, 'json')) as Record<string, unknown>;
  assert.equal(json.protocol, 'HTTP/2.0');
  assert.deepEqual(json.tls, tls);
  assert.equal(formatLine({ ...RECORD, tls }, 'combined'), formatLine(RECORD, 'combined'));
});

test('a server name of any bytes is part of one line that reads back', () => {
  fc.assert(
    fc.property(wireText, serverName => {
      const tls = { version: 'TLSv1.2', cipher: 'ECDHE-RSA-AES128-GCM-SHA256', serverName, isResumed: false } as const;
      const line = formatLine({ ...RECORD, tls }, 'json');
      assert.match(line, /^[\x20-\x7e]+\n$/);
      assert.deepEqual((JSON.parse(line) as Record<string, unknown>).tls, tls);
    }),
  );
});

test('whatever a client sends, a record is one line of printable ASCII that cannot forge a quoted field', () => {
  fc.assert(
    fc.property(wireText, wireText, wireText, wireText, (requestLine, referer, userAgent, user) => {
      const authorization = basic(user);
      const line = formatLine({ ...RECORD, requestLine, referer, userAgent, authorization }, 'combined');
      assert.match(line, /^[\x20-\x7e]+\n$/);
      assert.equal(line.split('"').length, 7, line);
    }),
  );
});

test('whatever a client sends, a JSON record is one line that reads back', () => {
  fc.assert(
    fc.property(wireText, wireText, (requestLine, userAgent) => {
      const line = formatLine({ ...RECORD, requestLine, userAgent }, 'json');
      assert.match(line, /^[\x20-\x7e]+\n$/, 'nothing that a terminal would obey');
      const json = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual([json.requestLine, json.userAgent], [requestLine, userAgent]);
    }),
  );
});

test('a JSON record with a route’s path of any characters is one line that reads back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('\n', '\r', '"', '\\', '\0', '\x7f', '\xe9', '\u2028', '\ud800', '😀', 'a') }),
      path => {
        const line = formatLine({ ...RECORD, route: { ...VOLUME, path } }, 'json');
        assert.match(line, /^[\x20-\x7e]+\n$/, 'nothing that a terminal would obey');
        assert.equal((JSON.parse(line) as Record<string, unknown>).routePath, path);
      },
    ),
  );
});

test('a head of nothing but bytes that need escapes fits into the room that its line asks for', () => {
  const bad = '\x01'.repeat(32 * 1024);
  for (const format of ['combined', 'json'] as const) {
    const line = formatLine({ ...RECORD, requestLine: bad, referer: bad, userAgent: bad }, format);
    const escaped = format === 'combined' ? '\\x01' : '\\u0001';
    assert.equal(line.split(escaped).length, 3 * bad.length + 1);
    assert.ok(line.endsWith(format === 'combined' ? ' -\n' : '}\n'));
  }
});

test('the name of Basic credentials is logged, and nothing else of them', () => {
  const logged = { ...RECORD, authorization: basic('Aladdin "x"') };
  assert.match(formatLine(logged, 'combined'), /^192\.0\.2\.7 - Aladdin \\x22x\\x22 \[/);
  const json = formatLine(logged, 'json');
  assert.equal((JSON.parse(json) as Record<string, unknown>).remoteUser, 'Aladdin "x"');
  assert.doesNotMatch(json, /secret|Basic/);
});

test('the log writes in the format in force, and nothing when it is off', () => {
  const lines: string[] = [];
  const state = { settings: { accessLog: 'off' as 'off' | 'combined' | 'json' } };
  const log = new AccessLog(new LogLines(line => lines.push(line)), state);
  log.write(RECORD, new TextHead(RECORD), RECORD.time);
  state.settings = { accessLog: 'json' };
  log.write(RECORD, new TextHead(RECORD), RECORD.time);
  state.settings = { accessLog: 'combined' };
  log.write(RECORD, new TextHead(RECORD), RECORD.time);
  assert.deepEqual(lines, [formatLine(RECORD, 'json'), formatLine(RECORD, 'combined')]);
});
