import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { MOST_COMPRESSIONS } from '../../src/dataplane/bodies/compressions.ts';
import type { ContentCoding, Policy } from '../../src/model/policy.ts';
import { eventually } from '../support/eventually.ts';
import { header } from '../support/exchange.ts';
import { fieldOf, Http2Client } from '../support/http2-client.ts';
import { getFields } from '../support/http2-fields.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { answeringHttp2, RawHttp2Upstream } from '../support/raw-http2-upstream.ts';
import { answer, answering, type UpstreamHandler } from '../support/raw-upstream.ts';
import { type PolicyScene, policyScene } from './scene.ts';

const TEXT = Array.from({ length: 2_000 }, (_, line) => `{"line":${line},"square":${line * line}}\n`).join('');
const JSON_TYPE = 'Content-Type: application/json\r\n';
const OFFERED: readonly ContentCoding[] = ['zstd', 'br', 'gzip'];
const COMPRESS: Policy = { kind: 'compress', codings: OFFERED };
const ANY = 'Accept-Encoding: gzip, br, zstd\r\n';

function scene(
  t: Parameters<typeof policyScene>[0],
  respond: UpstreamHandler | string = typed(),
): Promise<PolicyScene> {
  return policyScene(t, [COMPRESS], { respond: typeof respond === 'string' ? answering(respond) : respond });
}

/** A response that is compressed. */
function typed(headers = '', body = TEXT, status = '200 OK'): string {
  return answer(body, JSON_TYPE + headers, status);
}

