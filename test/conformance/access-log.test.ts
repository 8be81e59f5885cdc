/** Contract section 11: one line a request, whatever bytes the client sent. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { ERROR_PAGE, startProxy } from '../support/proxy-under-test.ts';
import { answer, answering, NOBODY, RawUpstream } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

conformance('access log', ({ engine, test }) => {
  test('combined: nginx’s fields, then the request id, sizes, times, the route and the upstream', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('hello', '', '201 Created')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }], logFormat: 'combined' });
    await proxy.get(
      '/volume/x?y=1',
      'Authorization: Basic YWxpY2U6c2VjcmV0\r\nReferer: http://a/"b\\c\r\nUser-Agent: caf\xc3\xa9\r\nX-Request-ID: id-1\r\n',
    );
    await eventually('a line', () => proxy.logLines.length === 1);
    assert.match(
      proxy.logLines[0] ?? '',
      /^127\.0\.0\.1 - alice \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/volume\/x\?y=1 HTTP\/1\.1" 201 5 "http:\/\/a\/\\x22b\\x5Cc" "caf\\xC3\\xA9" id-1 \d+ \d+\.\d{3} test\/service-0 \/volume 127\.0\.0\.1:\d+ 201 \d+\.\d{3} -\n$/,
    );
  });

  test('combined: what is missing is a dash, and bytes that are no request are escaped', async t => {
    const proxy = await startProxy(t, engine, { routes: [], logFormat: 'combined' });
    const client = await proxy.connect();
    await client.send('\x00\x01"\\\xff\r\n\r\n');
    assert.equal((await client.response()).status, 400);
    await eventually('a line', () => proxy.logLines.length === 1);
    assert.match(
      proxy.logLines[0] ?? '',
      /^127\.0\.0\.1 - - \[[^\]]+\] "\\x00\\x01\\x22\\x5C\\xFF" 400 \d+ "-" "-" [0-9a-f]{32} \d+ \d+\.\d{3} - - - - - request_(?:control_character|malformed)\n$/,
    );
  });

  test('an IPv6 upstream stands in brackets', async t => {
    const nobody = [{ host: '::1', port: 1 }];
    const proxy = await startProxy(t, engine, { routes: [{ path: '/six', to: nobody }] });
    assert.equal((await proxy.get('/six')).status, 502);
    const [line] = await proxy.logged(1);
    assert.equal(line?.upstream, '[::1]:1');
  });

  test('a client cannot write a second line', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }], logFormat: 'combined' });
    await proxy.get('/volume/a%0d%0ab', 'User-Agent: a\tb\x85\xe2\x80\xa8\r\n');
    const client = await proxy.connect();
    await client.send('GET /x\n127.0.0.1 - - forged HTTP/1.1\r\nHost: test\r\n\r\n');
    assert.equal((await client.response()).status, 400);
    await eventually('two lines', () => proxy.logLines.length === 2);
    for (const line of proxy.logLines) assert.match(line, /^[\x20-\x7e]+\n$/);
  });

  test('json: everything about a forwarded request', async t => {
    const upstream = await RawUpstream.start(t, answering(answer('hello', '', '404 Theirs')));
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const request =
      'POST /volume/x HTTP/1.1\r\nHost: Test:80\r\nContent-Length: 3\r\nX-Forwarded-For: 192.0.2.1\r\n' +
      'X-Request-ID: id-1\r\nReferer: http://a/\r\nUser-Agent: test\r\n\r\nabc';
    await proxy.exchange(request);
    const [line] = await proxy.logged(1);
    assert.ok(line !== undefined);
    const { time, durationMs, upstreamMs, requestBytes, tls, ...rest } = line;
    assert.equal(tls !== undefined, engine === 'wire on TLS');
    assert.deepEqual(rest, {
      remoteAddress: '127.0.0.1',
      requestLine: 'POST /volume/x HTTP/1.1',
      protocol: 'HTTP/1.1',
      host: 'test',
      status: 404,
      bodyBytes: 5,
      referer: 'http://a/',
      userAgent: 'test',
      forwardedFor: '192.0.2.1',
      remoteUser: '',
      requestId: 'id-1',
      service: 'test/service-0',
      routePath: '/volume',
      upstream: `127.0.0.1:${upstream.address.port}`,
      upstreamStatus: 404,
      reason: '-',
    });
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
    assert.ok(durationMs >= 0 && durationMs < 10_000);
    assert.ok(upstreamMs !== null && upstreamMs >= 0 && upstreamMs <= durationMs + 1);
    assert.equal(requestBytes, request.length);
  });

  test('json: a request that no upstream was asked for', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    const response = await proxy.get('/volume');
    const [line] = await proxy.logged(1);
    assert.equal(line?.status, 404);
    assert.equal(line?.bodyBytes, response.body.length);
    assert.equal(line?.service, '');
    assert.equal(line?.upstream, '');
    assert.equal(line?.upstreamMs, null);
    assert.equal(line?.upstreamStatus, 0);
  });

  test('json: an error made here tells which upstream it was about', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.reset());
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.get('/volume');
    const [line] = await proxy.logged(1);
    assert.equal(line?.status, 502);
    assert.equal(line?.bodyBytes, ERROR_PAGE.length);
    assert.equal(line?.service, 'test/service-0');
    assert.equal(line?.upstream, `127.0.0.1:${upstream.address.port}`);
    assert.equal(line?.upstreamStatus, 502);
  });

  test('a second attempt: the upstream is the one that answered, the failed one is listed before it', async t => {
    const alive = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: [NOBODY, alive.address] }] });
    for (let count = 0; count < 4; count += 1) assert.equal((await proxy.get('/volume')).status, 200);
    const lines = await proxy.logged(4);
    for (const { upstream, upstreamStatus, reason } of lines) {
      assert.deepEqual([upstream, upstreamStatus, reason], [`127.0.0.1:${alive.address.port}`, 200, '-']);
    }
    const failed = lines.flatMap(({ earlierAttempts = [] }) => earlierAttempts);
    assert.equal(failed.length, proxy.counters.get('retriesConnect'));
    assert.ok(failed.length > 0);
    for (const { upstream, status, ms } of failed) {
      assert.deepEqual([upstream, status], ['127.0.0.1:1', 502]);
      assert.ok(ms >= 0);
    }
  });

  test('combined: two attempts are lists, as nginx writes them', async t => {
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: [NOBODY] }],
      logFormat: 'combined',
    });
    assert.equal((await proxy.get('/volume')).status, 502);
    await eventually('a line', () => proxy.logLines.length === 1);
    const tries = '127\\.0\\.0\\.1:1, 127\\.0\\.0\\.1:1 502, 502 \\d+\\.\\d{3}, \\d+\\.\\d{3} upstream_refused';
    assert.match(proxy.logLines[0] ?? '', new RegExp(` ${tries}\n$`));
  });

  test('the body bytes of a HEAD are none, of a cut response those that went', async t => {
    const upstream = await RawUpstream.start(t, request =>
      request.method === 'HEAD'
        ? request.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')
        : request.connection.finish('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    );
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.exchange('HEAD /volume HTTP/1.1\r\nHost: test\r\n\r\n', { head: true });
    const client = await proxy.connect();
    await client.send('GET /volume HTTP/1.1\r\nHost: test\r\n\r\n');
    await client.responseOrCut();
    const lines = await proxy.logged(2);
    assert.deepEqual(
      lines.map(line => line.bodyBytes),
      [0, 5],
    );
  });

  test('every request of a connection has its line, in order', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    const client = await proxy.connect();
    for (const path of ['/volume/1', '/nowhere', '/volume/2']) {
      await client.send(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
      await client.response();
    }
    const lines = await proxy.logged(3);
    assert.deepEqual(
      lines.map(({ requestLine, status }) => [requestLine, status]),
      [
        ['GET /volume/1 HTTP/1.1', 200],
        ['GET /nowhere HTTP/1.1', 404],
        ['GET /volume/2 HTTP/1.1', 200],
      ],
    );
  });

  test('the peer is logged as it is, not as X-Forwarded-For says, unless it is trusted', async t => {
    const proxy = await startProxy(t, engine, { routes: [] });
    const client = await proxy.connect({ localAddress: '127.0.0.9' });
    await client.send('GET /x HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n');
    await client.response();
    const [line] = await proxy.logged(1);
    assert.equal(line?.remoteAddress, '127.0.0.9');
  });
});
