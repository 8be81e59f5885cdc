/**
 * What an HTTP/1.1 upstream must never see of a request of HTTP/2. Each row is answered, its stream is reset, nothing of it
 * reaches the upstream, and the connection serves the next request.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FailureReason } from '../../src/dataplane/failures/failures.ts';
import { type Fields, getFields, requestFields } from '../support/http2-fields.ts';
import { frame } from '../support/http2-frames.ts';
import { scene } from './scene.ts';

interface Row {
  readonly what: string;
  readonly fields: Fields;
  readonly reason: FailureReason;
  readonly status?: number;
  /** Undefined: the head ends the stream. */
  readonly body?: string;
}

const SMUGGLED = 'GET /volume/smuggled HTTP/1.1\r\nHost: test\r\n\r\n';

const get = (what: string, more: Fields, reason: FailureReason, status = 400): Row => {
  return { what, fields: getFields('/volume', more), reason, status };
};
const post = (what: string, more: Fields, reason: FailureReason, body?: string): Row => {
  return { what, fields: requestFields('POST', '/volume', more), reason, ...(body !== undefined && { body }) };
};
/** Pseudo-fields alone. */
const pseudo = (what: string, fields: Fields, reason: FailureReason = 'request_pseudo_field', status = 400): Row => {
  return { what, fields, reason, status };
};
const target = (path: string, reason: FailureReason, method = 'GET', status = 400): Row => {
  return { what: `:path ${JSON.stringify(path)}`, fields: requestFields(method, path), reason, status };
};
const authority = (host: string): Row => {
  const fields = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/volume'],
    [':authority', host],
  ] as const;
  return { what: `:authority ${JSON.stringify(host)}`, fields, reason: 'request_host_malformed' };
};

const M = [':method', 'GET'] as const;
const S = [':scheme', 'http'] as const;
const P = [':path', '/volume'] as const;
const A = [':authority', 'test'] as const;

/** Its bytes as text, one for each. */
function inUtf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

const NAMES: readonly Row[] = [
  ...['X-Upper', 'x y', 'x\0', 'x\r\ny', 'x:y', '', 'x\x7f', 'x\xe9', '\u017fx', 'x(', 'x,', 'x"', 'x[', 'x{'].map(
    name => get(`the name ${JSON.stringify(name)}`, [[inUtf8(name), '1']], 'request_header_malformed'),
  ),
  // Letters that become ASCII where case is folded by Unicode.
  get('a name with the Kelvin sign', [[inUtf8('\u212aeep-alive'), '1']], 'request_header_malformed'),
  post(
    'a long s in transfer-encoding',
    [[inUtf8('tran\u017ffer-encoding'), 'chunked']],
    'request_header_malformed',
    SMUGGLED,
  ),
];

const VALUES: readonly Row[] = ['a\0', 'a\r', 'a\n', 'a\r\nx-b: c', '\x01', '\x7f', ' a', 'a ', '\ta', 'a\t'].map(
  value => get(`the value ${JSON.stringify(value)}`, [['x-a', value]], 'request_control_character'),
);

const CONNECTION: readonly Row[] = [
  ...[
    ['connection', 'close'],
    ['connection', 'x-a'],
    ['proxy-connection', 'close'],
    ['keep-alive', 'timeout=5'],
    ['transfer-encoding', 'chunked'],
    ['transfer-encoding', ''],
    ['transfer-encoding', 'chunked\xa0'],
    ['transfer-encoding', inUtf8('chun\u212aed')],
    ['upgrade', 'h2c'],
    ['te', 'gzip'],
    ['te', 'trailers, gzip'],
    ['te', 'Trailers'],
    ['te', ''],
  ].map(([name = '', value = '']) => get(`${name}: ${value}`, [[name, value]], 'request_connection_field')),
  get(
    'te twice',
    [
      ['te', 'trailers'],
      ['te', 'trailers'],
    ],
    'request_connection_field',
  ),
  post('H2.TE', [['transfer-encoding', 'chunked']], 'request_connection_field', `0\r\n\r\n${SMUGGLED}`),
];

const LENGTH: readonly Row[] = [
  post(
    'two lengths',
    [
      ['content-length', '2'],
      ['content-length', '2'],
    ],
    'request_content_length_duplicate',
    'ab',
  ),
  ...['2, 2', '+2', '-2', '', '0x2', '2.0', 'two', '9007199254740992', '18446744073709551618', '\xb2'].map(value =>
    post(`the length ${JSON.stringify(value)}`, [['content-length', value]], 'request_content_length_malformed', 'ab'),
  ),
  post('a length and no body', [['content-length', '2']], 'request_length_mismatch'),
  post('H2.CL', [['content-length', '0']], 'request_length_mismatch', SMUGGLED),
];

