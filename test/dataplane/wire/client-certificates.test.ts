/** What the host of a request asks of the TLS session that carries it. The session is a stand-in: the bytes are in clear text. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { ClientConnection } from '../../../src/dataplane/http1/client-connection.ts';
import { AccessLog } from '../../../src/dataplane/log/access-log.ts';
import { FailureReporter } from '../../../src/dataplane/pipeline/failure-reporter.ts';
import type { TlsSession } from '../../../src/dataplane/pipeline/known-client.ts';
import { createTransportServer } from '../../../src/dataplane/transport/accept.ts';
import { EngineParts } from '../../../src/dataplane/wire/engine-parts.ts';
import type { TlsHost } from '../../../src/model/tls-host.ts';
import type { Settings } from '../../../src/settings/schema.ts';
import { atEnd } from '../../support/cleanup.ts';
import { LogLines } from '../../support/log-lines.ts';
import { type LoggedRequest, type ProxyUnderTest, startProxy } from '../../support/proxy-under-test.ts';
import { RawClient, type RawResponse } from '../../support/raw-client.ts';
import { values } from '../../support/raw-message.ts';
import { RawUpstream } from '../../support/raw-upstream.ts';

const NAMES = ['x-client-cert-verify', 'x-client-cert-subject-dn', 'x-client-cert-issuer-dn'];

const HOSTS: readonly TlsHost[] = [
  { host: 'plain.test' },
  { host: 'must.test', clientCertificate: { policy: 'required by ca', mode: 'required', ca: '' } },
  { host: 'also.test', clientCertificate: { policy: 'required by ca', mode: 'required', ca: '' } },
  { host: 'other.test', clientCertificate: { policy: 'required by another', mode: 'required', ca: '' } },
  { host: 'may.test', clientCertificate: { policy: 'optional by ca', mode: 'optional', ca: '' } },
  { host: '*.wild.test', clientCertificate: { policy: 'required by ca', mode: 'required', ca: '' } },
];

const PLAIN: TlsSession = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  serverName: 'plain.test',
  isResumed: false,
  clientPolicy: '',
  clientCertificate: undefined,
};
const MUST: TlsSession = { ...PLAIN, serverName: 'must.test', clientPolicy: 'required by ca' };
const MAY: TlsSession = { ...PLAIN, serverName: 'may.test', clientPolicy: 'optional by ca' };

/** A certificate that signs itself. @param subject as openssl takes it */
function certificateOf(subject: string): X509Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'client-certificate-'));
  try {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key'];
    const options = ['-days', '1', '-utf8', '-subj', subject, '-out', 'certificate'];
    execFileSync('openssl', ['req', '-x509', ...key, ...options], { cwd: folder, stdio: 'pipe' });
    return new X509Certificate(readFileSync(join(folder, 'certificate')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const VALID = { certificate: certificateOf('/O=Example/CN=client'), fault: '' };
const EXPIRED = { ...VALID, fault: 'certificate has expired' };

interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly upstream: RawUpstream;
  readonly logged: () => LoggedRequest;
  readonly connect: () => Promise<RawClient>;
}

/** @param session of every connection */
async function scene(t: TestContext, session: TlsSession, settings: Partial<Settings> = {}): Promise<Scene> {
  const upstream = await RawUpstream.start(t);
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/', to: upstream }], tlsHosts: HOSTS, settings });
  const lines: string[] = [];
  const { state, counters } = proxy;
  const parts = new EngineParts({
    state,
    counters,
    accessLog: new AccessLog(new LogLines(line => lines.push(line)), state),
    clock: systemClock,
    clientBytes: 1 << 30,
    failures: new FailureReporter(counters, () => undefined),
  });
  parts.wheel.start();
  const server = createTransportServer(parts.memory, open => {
    parts.clients.add(new ClientConnection(parts, open, { tls: session }));
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  atEnd(t, () => {
    server.close();
    for (const client of [...parts.clients]) client.destroy();
    parts.pools.close();
    parts.wheel.stop();
  });
  const { port } = server.address() as { port: number };
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect({ host: '127.0.0.1', port });
    atEnd(t, () => client.destroy());
    return client;
  };
  return { proxy, upstream, logged: () => JSON.parse(lines.at(-1) as string) as LoggedRequest, connect };
}

async function ask({ connect }: Scene, host: string, lines = '', target = '/x'): Promise<RawResponse> {
  const client = await connect();
  await client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`);
  return client.response();
}

function certificateHeaders({ only }: RawUpstream): (string | undefined)[] {
  return NAMES.map(name => only.header(name));
}

describe('a request over TLS', { concurrency: 8 }, () => {
  it('is one over https for its upstream, and has its session in the log', async t => {
    const own = await scene(t, PLAIN);
    assert.equal((await ask(own, 'plain.test', 'X-Forwarded-Proto: http\r\n')).status, 200);
    const { only } = own.upstream;
    assert.equal(only.header('x-forwarded-proto'), 'https');
    assert.deepEqual(certificateHeaders(own.upstream), [undefined, undefined, undefined]);
    const { version, cipher, serverName, isResumed } = PLAIN;
    assert.deepEqual(own.logged().tls, { version, cipher, serverName, isResumed });
    assert.equal(own.logged().protocol, 'HTTP/1.1');
  });

  it('of a trusted proxy has the scheme that it says, else that of the session', async t => {
    for (const [lines, proto] of [
      ['', 'https'],
      ['X-Forwarded-Proto: http\r\n', 'http'],
      ['X-Forwarded-For: 192.0.2.1\r\n', 'https'],
    ] as const) {
      const own = await scene(t, PLAIN, { trustedProxies: ['127.0.0.1'] });
      assert.equal((await ask(own, 'plain.test', lines)).status, 200);
      assert.equal(own.upstream.only.header('x-forwarded-proto'), proto);
    }
  });

  it('is not redirected, whatever a proxy says', async t => {
    const own = await scene(t, PLAIN, { trustedProxies: ['127.0.0.1'] });
    assert.equal((await ask(own, 'plain.test', 'X-Forwarded-Proto: http\r\n')).status, 200);
  });
});

describe('a session of another policy for client certificates', { concurrency: 8 }, () => {
  for (const [session, host, target = '/x'] of [
    [PLAIN, 'must.test'],
    [PLAIN, 'MUST.test:443'],
    [PLAIN, 'must.test.'],
    [PLAIN, 'x.wild.test'],
    [PLAIN, 'may.test'],
    [PLAIN, 'plain.test', 'https://must.test/x'],
    [PLAIN, 'must.test', '/.well-known/acme-challenge/x'],
    [MUST, 'plain.test'],
    [MUST, 'unknown.test'],
    [MUST, 'other.test'],
    [MUST, 'may.test'],
    [MAY, 'must.test'],
    [{ ...PLAIN, serverName: '' }, 'must.test'],
    [{ ...MUST, clientCertificate: VALID }, 'other.test'],
    [{ ...MUST, clientCertificate: VALID }, 'plain.test'],
  ] as const) {
    it(`${target} of ${host} is 421 on a session ${session.clientPolicy || 'without one'}`, async t => {
      const own = await scene(t, session);
      assert.equal((await ask(own, host, '', target)).status, 421);
      assert.deepEqual(own.upstream.requests, []);
      assert.equal(own.logged().reason, 'request_misdirected');
    });
  }

  it('HTTP/1.0 without Host is 421, too', async t => {
    const own = await scene(t, { ...MUST, clientCertificate: VALID });
    const client = await own.connect();
    await client.send('GET /x HTTP/1.0\r\n\r\n');
    assert.equal((await client.response()).status, 421);
    assert.deepEqual(own.upstream.requests, []);
  });

  it('goes on for the hosts that it is for', async t => {
    const own = await scene(t, { ...MUST, clientCertificate: VALID });
    const client = await own.connect();
    for (const [host, status] of [
      ['must.test', 200],
      ['plain.test', 421],
      ['also.test', 200],
      ['x.wild.test', 200],
    ] as const) {
      await client.send(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.equal((await client.response()).status, status, host);
    }
    assert.equal(own.upstream.requests.length, 3);
  });

  it('is one as soon as the policy of its host changes', async t => {
    const own = await scene(t, { ...MUST, clientCertificate: VALID });
    const { tlsHosts } = own.proxy.state;
    const client = await own.connect();
    const status = async (): Promise<number> => {
      await client.send('GET /x HTTP/1.1\r\nHost: must.test\r\n\r\n');
      return (await client.response()).status;
    };
    assert.equal(await status(), 200);
    const clientCertificate = { policy: 'required by a new ca', mode: 'required', ca: '' } as const;
    const hosts = { upserts: [{ host: 'must.test', clientCertificate }], removals: [] };
    tlsHosts.apply({ certificates: { upserts: [], removals: [] }, hosts });
    assert.equal(await status(), 421);
  });
});

describe('client certificates', { concurrency: 8 }, () => {
  for (const [what, session, reason] of [
    ['none where one is required', MUST, 'client_certificate_missing'],
    ['a bad one where one is required', { ...MUST, clientCertificate: EXPIRED }, 'client_certificate_invalid'],
    ['a bad one where one is optional', { ...MAY, clientCertificate: EXPIRED }, 'client_certificate_invalid'],
  ] as const) {
    it(`${what} is 400, and nothing reaches the upstream`, async t => {
      const own = await scene(t, session);
      const client = await own.connect();
      const request = `POST /x HTTP/1.1\r\nHost: ${session.serverName}\r\nContent-Length: 3\r\n\r\nabc`;
      await client.send(request + request);
      assert.equal((await client.response()).status, 400);
      await client.closed();
      assert.equal(client.unread, '');
      assert.deepEqual(own.upstream.connections, []);
      assert.equal(own.logged().reason, reason);
      assert.equal(own.proxy.counters.failures(reason), 1);
    });
  }

  it('a valid one is told to the upstream, whatever the client says of itself', async t => {
    for (const session of [MUST, MAY]) {
      const own = await scene(t, { ...session, clientCertificate: VALID });
      const lines = 'X-Client-Cert-Verify: no\r\nx-client-cert-subject-dn: CN=root\r\nX-Real-IP: 1.2.3.4\r\n';
      assert.equal((await ask(own, session.serverName, lines)).status, 200);
      assert.deepEqual(certificateHeaders(own.upstream), ['SUCCESS', 'CN=client,O=Example', 'CN=client,O=Example']);
    }
  });

  it('none where it is optional is told, too', async t => {
    const own = await scene(t, MAY);
    assert.equal((await ask(own, 'may.test', 'X-Client-Cert-Subject-DN: CN=root\r\n')).status, 200);
    assert.deepEqual(certificateHeaders(own.upstream), ['NONE', undefined, undefined]);
  });

  for (const [subject, name] of [
    ['/C=DE/O=A, B "q"/CN=a\nX-Evil: 1', 'CN=a\\0AX-Evil: 1,O=A\\, B \\"q\\",C=DE'],
    ['/CN=a\r\nX-Evil: 1', 'CN=a\\0D\\0AX-Evil: 1'],
    ['/CN=José €', 'CN=Jos\\C3\\A9 \\E2\\82\\AC'],
    ['/OU=x+UID=7/CN=a \\+ b', 'CN=a \\+ b,UID=7+OU=x'],
    ['/', ''],
  ] as const) {
    it(`the name ${JSON.stringify(subject)} is one header line`, async t => {
      const own = await scene(t, { ...MUST, clientCertificate: { certificate: certificateOf(subject), fault: '' } });
      assert.equal((await ask(own, 'must.test')).status, 200);
      assert.deepEqual(certificateHeaders(own.upstream), ['SUCCESS', name, name]);
      assert.equal(own.upstream.only.header('x-evil'), undefined);
    });
  }

  it('are required of plain HTTP as well, where it is not redirected', async t => {
    const upstream = await RawUpstream.start(t);
    const routes = [{ path: '/', to: upstream, tlsRedirect: false }] as const;
    const settings = { trustedProxies: ['127.0.0.1'] };
    const proxy = await startProxy(t, 'wire', { routes, tlsHosts: HOSTS, settings });
    for (const lines of ['', 'X-Forwarded-Proto: https\r\n', 'X-Client-Cert-Verify: SUCCESS\r\n']) {
      assert.equal((await proxy.exchange(`GET /x HTTP/1.1\r\nHost: must.test\r\n${lines}\r\n`)).status, 400);
    }
    assert.deepEqual(upstream.requests, []);
    assert.equal((await proxy.exchange('GET /x HTTP/1.1\r\nHost: may.test\r\n\r\n')).status, 200);
  });
});

describe('what a client says of its certificate', { concurrency: 8 }, () => {
  const CLAIMS = [
    'X-Client-Cert-Verify: SUCCESS',
    'x-client-cert-subject-dn: CN=root',
    'X-CLIENT-CERT-ANYTHING: x',
    'X_Client_Cert_Verify: SUCCESS',
    'X-Client_Cert-Verify: SUCCESS',
  ];
  for (const engine of ['wire', 'node'] as const) {
    it(`reaches no upstream, on the plain port of the engine ${engine} either`, async t => {
      const upstream = await RawUpstream.start(t);
      const settings = { underscoresInHeaders: true, trustedProxies: ['127.0.0.1'] };
      const proxy = await startProxy(t, engine, { routes: [{ path: '/', to: upstream }], settings });
      const near = 'X-Client: a\r\nX-Client-Cert: b\r\nXX-Client-Cert-Verify: c\r\nX-Cli: d\r\n';
      assert.equal((await proxy.get('/x', `${CLAIMS.join('\r\n')}\r\n${near}`)).status, 200);
      const names = upstream.only.headers.map(([name]) => name);
      assert.deepEqual(
        names.filter(name => /cli|cer/i.test(name)),
        ['X-Client', 'X-Client-Cert', 'XX-Client-Cert-Verify', 'X-Cli'],
      );
    });
  }

  it('reaches none as a trailer', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/', to: upstream }] });
    const body = `0\r\nX-Client-Cert-Verify: SUCCESS\r\nX-Other: 1\r\n\r\n`;
    await proxy.exchange(`POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    await upstream.only.whole();
    assert.deepEqual(values(upstream.only.trailers, 'x-client-cert-verify'), []);
    assert.deepEqual(values(upstream.only.trailers, 'x-other'), ['1']);
  });
});
