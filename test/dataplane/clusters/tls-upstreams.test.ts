/** Upstreams that speak TLS: who is believed, and what is said of the others. */
import assert from 'node:assert/strict';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { FAILURES, type FailureReason } from '../../../src/failures/failures.ts';
import type { Cluster, SubjectAltName } from '../../../src/model/cluster.ts';
import { startBalanced } from '../../support/balanced-proxy.ts';
import { atEnd } from '../../support/cleanup.ts';
import { startProxy } from '../../support/proxy-under-test.ts';
import { RawUpstream } from '../../support/raw-upstream.ts';
import { type SelfSigned, selfSigned } from '../../support/self-signed.ts';
import { certificateOf } from '../../support/tls-names.ts';

const NAME = 'web.test.svc';
const DAY_MS = 86_400_000;
/** A handshake on a busy machine takes its time. */
const settings = { proxyConnectTimeout: 60_000 };

interface SecureUpstream {
  readonly address: { readonly host: string; readonly port: number };
  /** What each connection asked for: SNI, ALPN, and whether a session was resumed. */
  readonly handshakes: (readonly [serverName: string | false, protocol: string | false | null, isResumed: boolean])[];
}

async function listen(t: TestContext, server: Server): Promise<SecureUpstream> {
  const handshakes: SecureUpstream['handshakes'] = [];
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket: TLSSocket & { servername?: string | false }) => {
    sockets.add(socket);
    handshakes.push([socket.servername ?? false, socket.alpnProtocol, socket.isSessionReused()]);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { address: { host: '127.0.0.1', port }, handshakes };
}

function https(
  t: TestContext,
  { key, cert }: SelfSigned,
  headers: Record<string, string> = {},
): Promise<SecureUpstream> {
  return listen(
    t,
    createHttpsServer({ key, cert }, (request, response) => {
      let size = 0;
      request.on('data', (bytes: Buffer) => {
        size += bytes.length;
      });
      request.on('end', () => response.writeHead(200, headers).end(`${request.httpVersion} ${request.url} ${size}`));
    }),
  );
}

function http2(t: TestContext, { key, cert }: SelfSigned): Promise<SecureUpstream> {
  return listen(
    t,
    createSecureServer({ key, cert }, (request, response) => {
      response.end(`${request.httpVersion} ${request.scheme} ${request.authority}`);
    }),
  );
}

function tlsOf(ca: SelfSigned | undefined, fields: Partial<NonNullable<Cluster['tls']>> = {}): Partial<Cluster> {
  return { protocol: 'https', tls: { serverName: NAME, isVerified: true, ...(ca && { ca: ca.cert }), ...fields } };
}

