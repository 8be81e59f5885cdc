/** What a request of HTTP/2 becomes for an HTTP/1.1 upstream, and its answer for the client. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldOf } from '../support/http2-client.ts';
import { getFields, requestFields } from '../support/http2-fields.ts';
import { frame } from '../support/http2-frames.ts';
import { answering } from '../support/raw-upstream.ts';
import { scene } from './scene.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n';

describe('requests of HTTP/2', { concurrency: 8, timeout: 600_000 }, () => {
  it('the preface on the plain port begins HTTP/2, however it is cut', async t => {
    for (const cut of [1, 3, 15, 16, 17, 23, 24, 30]) {
      const { proxy, client } = await scene(t, { client: { isSilent: true } });
      const bytes = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0)]);
      client.send(bytes.subarray(0, cut));
      await new Promise(resolve => setImmediate(resolve));
      client.send(bytes.subarray(cut));
      assert.equal((await client.exchange(getFields('/volume/a'))).status, 200);
      assert.equal(proxy.counters.get('active'), 1);
      assert.equal(proxy.counters.get('handled'), 1);
      assert.equal(proxy.counters.get('requests'), 1);
    }
  });

  it('a GET goes on with its fields, and nothing that frames a body', async t => {
    const { client, upstream, proxy } = await scene(t);
    const response = await client.exchange(
      getFields('/volume/a?b=c', [
        ['x-one', '1'],
        ['accept', '*/*'],
      ]),
    );
    assert.equal(response.status, 200);
    assert.equal(response.body, 'ok');
    assert.equal(upstream.only.line, 'GET /a?b=c HTTP/1.1');
    assert.equal(upstream.only.framing, 'none');
    assert.equal(upstream.only.header('content-length'), undefined);
    assert.equal(upstream.only.header('host'), 'test');
    assert.equal(upstream.only.header('x-one'), '1');
    assert.equal(upstream.only.header('x-forwarded-host'), 'test');
    const [line] = await proxy.logged(1);
    assert.equal(line?.requestLine, 'GET /volume/a?b=c HTTP/2.0');
    assert.equal(line?.bodyBytes, 2);
  });

  it('crumbs of cookies are one line, and Host comes from :authority or host', async t => {
    const { client, upstream } = await scene(t);
    const fields = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/volume'],
    ] as const;
    await client.exchange([...fields, ['cookie', 'a=1'], ['host', 'test:80'], ['cookie', 'b=2'], ['cookie', 'c=3']]);
    await client.exchange([...fields, [':authority', 'Test'], ['host', 'test:80']]);
    assert.equal(upstream.requests[0]?.header('cookie'), 'a=1; b=2; c=3');
    assert.equal(upstream.requests[0]?.header('x-forwarded-host'), 'test:80');
    assert.equal(upstream.requests[1]?.header('x-forwarded-host'), 'Test');
  });

  it('a body without a length goes on in chunks, with its trailers', async t => {
    const { client, upstream } = await scene(t);
    const id = client.request(requestFields('POST', '/volume'));
    client.data(id, 'abc');
    client.data(id, 'defg');
    client.send(frame(1, 5, id, Buffer.from('\0\x05x-sum\x017\0\x04host\x01a\0\x0econtent-length\x019', 'latin1')));
    assert.equal((await client.response(id)).status, 200);
    assert.equal(upstream.only.framing, 'chunked');
    assert.equal(upstream.only.body, 'abcdefg');
    assert.deepEqual(upstream.only.trailers, [['x-sum', '7']]);
  });

  it('a body with a length keeps it, and its padding is no part of it', async t => {
    const { client, upstream } = await scene(t);
    const id = client.request(requestFields('POST', '/volume', [['content-length', '6']]));
    client.send(frame(0, 8, id, '\x04abc0000'), frame(0, 9, id, '\x02def00'));
    assert.equal((await client.response(id)).status, 200);
    assert.equal(upstream.only.framing, 'content-length');
    assert.equal(upstream.only.body, 'abcdef');
  });

  it('POST, PUT and PATCH without a body say so, other methods do not', async t => {
    const { client, upstream } = await scene(t);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
      await client.exchange(requestFields(method, '/volume'));
    const lengths = upstream.requests.map(request => request.header('content-length'));
    assert.deepEqual(lengths, ['0', '0', '0', undefined, undefined]);
  });

  it('requests of one connection are answered in any order', async t => {
    const { client, upstream } = await scene(t, { upstream: () => undefined });
    const ids = [0, 1, 2, 3].map(number => client.request(getFields(`/volume/${number}`), ''));
    const requests = await Promise.all(ids.map((_, index) => upstream.request(index)));
    for (const [index, request] of requests.toReversed().entries()) {
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${request.target}`;
      await request.connection.send(answer);
      const id = ids[Number(request.target.slice(1))] ?? 0;
      assert.equal((await client.response(id)).body, request.target, `answer ${index}`);
    }
  });

  it('answers keep status, fields in lower case, length and Date; fields of the connection end here', async t => {
    const lines =
      'X-Mixed: A b\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n';
    const answer = `HTTP/1.1 201 Created\r\n${lines}Content-Length: 3\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\nabc`;
    const { client } = await scene(t, { upstream: answering(answer) });
    const { status, fields, body } = await client.exchange(getFields('/volume'));
    assert.equal(status, 201);
    assert.equal(body, 'abc');
    assert.deepEqual(fields, [
      ['x-mixed', 'A b'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['content-length', '3'],
      ['date', 'Mon, 01 Jan 2024 00:00:00 GMT'],
    ]);
  });

  it('chunks become DATA frames, and trailers a HEADERS frame that ends the stream', async t => {
    const { client } = await scene(t, {
      upstream: answering(`${CHUNKED}3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n`),
    });
    const { body, trailers, fields } = await client.exchange(getFields('/volume'));
    assert.equal(body, 'abcde');
    assert.deepEqual(trailers, [['x-sum', '5']]);
    assert.equal(fieldOf(fields, 'trailer'), 'X-Sum');
    assert.equal(fieldOf(fields, 'transfer-encoding'), undefined);
  });

  it('HEAD, 204 and 304 end with their head', async t => {
    const { client, upstream } = await scene(t, {
      upstream: answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'),
    });
    const head = await client.exchange(requestFields('HEAD', '/volume'));
    assert.equal(fieldOf(head.fields, 'content-length'), '5');
    upstream.handler = answering('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
    const none = await client.exchange(getFields('/volume'));
    assert.deepEqual([none.status, fieldOf(none.fields, 'content-length')], [204, undefined]);
    upstream.handler = answering('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 7\r\n\r\n');
    const same = await client.exchange(getFields('/volume'));
    assert.deepEqual([same.status, fieldOf(same.fields, 'content-length')], [304, '7']);
    assert.equal(client.ofType(0).length, 0, 'DATA frames');
  });

  it('1xx responses are passed on, any number of them', async t => {
    const interims = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    const { client } = await scene(t, {
      upstream: answering(`${interims}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`),
    });
    const { status, interim } = await client.exchange(
      requestFields('POST', '/volume', [['expect', '100-continue']]),
      'abc',
    );
    assert.equal(status, 200);
    assert.deepEqual(interim, [
      { status: 100, fields: [] },
      { status: 103, fields: [['link', '</a>']] },
    ]);
  });

  it('an answer before the end of the request ends the stream with NO_ERROR, and the others go on', async t => {
    const { client, upstream } = await scene(t, { upstream: () => undefined });
    const id = client.request(requestFields('POST', '/volume', [['content-length', '10']]));
    client.data(id, 'abc');
    const request = await upstream.request(0);
    await request.bodyBytes(3);
    await request.connection.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    const { status, body, isEnded } = await client.response(id);
    assert.deepEqual([status, body, isEnded], [403, 'no', true]);
    assert.equal(await client.resetOf(id), 0);
    await request.connection.closed();
    client.data(id, 'late');
    upstream.handler = answering();
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
    assert.equal(client.end, undefined);
  });

  it('a response that its upstream cuts is reset with INTERNAL_ERROR, never ended', async t => {
    const { client, proxy } = await scene(t, {
      upstream: ({ connection }) => connection.finish('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
    });
    const id = client.request(getFields('/volume'), '');
    assert.equal(await client.resetOf(id), 2);
    const { status, body, isEnded } = client.stream(id);
    assert.deepEqual([status, body, isEnded], [200, 'abc', false]);
    assert.equal((await proxy.logged(1))[0]?.reason, 'response_cut_by_close');
  });

  it('a client that resets a stream gives its request up: the upstream connection ends', async t => {
    const { client, upstream, proxy } = await scene(t, { upstream: () => undefined });
    const id = client.request(getFields('/volume'), '');
    const { connection } = await upstream.request(0);
    client.reset(id);
    await connection.closed();
    const [line] = await proxy.logged(1);
    assert.deepEqual([line?.status, line?.reason], [499, 'client_left']);
    assert.equal(proxy.counters.get('http2ResetsReceived'), 1);
    upstream.handler = answering();
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
  });

  it('errors of this proxy are answers of their stream', async t => {
    const { client } = await scene(t);
    const none = await client.exchange(getFields('/nowhere'));
    assert.deepEqual([none.status, fieldOf(none.fields, 'content-type')], [404, 'text/html']);
    assert.ok(none.body.includes('404 Not Found'));
    const head = await client.exchange(requestFields('HEAD', '/nowhere'));
    assert.deepEqual([head.status, head.body], [404, '']);
    assert.equal((await client.exchange(getFields('/volume'))).status, 200);
  });

  it('a head and a body in one go reach the upstream in one piece, before or after its connection is made', async t => {
    const { client, upstream } = await scene(t);
    for (const number of [0, 1]) {
      assert.equal((await client.exchange(requestFields('POST', '/volume'), 'x'.repeat(20_000))).status, 200);
      assert.equal(upstream.requests[number]?.body.length, 20_000);
    }
    assert.equal(upstream.connections.length, 1);
  });
});
