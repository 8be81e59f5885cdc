/**
 * What an HTTP/1.1 upstream must never see of a request of HTTP/2. Each row is answered, its stream is reset, nothing of it
 * reaches the upstream, and the connection serves the next request.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fields, getFields, literals, requestFields } from '../support/http2-fields.ts';
import { frame } from '../support/http2-frames.ts';
import { REFUSED_REQUESTS, SMUGGLED } from './refused-requests.ts';
import { scene } from './scene.ts';

describe('HTTP/2 to HTTP/1.1', { concurrency: 8, timeout: 600_000 }, () => {
  for (const [area, rows] of Object.entries(REFUSED_REQUESTS)) {
    it(`${area}: ${rows.length} requests are refused, and nothing of them goes on`, async t => {
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
        upstream.requests.map(({ line }) => line),
        [],
      );
      assert.equal(proxy.keptBytes, 0);
      assert.equal((await client.exchange(getFields('/volume/after'))).status, 200);
      assert.equal(upstream.completeRequests.length, 1);
    });
  }

  it('a head at its limits goes on: 200 fields, crumbs among them, and 32 KiB with 32 bytes more for each', async t => {
    const { client, upstream } = await scene(t);
    const pseudo = getFields('/volume');
    const fields = (count: number, name: string): Fields => Array.from({ length: count }, () => [name, ''] as const);
    assert.equal((await client.exchange([...pseudo, ...fields(96, 'x-a'), ...fields(100, 'cookie')])).status, 200);
    const sizeOf = (all: Fields): number =>
      all.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    const large: Fields = [...pseudo, ...[1, 2, 3, 4].map(n => [`x-${n}`, 'x'.repeat(8_000)] as const)];
    const rest = 32 * 1024 - sizeOf(large) - 'x-rest'.length - 32;
    for (const [more, status] of [
      [0, 200],
      [1, 431],
    ] as const) {
      const answer = await client.exchange([...large, ['x-rest', 'x'.repeat(rest + more)]]);
      assert.equal(answer.status, status);
    }
    assert.equal(upstream.requests.length, 2);
  });

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

  it('of trailers, no field goes on that would mean something in a head', async t => {
    const { client, upstream } = await scene(t);
    const names = [
      ...['host', 'content-length', 'content-type', 'content-encoding', 'content-range', 'authorization', 'cookie'],
      ...['set-cookie', 'te', 'trailer', 'expect', 'http2-settings', 'proxy-authorization', 'x-forwarded-for'],
      ...['x-real-ip', 'x-client-cert-verify', 'x-accel-redirect', 'x_sum', 'priority'],
    ];
    const id = client.request(requestFields('POST', '/volume'));
    client.data(id, 'ab');
    client.send(frame(1, 5, id, literals([...names.map(name => [name, 'evil'] as const), ['x-sum', '7']])));
    assert.equal((await client.response(id)).status, 200);
    assert.deepEqual(upstream.only.trailers, [['x-sum', '7']]);
  });

  it('a client that resets its stream in the middle of a body never ends that body: the upstream connection is reset', async t => {
    for (const length of [[], [['content-length', '10']]] as const) {
      const { client, upstream } = await scene(t, { upstream: () => undefined });
      const id = client.request(requestFields('POST', '/volume', length));
      client.data(id, 'ab');
      const request = await upstream.request(0);
      await request.bodyBytes(2);
      client.reset(id);
      await request.connection.closed();
      assert.deepEqual([request.complete, request.body], [false, 'ab']);
      assert.equal((await client.exchange(requestFields('GET', '/nowhere'))).status, 404);
    }
  });

  it('the scheme for upstreams is that of the connection, whatever :scheme says', async t => {
    const { client, upstream } = await scene(t);
    for (const scheme of ['https', 'http']) {
      const fields = getFields('/volume').map(([name, value]) => [name, name === ':scheme' ? scheme : value] as const);
      assert.equal((await client.exchange(fields)).status, 200);
      assert.equal(upstream.requests.at(-1)?.header('x-forwarded-proto'), 'http');
    }
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