describe('upstreams with TLS', { concurrency: true }, () => {
  it('one with a certificate for its name, of the authority given, is served by HTTP/1.1, and its connections are kept', async t => {
    const signed = selfSigned({ names: [NAME] });
    const upstream = await https(t, signed);
    const proxy = await startProxy(t, 'wire', {
      settings,
      routes: [{ path: '/v', to: [upstream.address], cluster: tlsOf(signed) }],
    });
    assert.equal((await proxy.get('/v/a')).body, '1.1 /a 0');
    const body = 'x'.repeat(300_000);
    const post = await proxy.exchange(
      `POST /v/b HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(post.body, '1.1 /b 300000');
    assert.deepEqual(upstream.handshakes, [[NAME, 'http/1.1', false]]);
  });

  it('and by HTTP/2, with https as its scheme', async t => {
    const signed = selfSigned({ names: [NAME] });
    const upstream = await http2(t, signed);
    const cluster = { ...tlsOf(signed), protocol: 'h2' } as const;
    const proxy = await startProxy(t, 'wire', { settings, routes: [{ path: '/v', to: [upstream.address], cluster }] });
    const responses = await Promise.all(Array.from({ length: 10 }, () => proxy.get('/v')));
    assert.deepEqual(new Set(responses.map(({ body }) => body)), new Set(['2.0 https test']));
    assert.deepEqual(upstream.handshakes, [[NAME, 'h2', false]]);
  });

  for (const [what, reason, certificate, fields] of [
    ['for another name', 'upstream_certificate_wrong_name', { names: ['other.test.svc'] }, {}],
    [
      'that has expired',
      'upstream_certificate_expired',
      { names: [NAME], notBefore: Date.now() - 9 * DAY_MS, notAfter: Date.now() - DAY_MS },
      {},
    ],
    [
      'that is not valid yet',
      'upstream_certificate_expired',
      { names: [NAME], notBefore: Date.now() + DAY_MS, notAfter: Date.now() + 9 * DAY_MS },
      {},
    ],
    [
      'of another authority',
      'upstream_certificate_untrusted',
      { names: [NAME] },
      { ca: selfSigned({ names: [NAME] }).cert },
    ],
  ] as const) {
    it(`a certificate ${what}: 502, and nothing of the request goes there; unless nothing is verified`, async t => {
      const signed = selfSigned(certificate);
      const upstream = await https(t, signed);
      const proxy = await startProxy(t, 'wire', {
        settings,
        routes: [
          { path: '/v', to: [upstream.address], cluster: tlsOf(signed, fields) },
          { path: '/unverified', to: [upstream.address], cluster: tlsOf(signed, { ...fields, isVerified: false }) },
        ],
      });
      assert.equal((await proxy.get('/v/secret')).status, 502);
      assert.equal((await proxy.logged(1))[0]?.reason, reason);
      assert.equal((await proxy.get('/unverified/a')).body, '1.1 /a 0');
      // A verified route must not use the connection that was made unverified.
      assert.equal((await proxy.get('/v/secret')).status, 502);
    });
  }

  it('one that is not verified and has no name to be told is served, and gets no SNI', async t => {
    const upstream = await https(t, selfSigned({ names: ['other.test.svc'] }));
    const cluster = tlsOf(undefined, { serverName: '', isVerified: false });
    const proxy = await startProxy(t, 'wire', { settings, routes: [{ path: '/v', to: [upstream.address], cluster }] });
    assert.equal((await proxy.get('/v/a')).body, '1.1 /a 0');
    assert.deepEqual(upstream.handshakes, [[false, 'http/1.1', false]]);
  });

  it('without an authority of its own, those of the system count', async t => {
    const upstream = await https(t, selfSigned({ names: [NAME] }));
    const proxy = await startProxy(t, 'wire', {
      settings,
      routes: [{ path: '/v', to: [upstream.address], cluster: tlsOf(undefined) }],
    });
    assert.equal((await proxy.get('/v')).status, 502);
    assert.equal((await proxy.logged(1))[0]?.reason, 'upstream_certificate_untrusted');
  });

  it('a cluster that says nothing of TLS but its protocol is verified by the name of its Service', async t => {
    const upstream = await https(t, selfSigned({ names: [NAME] }));
    const proxy = await startProxy(t, 'wire', {
      settings,
      routes: [{ path: '/v', to: [upstream.address], cluster: { protocol: 'https' } }],
    });
    assert.equal((await proxy.get('/v')).status, 502);
    assert.equal(upstream.handshakes.length, 0);
  });

  it('one that speaks no TLS, and one that speaks no HTTP/2, are said to have failed the handshake', async t => {
    const plain = await RawUpstream.start(t);
    plain.toleratesMalformed = true;
    const signed = selfSigned({ names: [NAME] });
    const only1 = await https(t, signed);
    const proxy = await startProxy(t, 'wire', {
      settings,
      routes: [
        { path: '/plain', to: [plain.address], cluster: tlsOf(signed) },
        { path: '/h2', to: [only1.address], cluster: { ...tlsOf(signed), protocol: 'h2' } },
      ],
    });
    const asked = proxy.get('/plain');
    await (await plain.connection(0)).send('HTTP/1.1 400 Bad Request\r\n\r\n');
    await (await plain.connection(1)).send('HTTP/1.1 400 Bad Request\r\n\r\n');
    assert.equal((await asked).status, 502);
    assert.equal((await proxy.get('/h2')).status, 502);
    const lines = await proxy.logged(2);
    assert.deepEqual(
      lines.map(({ reason }) => reason),
      ['upstream_tls_failed', 'upstream_tls_failed'],
    );
  });

  it('further handshakes with the same pods resume the session', async t => {
    const signed = selfSigned({ names: [NAME] });
    const upstream = await https(t, signed, { Connection: 'close' });
    const proxy = await startProxy(t, 'wire', {
      settings,
      routes: [{ path: '/v', to: [upstream.address], cluster: tlsOf(signed) }],
    });
    for (let count = 0; count < 3; count += 1) assert.equal((await proxy.get('/v')).status, 200);
    assert.deepEqual(
      upstream.handshakes.map(([, , isResumed]) => isResumed),
      [false, true, true],
    );
  });

  it('no session is resumed with a server whose name was found wrong', async t => {
    const signed = selfSigned({ names: ['other.test.svc'] });
    // In TLS 1.2, the ticket comes within the handshake.
    const server = createHttpsServer({ ...signed, maxVersion: 'TLSv1.2' }, (_, response) => response.end());
    const upstream = await listen(t, server);
    const proxy = await startProxy(t, 'wire', {
      settings,
      routes: [{ path: '/v', to: [upstream.address], cluster: tlsOf(signed) }],
    });
    for (let count = 0; count < 3; count += 1) assert.equal((await proxy.get('/v')).status, 502);
    const lines = await proxy.logged(3);
    assert.deepEqual(new Set(lines.map(({ reason }) => reason)), new Set(['upstream_certificate_wrong_name']));
  });

  it('one whose certificate bears any of the names that are asked for is served, whatever its server name', async t => {
    const names = ['dns.example', '*.wild.example'];
    const signed = selfSigned({ names, uris: ['spiffe://mesh/a', 'https://x/a,DNS:evil.example, URI:https://evil'] });
    const upstream = await https(t, signed);
    const dns = (value: string): SubjectAltName => ({ type: 'dns', value });
    const uri = (value: string): SubjectAltName => ({ type: 'uri', value });
    const CASES: readonly (readonly [asked: readonly SubjectAltName[], isServed: boolean])[] = [
      [[dns('dns.example')], true],
      [[dns('other.example')], false],
      [[uri('spiffe://mesh/a')], true],
      [[uri('spiffe://mesh/')], false],
      [[uri('spiffe://mesh/b'), dns('other.example'), dns('dns.example')], true],
      [[uri('spiffe://mesh/b'), dns('other.example')], false],
      [[dns('spiffe://mesh/a'), uri('dns.example')], false],
      [[dns('a.wild.example')], true],
      [[dns('wild.example')], false],
      [[dns('a.b.wild.example')], false],
      [[dns('*.wild.example')], true],
      [[dns('*.example')], true],
      [[dns('*.other.example')], false],
      [[dns('evil.example')], false],
      [[uri('https://evil')], false],
      [[uri('https://x/a,DNS:evil.example, URI:https://evil')], true],
      // The server name counts for nothing then, and the subject never does.
      [[dns('kube-api fixture')], false],
    ];
    const routes = CASES.map(([subjectAltNames], index) => {
      const fields = { serverName: index === 0 ? 'sent.example' : 'dns.example', subjectAltNames };
      return { path: `/${index}`, to: [upstream.address], cluster: tlsOf(signed, fields) };
    });
    const proxy = await startProxy(t, 'wire', { settings, routes });
    for (const [index, [asked, isServed]] of CASES.entries()) {
      const { status } = await proxy.get(`/${index}`);
      assert.equal(status, isServed ? 200 : 502, JSON.stringify(asked));
    }
    assert.equal(upstream.handshakes[0]?.[0], 'sent.example');
  });

  it('a cluster shows its certificate to servers that ask for one, and its connections are no other cluster’s', async t => {
    const signed = selfSigned({ names: [NAME] });
    const [known, unknown] = [selfSigned({ commonName: 'entry' }), selfSigned({ commonName: 'stranger' })];
    const server = createHttpsServer({ ...signed, requestCert: true, ca: known.cert }, (request, response) => {
      response.end((request.socket as TLSSocket).getPeerCertificate().subject?.CN?.toString() ?? 'nobody');
    });
    const upstream = await listen(t, server);
    const showing = (clientCertificate: SelfSigned): Partial<Cluster> =>
      tlsOf(signed, { clientCertificate: certificateOf(clientCertificate) });
    const proxy = await startProxy(t, 'wire', {
      settings,
      routes: [
        { path: '/known', to: [upstream.address], cluster: showing(known) },
        { path: '/none', to: [upstream.address], cluster: tlsOf(signed) },
        { path: '/unknown', to: [upstream.address], cluster: showing(unknown) },
      ],
    });
    assert.equal((await proxy.get('/known')).body, 'entry');
    assert.equal((await proxy.get('/none')).status, 502);
    assert.equal((await proxy.get('/unknown')).status, 502);
    assert.equal((await proxy.get('/known')).body, 'entry');
    for (const line of proxy.logLines) assert.doesNotMatch(line, /PRIVATE KEY/);
    for (const notice of proxy.notices) assert.doesNotMatch(JSON.stringify(notice), /PRIVATE KEY/);
  });

  it('a change of the authority has new connections', async t => {
    const signed = selfSigned({ names: [NAME] });
    const upstream = await https(t, signed);
    const endpoints = [{ at: { address: upstream.address }, id: 'pod' }];
    const balanced = await startBalanced(t, { settings, endpoints, cluster: tlsOf(signed) });
    assert.equal((await balanced.proxy.get('/v')).status, 200);
    balanced.serve(endpoints, tlsOf(selfSigned({ names: [NAME] })));
    assert.equal((await balanced.proxy.get('/v')).status, 502);
    balanced.serve(endpoints, tlsOf(signed));
    assert.equal((await balanced.proxy.get('/v')).status, 200);
    assert.equal(upstream.handshakes.length, 2);
  });
});

it('each reason of a handshake is one of the upstream', () => {
  const reasons: FailureReason[] = [
    'upstream_certificate_expired',
    'upstream_certificate_wrong_name',
    'upstream_certificate_untrusted',
    'upstream_tls_failed',
  ];
  for (const reason of reasons) assert.deepEqual([FAILURES[reason].source, FAILURES[reason].status], ['upstream', 502]);
});