function decoded(coding: string, body: string, isWhole = true): string {
  const bytes = Buffer.from(body, 'latin1');
  if (coding === 'gzip')
    return gunzipSync(bytes, isWhole ? {} : { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
  if (coding === 'br') return brotliDecompressSync(bytes).toString('latin1');
  return zstdDecompressSync(bytes).toString('latin1');
}

/** Content-Encoding, Vary and Content-Length. */
function said(response: RawResponse): readonly (string | undefined)[] {
  return ['content-encoding', 'vary', 'content-length'].map(name => header(response, name)[0]);
}

describe('compress', { concurrency: 8 }, () => {
  for (const coding of OFFERED) {
    it(`sends ${coding} to a client that takes it`, async t => {
      const { proxy, get } = bound(await scene(t, typed('ETag: "v1"\r\nAccept-Ranges: bytes\r\n')));
      const response = await get(`Accept-Encoding: ${coding}\r\n`);
      assert.deepEqual(said(response), [coding, 'Accept-Encoding', undefined]);
      assert.deepEqual([header(response, 'etag'), header(response, 'accept-ranges')], [['W/"v1"'], []]);
      assert.equal(response.framing, 'chunked');
      assert.equal(decoded(coding, response.body), TEXT);
      const [line] = await proxy.logged(1);
      assert.equal(line?.bodyBytes, response.body.length, 'the log has what the client got');
    });
  }

  it('sends the content as it is to a client that takes no coding, and says that others get another one', async t => {
    const { get } = bound(await scene(t, typed('ETag: "v1"\r\nAccept-Ranges: bytes\r\nVary: Origin\r\n')));
    for (const lines of ['', 'Accept-Encoding: identity\r\n', 'Accept-Encoding: gzip;q=0, br;q=0, zstd;q=0\r\n']) {
      const response = await get(lines);
      assert.deepEqual(header(response, 'vary'), ['Origin', 'Accept-Encoding']);
      assert.deepEqual([header(response, 'etag'), header(response, 'accept-ranges')], [['"v1"'], ['bytes']]);
      assert.equal(response.body, TEXT);
    }
  });

  it('adds no second Vary where the first one says it', async t => {
    const { get } = bound(await scene(t, typed('Vary: Origin, accept-encoding\r\n')));
    assert.deepEqual(header(await get(ANY), 'vary'), ['Origin, accept-encoding']);
  });

  const AS_THEY_ARE: readonly (readonly [what: string, response: string])[] = [
    ['an event stream', answer(TEXT, 'Content-Type: text/event-stream; charset=utf-8\r\n')],
    ['a part', typed('Content-Range: bytes 0-9/10\r\n', TEXT, '206 Partial Content')],
    ['what is encoded already', typed('Content-Encoding: gzip\r\n')],
    ['what says no-transform', typed('Cache-Control: public, No-Transform\r\n')],
    ['what carries a digest of its bytes', typed('Content-Digest: sha-256=:AAAA:\r\n')],
    ['what carries a digest of its representation', typed('Repr-Digest: sha-256=:AAAA:\r\n')],
    ['a call of gRPC', answer(TEXT, 'Content-Type: application/grpc+proto\r\n')],
    ['an image', answer(TEXT, 'Content-Type: image/png\r\n')],
    ['what has no type', answer(TEXT)],
    ['what is shorter than 256 bytes', typed('', TEXT.slice(0, 255))],
  ];
  for (const [what, response] of AS_THEY_ARE) {
    it(`lets ${what} through as it is`, async t => {
      const { get } = bound(await scene(t, response));
      const got = await get(ANY);
      const expected = response.slice(response.indexOf('\r\n\r\n') + 4);
      assert.deepEqual([got.body, header(got, 'vary')], [expected, []]);
      assert.deepEqual(header(got, 'content-length'), [`${expected.length}`]);
    });
  }

  it('answers HEAD with the head of the content as it is, and without a body', async t => {
    const head = `HTTP/1.1 200 OK\r\n${JSON_TYPE}ETag: "v1"\r\nContent-Length: ${TEXT.length}\r\n\r\n`;
    const { proxy } = await scene(t, head);
    const client = await proxy.connect();
    await client.send(`HEAD /guarded HTTP/1.1\r\nHost: test\r\n${ANY}\r\n`);
    const response = await client.response({ head: true });
    assert.deepEqual(said(response), [undefined, 'Accept-Encoding', `${TEXT.length}`]);
    await client.send('GET /open HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.head()).status, 200);
  });

  it('gives a 304 the validator that the client asked with', async t => {
    const { get } = bound(await scene(t, 'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n'));
    const weak = await get(`${ANY}If-None-Match: "v0", W/"v1"\r\n`);
    assert.deepEqual([header(weak, 'etag'), header(weak, 'vary')], [['W/"v1"'], ['Accept-Encoding']]);
    assert.deepEqual(header(await get(`${ANY}If-None-Match: "v1"\r\n`), 'etag'), ['"v1"']);
  });

  it('keeps trailers, and the connection of a client that goes on', async t => {
    const chunks = `${TEXT.length.toString(16)}\r\n${TEXT}\r\n0\r\nX-Sum: 7\r\n\r\n`;
    const { proxy } = await scene(t, `HTTP/1.1 200 OK\r\n${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
    const client = await proxy.connect();
    for (let count = 0; count < 3; count += 1) {
      await client.send(`GET /guarded HTTP/1.1\r\nHost: test\r\n${ANY}\r\n`);
      const response = await client.response();
      assert.equal(decoded('zstd', response.body), TEXT);
      assert.deepEqual(response.trailers, [['X-Sum', '7']]);
    }
  });

  it('reads a body that the end of the connection ends, and writes one for a client of HTTP/1.0', async t => {
    const { proxy } = await scene(t, ({ connection }) =>
      connection.finish(`HTTP/1.0 200 OK\r\n${JSON_TYPE}\r\n${TEXT}`),
    );
    const client = await proxy.connect();
    await client.send(`GET /guarded HTTP/1.0\r\nHost: test\r\n${ANY}\r\n`);
    const response = await client.response();
    assert.equal(response.framing, 'close');
    assert.equal(decoded('zstd', response.body), TEXT);
  });

  it('compresses for clients of HTTP/2, and from upstreams of HTTP/2', async t => {
    // One frame of DATA.
    const text = TEXT.slice(0, 16_000);
    const fields = [
      ['content-type', 'text/html; charset=utf-8'] as const,
      ['content-length', `${text.length}`] as const,
    ];
    const upstream = await RawHttp2Upstream.start(t, answeringHttp2(text, fields));
    const route = { to: upstream, cluster: { protocol: 'h2c' } } as const;
    const { http2 } = bound(await policyScene(t, [COMPRESS], { route }));
    const client = await http2();
    const response = await client.exchange(getFields('/guarded', [['accept-encoding', 'br']]));
    assert.equal(fieldOf(response.fields, 'content-encoding'), 'br');
    assert.equal(fieldOf(response.fields, 'content-length'), undefined);
    assert.equal(decoded('br', response.body), text);
  });

  it('waits for the windows of a client of HTTP/2', async t => {
    const body = noise(300_000).toString('latin1');
    const { proxy } = await scene(t, typed('', body));
    const client = await Http2Client.connect(t, proxy.address, { settings: [[4, 1_000]] });
    const response = await client.exchange(getFields('/guarded', [['accept-encoding', 'gzip']]));
    assert.equal(decoded('gzip', response.body), body);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
  });

  it('shows a page bit by bit where the upstream sends it bit by bit', async t => {
    const words = ['first ', 'second ', 'third '];
    const { proxy, upstream } = await scene(t, () => undefined);
    const client = await proxy.connect();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n');
    const { connection } = await upstream.request(0);
    await connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n');
    assert.equal((await client.head()).status, 200, 'the head does not wait for the body');
    let sent = '';
    for (const word of words) {
      sent += word;
      await connection.send(`${word.length.toString(16)}\r\n${word}\r\n`);
      await eventually(`"${sent}" to be seen`, () => decoded('gzip', contentOf(client.unread), false) === sent);
    }
    await connection.send('0\r\n\r\n');
    await eventually('the end', () => client.unread.endsWith('0\r\n\r\n'));
    assert.equal(decoded('gzip', contentOf(client.unread)), sent);
  });

  it('cuts the response short where the upstream does', async t => {
    const half = TEXT.slice(0, TEXT.length / 2);
    const head = `HTTP/1.1 200 OK\r\n${JSON_TYPE}Content-Length: ${TEXT.length}\r\n\r\n`;
    const { proxy } = await scene(t, ({ connection }) => connection.finish(head + half));
    const client = await proxy.connect();
    await client.send(`GET /guarded HTTP/1.1\r\nHost: test\r\n${ANY}\r\n`);
    assert.equal((await client.responseOrCut()).complete, false);
    const [line] = await proxy.logged(1);
    assert.equal(line?.reason, 'response_cut_by_close');
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
  });

  it('ends the body where its declared length does, whatever follows', async t => {
    const { get } = bound(await scene(t, `${typed()}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`));
    assert.equal(decoded('zstd', (await get(ANY)).body), TEXT);
  });

  it('keeps nothing of requests whose clients leave in the middle', async t => {
    const { proxy, upstream } = await scene(t, async ({ connection }) => {
      await connection.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`);
      await connection.send(`${TEXT.length.toString(16)}\r\n${TEXT}\r\n`);
    });
    const clients = await Promise.all(Array.from({ length: 50 }, () => proxy.connect()));
    await Promise.all(clients.map(client => client.send(`GET /guarded HTTP/1.1\r\nHost: test\r\n${ANY}\r\n`)));
    await Promise.all(clients.map(client => client.head()));
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.reset();
      else client.destroy();
    }
    await proxy.logged(50);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
    await eventually('upstreams to be left', () => upstream.connections.every(({ end }) => end !== undefined));
  });

  it('lets responses beyond its bound through as they are', async t => {
    const { proxy, upstream, get } = bound(await scene(t, () => undefined));
    const head = `HTTP/1.1 200 OK\r\n${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`;
    const clients = await Promise.all(Array.from({ length: MOST_COMPRESSIONS }, () => proxy.connect()));
    await Promise.all(clients.map(client => client.send(`GET /guarded HTTP/1.1\r\nHost: test\r\n${ANY}\r\n`)));
    await upstream.request(MOST_COMPRESSIONS - 1);
    await Promise.all(upstream.connections.map(connection => connection.send(head)));
    await Promise.all(clients.map(client => client.head()));
    upstream.handler = answering(typed());
    const beyond = await get(ANY);
    assert.deepEqual(said(beyond), [undefined, 'Accept-Encoding', `${TEXT.length}`]);
    await Promise.all(upstream.connections.map(connection => connection.send('0\r\n\r\n')));
    await proxy.logged(MOST_COMPRESSIONS + 1);
    assert.equal(header(await get(ANY), 'content-encoding')[0], 'zstd');
  });

  it('reads no more of a body than a client takes', async t => {
    const piece = noise(64 * 1024);
    const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
    let sent = 0;
    const { proxy, upstream } = await scene(t, async ({ connection }) => {
      await connection.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`);
      for (; sent < 1 << 30 && connection.end === undefined; sent += piece.length) await connection.send(chunk);
    });
    const client = await proxy.connect();
    client.pause();
    await client.send(`GET /guarded HTTP/1.1\r\nHost: test\r\n${ANY}\r\n`);
    await upstream.request(0);
    // It is held up when nothing more goes while the proxy has many turns.
    let before = -1;
    await eventually('the upstream to be held up', async () => {
      const isStill = sent === before;
      before = sent;
      await new Promise(resolve => setTimeout(resolve, 50));
      return isStill && sent === before;
    });
    assert.ok(sent < 1 << 28, `${sent} bytes were taken for a client that takes nothing`);
    assert.ok(proxy.keptBytes < 2 << 20, `${proxy.keptBytes} bytes are kept`);
    client.reset();
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
  });

  it('keeps little of a body that becomes a thousandth, for a client that takes nothing until its end', async t => {
    const length = 16 << 20;
    const piece = Buffer.alloc(64 * 1024, 'a');
    let most = 0;
    const { proxy, upstream } = await scene(t, () => undefined);
    const client = await proxy.connect();
    client.pause();
    await client.send('GET /guarded HTTP/1.1\r\nHost: test\r\nAccept-Encoding: zstd\r\n\r\n');
    const { connection } = await upstream.request(0);
    await connection.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}Content-Length: ${length}\r\n\r\n`);
    for (let sent = 0; sent < length; sent += piece.length) {
      await connection.send(piece);
      most = Math.max(most, proxy.keptBytes);
    }
    assert.ok(most < 2 << 20, `${most} bytes are kept`);
    client.resume();
    assert.equal(decoded('zstd', (await client.response()).body).length, length);
    await eventually('nothing to be kept', () => proxy.keptBytes === 0);
  });
});

/** The parts of a scene that tests take apart. */
function bound(of: PolicyScene): Pick<PolicyScene, 'proxy' | 'upstream' | 'get' | 'http2'> {
  return { proxy: of.proxy, upstream: of.upstream, get: (...args) => of.get(...args), http2: () => of.http2() };
}

/** The data of whole chunks. */
function contentOf(chunked: string): string {
  let content = '';
  for (let at = 0; ; ) {
    const line = chunked.indexOf('\r\n', at);
    const size = line < 0 ? 0 : Number.parseInt(chunked.slice(at, line), 16);
    const start = line + 2;
    if (!(size > 0) || chunked.length < start + size + 2) return content;
    content += chunked.slice(start, start + size);
    at = start + size + 2;
  }
}

/** Bytes that do not get smaller. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
