/** HTTP/2 on TLS, where ALPN says that it is spoken (RFC 9113 section 3.3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { Http2Client } from '../support/http2-client.ts';
import { getFields, requestFields } from '../support/http2-fields.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { selfSigned } from '../support/self-signed.ts';

const TLS = { certificate: selfSigned({ names: ['test'] }) };
const SIZE = 1024 * 1024;
const LARGE = `HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n${'x'.repeat(SIZE)}`;

async function start(t: Parameters<typeof startProxy>[0], protocols: readonly string[]) {
  const upstream = await RawUpstream.start(t);
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/volume', to: upstream }], tls: TLS });
  const { tls } = await proxy.connectTls({ servername: 'test', ALPNProtocols: [...protocols] });
  return { upstream, proxy, tls };
}

describe('HTTP/2 on TLS', { timeout: 600_000 }, () => {
  it('ALPN chooses h2 where the client offers it', async t => {
    const { upstream, proxy, tls } = await start(t, ['http/1.1', 'h2']);
    assert.equal(tls.alpnProtocol, 'h2');
    const client = await Http2Client.connect(t, proxy.address, { socket: tls });
    assert.equal((await client.exchange(getFields('/volume'))).body, 'ok');
    assert.equal(upstream.only.header('x-forwarded-proto'), 'https');
    const [line] = await proxy.logged(1);
    assert.deepEqual([line?.protocol, line?.tls?.serverName], ['HTTP/2.0', 'test']);
  });

  it('megabytes go both ways on several streams, byte for byte', async t => {
    const { upstream, proxy, tls } = await start(t, ['h2']);
    upstream.handler = answering(LARGE);
    const client = await Http2Client.connect(t, proxy.address, { socket: tls });
    const body = 'y'.repeat(60_000);
    const ids = [1, 2, 3, 4].map(() => client.request(requestFields('POST', '/volume'), body));
    for (const id of ids) assert.equal((await client.response(id)).body.length, SIZE);
    assert.ok(upstream.requests.every(request => request.body === body));
  });

  it('the preface without ALPN is no way to HTTP/2 there', async t => {
    const { proxy, tls } = await start(t, ['http/1.1']);
    assert.equal(tls.alpnProtocol, 'http/1.1');
    let text = '';
    tls.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
    tls.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    assert.equal((await proxy.logged(1))[0]?.reason, 'request_http_version_unsupported');
    await eventually('the answer', () => text.startsWith('HTTP/1.1 505 '));
  });
});