const PSEUDO: readonly Row[] = [
  pseudo('no :method', [S, P, A]),
  pseudo('no :scheme', [M, P, A]),
  pseudo('no :path', [M, S, A]),
  pseudo('an empty :method', [[':method', ''], S, P, A]),
  pseudo('an empty :scheme', [M, [':scheme', ''], P, A]),
  pseudo('an empty :path', [M, S, [':path', ''], A]),
  pseudo('two :method', [M, M, S, P, A]),
  pseudo('two :scheme', [M, S, S, P, A]),
  pseudo('two :path', [M, S, P, P, A]),
  pseudo('two :authority', [M, S, P, A, A]),
  pseudo(':status', [M, S, P, A, [':status', '200']]),
  pseudo('an unknown one', [M, S, P, A, [':unknown', '1']]),
  pseudo('one behind a field', [M, S, P, ['x-a', '1'], A]),
  pseudo('a method with a space', [[':method', 'GET /volume/smuggled HTTP/1.1'], S, P, A]),
  pseudo('a method with a line end', [[':method', 'GET\r\nX: y'], S, P, A], 'request_control_character'),
  pseudo('a method in lower case', [[':method', 'get'], S, P, A]),
  ...['ftp', 'HTTP', 'http://evil/?', 'https ', 'http\t'].map(scheme =>
    pseudo(
      `:scheme ${JSON.stringify(scheme)}`,
      [M, [':scheme', scheme], P, A],
      /[ \t]$/.test(scheme) ? 'request_control_character' : 'request_pseudo_field',
    ),
  ),
  pseudo(':protocol without CONNECT', [M, S, P, A, [':protocol', 'websocket']]),
  pseudo('CONNECT with a path', [[':method', 'CONNECT'], S, P, A]),
  pseudo('CONNECT without :authority', [
    [':method', 'CONNECT'],
    ['host', 'test'],
  ]),
  pseudo('CONNECT', [[':method', 'CONNECT'], A], 'request_method_refused', 405),
  pseudo('TRACE', [[':method', 'TRACE'], S, P, A], 'request_method_refused', 405),
  ...['h2', 'h2c', 'WebSocket'].map(protocol =>
    pseudo(
      `:protocol ${protocol}`,
      [[':method', 'CONNECT'], S, P, A, [':protocol', protocol]],
      'request_protocol_unsupported',
      501,
    ),
  ),
];

const TARGETS: readonly Row[] = [
  target('volume', 'request_target_malformed'),
  target('http://test/volume', 'request_target_malformed'),
  target('*', 'request_target_malformed'),
  target('*', 'request_target_malformed', 'OPTIONS'),
  target('/volume /x', 'request_space_in_target'),
  target('/volume HTTP/1.1\r\nX: y', 'request_control_character'),
  target('/volume#x', 'request_target_malformed'),
  target('/volume/\xe9', 'request_target_malformed'),
  target('/volume/%00', 'request_escape_malformed'),
  target('/volume/%zz', 'request_escape_malformed'),
  target('/volume/../..', 'request_path_above_root'),
  target(`/volume/${'x'.repeat(8200)}`, 'request_line_too_long', 'GET', 414),
];

const HOSTS: readonly Row[] = [
  ...['u@test', 'test/x', 'test?x', 'test\\x', 'a b', 'a,b', 'test:x', 'test:65536', '', '[::1', '..', 'caf\xe9'].map(
    authority,
  ),
  pseudo('no host at all', [M, S, P], 'request_host_missing'),
  pseudo(':authority and another host', [M, S, P, A, ['host', 'other']], 'request_host_duplicate'),
  pseudo(':authority and a host with another port', [M, S, P, A, ['host', 'test:443']], 'request_host_duplicate'),
  pseudo('two hosts', [M, S, P, ['host', 'test'], ['host', 'test']], 'request_host_duplicate'),
  pseudo('an empty host', [M, S, P, ['host', '']], 'request_host_malformed'),
];

const LIMITS: readonly Row[] = [
  get('a field of 9 KiB', [['x-a', 'x'.repeat(9 * 1024)]], 'request_header_too_large', 431),
  get(
    'a head of 32 KiB, with 32 bytes more for each field',
    [1, 2, 3, 4].map(n => [`x-${n}`, 'x'.repeat(8_115)] as const),
    'request_header_too_large',
    431,
  ),
  get(
    '200 fields',
    Array.from({ length: 200 }, (_, n) => [`x-${n}`, ''] as const),
    'request_too_many_headers',
    431,
  ),
  get(
    '200 crumbs',
    Array.from({ length: 200 }, () => ['cookie', 'a'] as const),
    'request_too_many_headers',
    431,
  ),
];

