/** What an upstream may send over HTTP/2 that must not be passed on, and what it costs: its own requests, or its connection. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../../support/eventually.ts';
import { type Fields, literals } from '../../../support/http2-fields.ts';
import { frame, settings, uint32 } from '../../../support/http2-frames.ts';
import { startProxy } from '../../../support/proxy-under-test.ts';
import { type Http2Request, RawHttp2Upstream } from '../../../support/raw-http2-upstream.ts';

const [DATA, HEADERS, PRIORITY, SETTINGS, PUSH_PROMISE, PING, WINDOW_UPDATE, CONTINUATION] = [0, 1, 2, 4, 5, 6, 8, 9];
const [PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM] = [1, 3, 6, 9, 11];

const manyFields: Fields = Array.from({ length: 300 }, (_, index) => [`x-${index}`, '']);

/** Responses of which nothing goes on; each costs its own request alone. */
const BAD_HEADS: readonly [what: string, reason: string, send: (request: Http2Request) => void][] = [
  ['no status', 'response_header_malformed', r => r.fieldsFrame([['x-a', '1']], true)],
  ['two statuses', 'response_header_malformed', r => r.head(200, [[':status', '200']], true)],
  ['a status of two digits', 'response_header_malformed', r => r.fieldsFrame([[':status', '20']], true)],
  ['a status with a sign', 'response_header_malformed', r => r.fieldsFrame([[':status', '+20']], true)],
  [
    'a status behind a field',
    'response_header_malformed',
    r =>
      r.fieldsFrame(
        [
          ['a', 'b'],
          [':status', '200'],
        ],
        true,
      ),
  ],
  ['a pseudo-field of requests', 'response_header_malformed', r => r.head(200, [[':path', '/']], true)],
  ['a name in upper case', 'response_header_malformed', r => r.head(200, [['X-A', '1']], true)],
  ['a name with a space', 'response_header_malformed', r => r.head(200, [['x a', '1']], true)],
  ['an empty name', 'response_header_malformed', r => r.head(200, [['', '1']], true)],
  ['a line end in a value', 'response_control_character', r => r.head(200, [['x-a', '1\r\nX-B: 2']], true)],
  ['a NUL in a value', 'response_control_character', r => r.head(200, [['x-a', '\0']], true)],
  ['connection', 'response_header_malformed', r => r.head(200, [['connection', 'close']], true)],
  ['transfer-encoding', 'response_header_malformed', r => r.head(200, [['transfer-encoding', 'chunked']], true)],
  ['upgrade', 'response_header_malformed', r => r.head(200, [['upgrade', 'h2c']], true)],
  ['a length that is none', 'response_content_length_malformed', r => r.head(200, [['content-length', '-1']], true)],
  [
    'two lengths',
    'response_content_length_duplicate',
    r =>
      r.head(
        200,
        [
          ['content-length', '0'],
          ['content-length', '0'],
        ],
        true,
      ),
  ],
  ['too many fields', 'response_header_too_large', r => r.head(200, manyFields, true)],
  ['101', 'response_http2_malformed', r => r.head(101)],
  ['an interim response that ends the stream', 'response_http2_malformed', r => r.head(103, [], true)],
  ['DATA before the head', 'response_http2_malformed', r => r.data('abc')],
  ['a window update of 0', 'response_http2_malformed', r => r.connection.windowUpdate(r.streamId, 0)],
  ['a window beyond 2^31-1', 'response_http2_malformed', r => r.connection.windowUpdate(r.streamId, 0x7fffffff)],
  [
    '101 interim responses',
    'response_too_many_interim',
    r => {
      for (let count = 0; count <= 100; count += 1) r.head(103);
    },
  ],
];

