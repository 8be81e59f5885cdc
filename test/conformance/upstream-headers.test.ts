/** Contract section 4: the head that an upstream gets, line for line. */
import assert from 'node:assert/strict';
import { type ProxyKind, schemeOf, startProxy } from '../support/proxy-under-test.ts';
import { type HeaderLine, value, values, without } from '../support/raw-message.ts';
import { RawUpstream, type UpstreamRequest } from '../support/raw-upstream.ts';
import { conformance } from './suite.ts';

const REQUEST_ID = 'req-1';

conformance('upstream headers', ({ engine, test }) => {
  /** What the upstream gets of one request to /volume. */
  const forwarded: Forward = async (t, bytes, options = {}) => {
    const upstream = await RawUpstream.start(t);
    const { path = '/volume', stripPrefix = true, settings = {} } = options;
    const proxy = await startProxy(t, engine, { routes: [{ path, to: upstream, stripPrefix }], settings });
    const client = await proxy.connect();
    await client.send(bytes);
    assert.equal((await client.response()).status, 200);
    return upstream.only;
  };

  test('a GET has its headers in the order that the contract gives, then the client’s own', async t => {
    const request = await forwarded(
      t,
      'GET /volume/x?y HTTP/1.1\r\nUser-Agent: test\r\nHost: Example.com:8080\r\nX-Request-ID: req-1\r\n' +
        'ACCEPT: */*\r\naccept-Language: en\r\nCookie: a=1\r\nX-dup: 1\r\nX-dup: 2\r\nX-dup: 1\r\nX-last: 3\r\n\r\n',
    );
    assert.equal(
      request.raw,
      'GET /x?y HTTP/1.1\r\nHost: example.com\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\n' +
        `X-Forwarded-Proto: ${schemeOf(engine)}\r\n` +
        'X-Forwarded-Host: Example.com:8080\r\nX-Forwarded-Prefix: /volume\r\n' +
        'X-Request-ID: req-1\r\nUser-Agent: test\r\nACCEPT: */*\r\naccept-Language: en\r\nCookie: a=1\r\n' +
        'X-dup: 1\r\nX-dup: 2\r\nX-dup: 1\r\nX-last: 3\r\n\r\n',
    );
  });

  test('duplicates stay where they are, each in its own case', async t => {
    const request = await forwarded(
      t,
      'GET /volume HTTP/1.1\r\nHost: test\r\nX-dup: 1\r\nX-A: 2\r\nx-Dup: 3\r\nX-B: 4\r\nX-DUP: 1\r\n\r\n',
    );
    assert.deepEqual(own(request), [
      ['X-dup', '1'],
      ['X-A', '2'],
      ['x-Dup', '3'],
      ['X-B', '4'],
      ['X-DUP', '1'],
    ]);
  });

  test('several Cookie lines stay several', async t => {
    const request = await forwarded(t, 'GET /volume HTTP/1.1\r\nHost: test\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n');
    assert.deepEqual(values(request.headers, 'cookie'), ['a=1', 'b=2']);
  });

  test('a Content-Length stands before the client’s headers', async t => {
    const request = await forwarded(
      t,
      'POST /volume HTTP/1.1\r\nHost: test\r\nX-A: 1\r\nContent-Length: 3\r\nX-Request-ID: req-1\r\nX-B: 2\r\n\r\nabc',
    );
    assert.deepEqual(request.headers, [...generated(engine), ['Content-Length', '3'], ['X-A', '1'], ['X-B', '2']]);
    assert.equal(request.body, 'abc');
  });

  test('a Transfer-Encoding stands before the client’s headers', async t => {
    const request = await forwarded(
      t,
      'POST /volume HTTP/1.1\r\nHost: test\r\nX-A: 1\r\nTransfer-Encoding: Chunked\r\nX-Request-ID: req-1\r\n\r\n' +
        '3\r\nabc\r\n0\r\n\r\n',
    );
    assert.deepEqual(request.headers, [...generated(engine), ['Transfer-Encoding', 'chunked'], ['X-A', '1']]);
    assert.equal(request.body, 'abc');
  });

  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    test(`a ${method} without a body gets no framing header`, async t => {
      const request = await forwarded(t, `${method} /volume HTTP/1.1\r\nHost: test\r\nX-Request-ID: req-1\r\n\r\n`);
      assert.deepEqual(request.headers, generated(engine));
    });
  }

  test('a header without a value passes', async t => {
    const request = await forwarded(t, 'GET /volume HTTP/1.1\r\nHost: test\r\nX-Empty:\r\n\r\n');
    assert.equal(request.header('x-empty'), '');
  });

  test('space around a value goes, space inside stays', async t => {
    const request = await forwarded(t, 'GET /volume HTTP/1.1\r\nHost: test\r\nX-A: \t a \t b \t \r\n\r\n');
    assert.equal(request.header('x-a'), 'a \t b');
  });

  test('bytes above 0x7f in a value pass', async t => {
    const request = await forwarded(t, 'GET /volume HTTP/1.1\r\nHost: test\r\nX-A: caf\xc3\xa9\xff\r\n\r\n');
    assert.equal(request.header('x-a'), 'caf\xc3\xa9\xff');
  });

  test('every character of a token may be in a name', async t => {
    const request = await forwarded(t, "GET /volume HTTP/1.1\r\nHost: test\r\nX!#$%&'*+.^`|~: 1\r\n\r\n");
    assert.equal(request.header("X!#$%&'*+.^`|~"), '1');
  });

  test('X-Forwarded-Prefix is left out where nothing is stripped', async t => {
    const kept = await forwarded(t, 'GET /volume/x HTTP/1.1\r\nHost: test\r\n\r\n', { stripPrefix: false });
    assert.equal(kept.header('x-forwarded-prefix'), undefined);
    const root = await forwarded(t, 'GET /x HTTP/1.1\r\nHost: test\r\n\r\n', { path: '/' });
    assert.equal(root.header('x-forwarded-prefix'), undefined);
  });

  const hosts = {
    'EXAMPLE.com': 'example.com',
    'example.com:8080': 'example.com',
    'example.com.': 'example.com',
    'example.com.:80': 'example.com',
    '[::1]:8080': '[::1]',
    'a_b.c': 'a_b.c',
  };
  for (const [sent, received] of Object.entries(hosts)) {
    test(`Host ${sent} reaches the upstream as ${received}, and as it came in X-Forwarded-Host`, async t => {
      const request = await forwarded(t, `GET /volume HTTP/1.1\r\nHost: ${sent}\r\n\r\n`);
      assert.equal(request.header('host'), received);
      assert.equal(request.header('x-forwarded-host'), sent);
    });
  }

  test('an absolute target names the host, and Host is ignored', async t => {
    const request = await forwarded(t, 'GET http://Target:81/volume HTTP/1.1\r\nHost: header:82\r\n\r\n');
    assert.equal(request.header('host'), 'target');
    assert.equal(request.header('x-forwarded-host'), 'Target:81');
  });

  for (const [what, request, received] of [
    [
      'its port, case and trailing dot',
      'GET /volume HTTP/1.1\r\nHost: Shop.Example.:8443\r\n\r\n',
      'Shop.Example.:8443',
    ],
    ['an IPv6 address', 'GET /volume HTTP/1.1\r\nHost: [2001:DB8::1]:80\r\n\r\n', '[2001:DB8::1]:80'],
    ['an absolute target', 'GET http://Target:81/volume HTTP/1.1\r\nHost: header:82\r\n\r\n', 'Target:81'],
  ] as const) {
    test(`upstream-host as-received: Host is what came, with ${what}`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, {
        routes: [{ path: '/volume', to: upstream }],
        settings: { upstreamHost: 'as-received' },
      });
      assert.equal((await proxy.exchange(request)).status, 200);
      assert.deepEqual(values(upstream.only.headers, 'host'), [received]);
      assert.deepEqual(values(upstream.only.headers, 'x-forwarded-host'), [received]);
    });
  }

  test('upstream-host as-received: without a Host the upstream gets its own address', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, {
      routes: [{ path: '/volume', to: upstream }],
      settings: { upstreamHost: 'as-received' },
    });
    await proxy.exchange('GET /volume HTTP/1.0\r\n\r\n');
    assert.deepEqual(values(upstream.only.headers, 'host'), [`127.0.0.1:${upstream.address.port}`]);
  });

  test('an HTTP/1.0 request without Host makes no X-Forwarded-Host', async t => {
    const request = await forwarded(t, 'GET /volume HTTP/1.0\r\n\r\n');
    // RawUpstream demands a Host line: the upstream is spoken to in HTTP/1.1 (RFC 9112 section 3.2).
    assert.equal(request.header('x-forwarded-host'), undefined);
  });

  for (const name of ['X-Forwarded-For', 'TE', 'User-Agent', 'X-Request-ID', 'Referer']) {
    test(`990 lines ${name} are within the limit of lines`, async t => {
      const upstream = await RawUpstream.start(t);
      const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
      const response = await proxy.get('/volume', `${name}: 10.0.0.1\r\n`.repeat(990));
      assert.equal(response.status, 200);
      if (name === 'X-Forwarded-For') {
        assert.equal(upstream.only.header(name), `${'10.0.0.1, '.repeat(990)}127.0.0.1`);
      }
    });
  }

  test('X-Forwarded-For holds all lines that came and then the peer', async t => {
    const request = await forwarded(
      t,
      'GET /volume HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 192.0.2.1, 192.0.2.2\r\nx-forwarded-for: 192.0.2.3\r\n\r\n',
    );
    assert.deepEqual(values(request.headers, 'x-forwarded-for'), ['192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1']);
    assert.equal(request.header('x-real-ip'), '127.0.0.1');
  });

  test('what a client says in X-Real-IP and X-Forwarded-Proto, -Host, -Prefix is replaced', async t => {
    const request = await forwarded(
      t,
      'GET /volume HTTP/1.1\r\nHost: test\r\nX-Request-ID: req-1\r\nx-real-ip: 192.0.2.1\r\nX-REAL-IP: 192.0.2.2\r\n' +
        'X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nx-forwarded-prefix: /evil\r\n\r\n',
    );
    assert.deepEqual(request.headers, generated(engine));
  });

  for (const id of ['a', 'A-z_0.9', 'x'.repeat(128)]) {
    test(`the client’s X-Request-ID of ${id.length} characters passes`, async t => {
      const request = await forwarded(t, `GET /volume HTTP/1.1\r\nHost: test\r\nX-Request-ID: ${id}\r\n\r\n`);
      assert.equal(request.header('x-request-id'), id);
    });
  }

  for (const [what, lines] of [
    ['none', ''],
    ['an empty one', 'X-Request-ID:\r\n'],
    ['one of 129 characters', `X-Request-ID: ${'x'.repeat(129)}\r\n`],
    ['one with other characters', 'X-Request-ID: a b\r\n'],
    ['two of them', 'X-Request-ID: a\r\nX-Request-ID: b\r\n'],
  ] as const) {
    test(`a fresh X-Request-ID of 32 hex digits replaces ${what}`, async t => {
      const request = await forwarded(t, `GET /volume HTTP/1.1\r\nHost: test\r\n${lines}\r\n`);
      assert.match(request.header('x-request-id') ?? '', /^[0-9a-f]{32}$/);
    });
  }

  test('two requests get different X-Request-IDs, which are in the log', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, engine, { routes: [{ path: '/volume', to: upstream }] });
    await proxy.get('/volume');
    await proxy.get('/volume');
    const ids = upstream.requests.map(request => request.header('x-request-id'));
    assert.notEqual(ids[0], ids[1]);
    assert.deepEqual(
      (await proxy.logged(2)).map(({ requestId }) => requestId),
      ids,
    );
  });

  const underscored = 'GET /volume HTTP/1.1\r\nHost: test\r\nX_Under: 1\r\n_: 2\r\nX-A: 3\r\n\r\n';
  test('names with an underscore are dropped', async t => {
    const request = await forwarded(t, underscored);
    assert.deepEqual(own(request), [['X-A', '3']]);
  });

  test('names with an underscore stay with underscores-in-headers', async t => {
    const request = await forwarded(t, underscored, { settings: { underscoresInHeaders: true } });
    assert.deepEqual(own(request), [
      ['X_Under', '1'],
      ['_', '2'],
      ['X-A', '3'],
    ]);
  });

  test('with underscores-in-headers, what upstreams are told here is not told by a client as well, under a name that CGI takes for it', async t => {
    const names = [
      ...['X_Real_IP', 'x_real-ip', 'X_Forwarded_For', 'X-FORWARDED_FOR', 'X_Forwarded_Proto', 'X_Forwarded_Host'],
      ...['X_Forwarded_Prefix', 'X_Request_ID', 'Keep_Alive', 'Proxy_Connection', 'Proxy_Authorization'],
    ];
    const near = ['X_Real_IPs', 'X_Forwarded', 'XX_Real_IP', 'User_Agent'].map(name => `${name}: 1\r\n`).join('');
    const request = await forwarded(
      t,
      `GET /volume HTTP/1.1\r\nHost: test\r\n${names.map(name => `${name}: forged\r\n`).join('')}${near}\r\n`,
      { settings: { underscoresInHeaders: true } },
    );
    assert.deepEqual(own(request), [
      ['X_Real_IPs', '1'],
      ['X_Forwarded', '1'],
      ['XX_Real_IP', '1'],
      ['User_Agent', '1'],
    ]);
  });

  test('an underscore does not make a second framing header', async t => {
    const request = await forwarded(
      t,
      'POST /volume HTTP/1.1\r\nHost: test\r\nContent_Length: 99\r\nTransfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\nab',
      { settings: { underscoresInHeaders: true } },
    );
    assert.equal(request.header('content-length'), '2');
    assert.equal(value(request.headers, 'transfer-encoding'), undefined);
  });
});

type Forward = (
  t: Parameters<typeof RawUpstream.start>[0],
  bytes: string,
  options?: {
    readonly path?: string;
    readonly stripPrefix?: boolean;
    readonly settings?: { underscoresInHeaders: true };
  },
) => Promise<UpstreamRequest>;

const GENERATED = [
  'Host',
  'X-Real-IP',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Prefix',
  'X-Request-ID',
];

/** What every request from 127.0.0.1 for `Host: test` to /volume has, in this order. */
function generated(kind: ProxyKind): HeaderLine[] {
  const lines = ['test', '127.0.0.1', '127.0.0.1', schemeOf(kind), 'test', '/volume', REQUEST_ID];
  return GENERATED.map((name, index) => [name, lines[index] as string]);
}

function own(request: UpstreamRequest): HeaderLine[] {
  return without(request.headers, ...GENERATED);
}