describe('HTTP/2 to HTTP/1.1', { concurrency: 8, timeout: 600_000 }, () => {
  for (const [area, rows] of Object.entries({
    NAMES,
    VALUES,
    CONNECTION,
    LENGTH,
    PSEUDO,
    TARGETS,
    HOSTS,
    LIMITS,
  })) {
    it(`${area.toLowerCase()}: ${rows.length} requests are refused, and nothing of them goes on`, async t => {
      const { client, upstream, proxy } = await scene(t);
      for (const { what, fields, reason, status = 400, body } of rows) {
        const id = client.request(fields, body ?? '');
        const { status: answered } = await client.response(id);
        assert.equal(answered, status, what);
        const lines = await proxy.logged(proxy.logLines.length);
        assert.deepEqual([lines.at(-1)?.reason, lines.at(-1)?.status], [reason, status], what);
        await client.settled();
        // What the pipeline refuses in the same way for HTTP/1.1 is a proper answer to a proper request.
        if (client.stream(id).resetCode !== undefined) assert.equal(client.stream(id).resetCode, 1, what);
      }
      assert.deepEqual(
        upstream.requests.filter(({ complete }) => complete).map(({ line }) => line),
        [],
      );
      assert.equal(proxy.keptBytes, 0);
      assert.equal((await client.exchange(getFields('/volume/after'))).status, 200);
      assert.equal(upstream.completeRequests.length, 1);
    });
  }

  it('a body beyond its length never reaches the upstream, whose connection ends', async t => {
    const { client, upstream } = await scene(t, { upstream: () => undefined });
    const id = client.request(requestFields('POST', '/volume', [['content-length', '4']]));
    client.data(id, 'ab');
    const request = await upstream.request(0);
    await request.bodyBytes(2);
    client.data(id, `cd${SMUGGLED}`);
    assert.equal((await client.response(id)).status, 400);
    assert.equal(await client.resetOf(id), 1);
    await request.connection.closed();
    assert.equal(request.body, 'ab');
    assert.equal(upstream.requests.length, 1);
  });

  it('what frames a body upstream is its DATA, whatever the DATA looks like', async t => {
    const { client, upstream } = await scene(t);
    const bodies = [`0\r\n\r\n${SMUGGLED}`, '5\r\nabcde\r\n0\r\n\r\n', '\r\n', SMUGGLED];
    for (const body of bodies) {
      const id = client.request(requestFields('POST', '/volume'));
      for (const each of body) client.data(id, each);
      client.data(id, '', true);
      assert.equal((await client.response(id)).status, 200);
    }
    assert.deepEqual(
      upstream.completeRequests.map(({ framing, body }) => [framing, body]),
      bodies.map(body => ['chunked', body]),
    );
  });

  it('trailers end here where the body has a length', async t => {
    const { client, upstream } = await scene(t);
    const id = client.request(requestFields('POST', '/volume', [['content-length', '2']]));
    client.data(id, 'ab');
    client.send(frame(1, 5, id, Buffer.from('\0\x05x-sum\x017', 'latin1')));
    assert.equal((await client.response(id)).status, 200);
    assert.equal(upstream.only.framing, 'content-length');
    assert.ok(!upstream.only.raw.includes('sum'), upstream.only.raw);
  });

  it('a path may begin with two slashes', async t => {
    const { client } = await scene(t);
    assert.equal((await client.exchange(getFields('//volume/a'))).status, 200);
  });

  it('a body that is shorter than its length is no request: the upstream connection ends', async t => {
    const { client, upstream } = await scene(t, { upstream: () => undefined });
    const id = client.request(requestFields('POST', '/volume', [['content-length', '4']]), 'ab');
    assert.equal((await client.response(id)).status, 400);
    assert.equal(await client.resetOf(id), 1);
    for (const { connection, complete } of upstream.requests) {
      await connection.closed();
      assert.equal(complete, false);
    }
  });

  for (const [what, block, flags] of [
    ['a pseudo-field', '\0\x05:path\x01/', 5],
    ['a field of the connection', '\0\x0aconnection\x01x', 5],
    ['a capital', '\0\x03X-a\x01x', 5],
    ['a line end', '\0\x03x-a\x03a\r\n', 5],
    ['no END_STREAM', '\0\x03x-a\x01x', 4],
  ] as const) {
    it(`trailers with ${what} are refused, and the request is never whole`, async t => {
      const { client, upstream } = await scene(t);
      const id = client.request(requestFields('POST', '/volume'));
      client.data(id, 'ab');
      await upstream.request(0);
      client.send(frame(1, flags, id, Buffer.from(block, 'latin1')));
      assert.equal((await client.response(id)).status, 400);
      assert.equal(await client.resetOf(id), 1);
      await upstream.requests[0]?.connection.closed();
      assert.equal(upstream.completeRequests.length, 0);
    });
  }

  it('headers that end here, and those that this proxy sets, are not those of the client', async t => {
    const { client, upstream } = await scene(t);
    const hop = [
      'http2-settings',
      'proxy-authorization',
      'x-real-ip',
      'x-forwarded-prefix',
      'x_under',
      'x-client-cert-verify',
    ];
    await client.exchange(
      getFields(
        '/volume',
        hop.map(name => [name, 'evil'] as const),
      ),
    );
    assert.ok(!upstream.only.raw.includes('evil'), upstream.only.raw);
  });
});