/** Responses that are cut after they have begun. */
const BAD_ENDS: readonly [what: string, reason: string, send: (request: Http2Request) => void][] = [
  [
    'more than the declared length',
    'response_length_mismatch',
    r => {
      r.head(200, [['content-length', '2']]);
      r.data('abc', true);
    },
  ],
  [
    'less than the declared length',
    'response_length_mismatch',
    r => {
      r.head(200, [['content-length', '9']]);
      r.data('abc', true);
    },
  ],
  ['a length and no body', 'response_length_mismatch', r => r.head(200, [['content-length', '9']], true)],
  [
    'a body of 304',
    'response_length_mismatch',
    r => {
      r.head(304);
      r.data('abc', true);
    },
  ],
  [
    'trailers before the declared length',
    'response_length_mismatch',
    r => {
      r.head(200, [['content-length', '9']]);
      r.trailersFrame([]);
    },
  ],
  [
    'a second head',
    'response_http2_malformed',
    r => {
      r.head(200);
      r.data('abc');
      r.fieldsFrame([['x-a', '1']], false);
    },
  ],
  [
    'a status in trailers',
    'response_header_malformed',
    r => {
      r.head(200);
      r.data('abc');
      r.trailersFrame([[':status', '200']]);
    },
  ],
  [
    'a line end in trailers',
    'response_control_character',
    r => {
      r.head(200);
      r.data('abc');
      r.trailersFrame([['a', 'b\r\n']]);
    },
  ],
  [
    'more than the window of the stream',
    'response_http2_malformed',
    r => {
      r.head(200);
      for (let n = 0; n < 1_024; n += 1) r.data(Buffer.alloc(16_384));
    },
  ],
];

/** What ends the connection, with every request on it. @returns the frames */
const BAD_FRAMES: readonly [what: string, code: number, bytes: (streamId: number) => Buffer][] = [
  ['PUSH_PROMISE', PROTOCOL_ERROR, id => frame(PUSH_PROMISE, 4, id, Buffer.concat([uint32(2), literals([])]))],
  ['a frame that is too large', FRAME_SIZE_ERROR, id => frame(DATA, 0, id, '', 16_385)],
  ['DATA on stream 0', PROTOCOL_ERROR, () => frame(DATA, 0, 0, 'abc')],
  ['DATA on a stream that has not begun', PROTOCOL_ERROR, () => frame(DATA, 0, 99, 'abc')],
  ['HEADERS on a stream of its own', PROTOCOL_ERROR, () => frame(HEADERS, 5, 2, literals([[':status', '200']]))],
  ['padding that is longer than the frame', PROTOCOL_ERROR, id => frame(DATA, 8, id, Buffer.from([9, 1]))],
  ['a wrong index', COMPRESSION_ERROR, id => frame(HEADERS, 5, id, Buffer.from([0xff, 0xff, 0x03]))],
  ['a block that is cut off', COMPRESSION_ERROR, id => frame(HEADERS, 5, id, Buffer.from([0x00, 0x05]))],
  [
    'a frame within a header block',
    PROTOCOL_ERROR,
    id => Buffer.concat([frame(HEADERS, 0, id), frame(PING, 0, 0, Buffer.alloc(8))]),
  ],
  [
    'endless CONTINUATION',
    ENHANCE_YOUR_CALM,
    id => Buffer.concat([frame(HEADERS, 0, id), ...Array.from({ length: 20 }, () => frame(CONTINUATION, 0, id, 'x'))]),
  ],
  ['a window update of 0 on stream 0', PROTOCOL_ERROR, () => frame(WINDOW_UPDATE, 0, 0, uint32(0))],
  [
    'a window of the connection beyond 2^31-1',
    FLOW_CONTROL_ERROR,
    () => frame(WINDOW_UPDATE, 0, 0, uint32(0x7fffffff)),
  ],
  ['an initial window beyond 2^31-1', FLOW_CONTROL_ERROR, () => frame(SETTINGS, 0, 0, settings([4, 0x80000000]))],
  ['SETTINGS of 5 bytes', FRAME_SIZE_ERROR, () => frame(SETTINGS, 0, 0, Buffer.alloc(5))],
  [
    'a flood of PING',
    ENHANCE_YOUR_CALM,
    () => Buffer.concat(Array.from({ length: 1_100 }, () => frame(PING, 0, 0, Buffer.alloc(8)))),
  ],
  [
    'a flood of SETTINGS',
    ENHANCE_YOUR_CALM,
    () => Buffer.concat(Array.from({ length: 1_100 }, () => frame(SETTINGS, 0, 0))),
  ],
  [
    'a flood of empty DATA',
    ENHANCE_YOUR_CALM,
    id =>
      Buffer.concat([
        frame(HEADERS, 4, id, literals([[':status', '200']])),
        ...Array.from({ length: 1_100 }, () => frame(DATA, 0, id)),
      ]),
  ],
  [
    'a flood of PRIORITY',
    ENHANCE_YOUR_CALM,
    id => Buffer.concat(Array.from({ length: 1_100 }, () => frame(PRIORITY, 0, id, Buffer.alloc(5)))),
  ],
  [
    'a flood of unknown frames',
    ENHANCE_YOUR_CALM,
    () => Buffer.concat(Array.from({ length: 1_100 }, () => frame(0x77, 0, 0, 'x'))),
  ],
  [
    'a flood of DATA on streams that are over',
    ENHANCE_YOUR_CALM,
    () => Buffer.concat(Array.from({ length: 1_100 }, () => frame(DATA, 0, 1, 'x'))),
  ],
];

describe('hostile upstreams over HTTP/2', { concurrency: true }, () => {
  for (const [what, reason, send] of BAD_HEADS) {
    it(`${what}: 502, and the connection goes on`, async t => {
      const upstream = await RawHttp2Upstream.start(t, request => {
        if (request.field(':path') === '/bad') return send(request);
        request.head(200, [], true);
      });
      const proxy = await startProxy(t, 'wire', {
        routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }],
      });
      const bad = await proxy.get('/v/bad');
      const answers = bad.status === 103 ? undefined : bad.status;
      const [line] = await proxy.logged(1);
      assert.deepEqual([line?.reason, line?.status], [reason, 502]);
      if (answers !== undefined) assert.equal(answers, 502);
      await upstream.requests[0]?.wasReset();
      assert.equal((await proxy.get('/v/good')).status, 200);
      assert.equal(upstream.connections.length, 1);
    });
  }

  for (const [what, reason, send] of BAD_ENDS) {
    it(`${what}: the response is cut, and the connection goes on`, async t => {
      const upstream = await RawHttp2Upstream.start(t, request => {
        if (request.field(':path') === '/bad') return send(request);
        request.head(200, [], true);
      });
      const proxy = await startProxy(t, 'wire', {
        routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }],
      });
      const client = await proxy.connect();
      // Against the window, the client must not read, so that its window is not renewed.
      if (what.includes('window')) client.pause();
      await client.send('GET /v/bad HTTP/1.1\r\nHost: test\r\n\r\n');
      await (await upstream.request(0)).wasReset();
      client.destroy();
      const [line] = await proxy.logged(1);
      assert.equal(line?.reason, reason);
      assert.equal((await proxy.get('/v/good')).status, 200);
      assert.equal(upstream.connections.length, 1);
    });
  }

  for (const [what, code, bytes] of BAD_FRAMES) {
    it(`${what}: the connection ends with its requests, and the next one has another`, async t => {
      const upstream = await RawHttp2Upstream.start(t, request => {
        const path = request.field(':path');
        if (path === '/bad') request.connection.write(bytes(request.streamId));
        else if (path === '/good') request.head(200, [], true);
      });
      const proxy = await startProxy(t, 'wire', {
        routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }],
      });
      assert.equal((await proxy.get('/v/good')).status, 200);
      const waiting = await proxy.connect();
      await waiting.send('GET /v/waits HTTP/1.1\r\nHost: test\r\n\r\n');
      await upstream.request(1);
      const client = await proxy.connect();
      await client.send('GET /v/bad HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.equal(await upstream.connections[0]?.gone(), code);
      assert.equal((await waiting.response()).status, 502);
      const lines = await proxy.logged(3);
      assert.ok(
        lines.slice(1).every(line => line.reason === 'response_http2_malformed'),
        JSON.stringify(lines),
      );
      await eventually(
        'no connection',
        () => proxy.counters.get('upstreamBusy') + proxy.counters.get('upstreamIdle') === 0,
      );
      assert.equal((await proxy.get('/v/good')).status, 200);
      assert.equal(upstream.connections.length, 2);
    });
  }

  for (const [what, bytes] of [
    ['HTTP/1.1', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x0a........'],
    ['PING first', frame(PING, 0, 0, Buffer.alloc(8))],
  ] as const) {
    it(`an upstream that answers with ${what} is said not to speak HTTP/2`, async t => {
      const upstream = await RawHttp2Upstream.start(t, request => request.connection.write(bytes));
      upstream.settings = undefined;
      const proxy = await startProxy(t, 'wire', {
        routes: [{ path: '/v', to: upstream, cluster: { protocol: 'h2c' } }],
      });
      assert.equal((await proxy.get('/v')).status, 502);
      assert.equal((await proxy.logged(1))[0]?.reason, 'response_not_http2');
    });
  }
});
