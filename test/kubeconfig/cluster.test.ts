/** Which server, and what it has to prove. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { spawnCli } from '../cli/cli-fixture.ts';
import { KubeApi } from '../support/kube-api.ts';
import { selfSigned } from '../support/self-signed.ts';
import { Folder, isKubectlHere, itAgrees } from './ask.ts';
import { type Case, config } from './case.ts';

const api = await KubeApi.start({ tls: true });
after(() => api[Symbol.asyncDispose]());

const caData = Buffer.from(api.ca).toString('base64');
const stranger = selfSigned().cert;
const sent = { authorization: 'Bearer T' };

type Outcome = Pick<Case, 'request' | 'error' | 'kubectl'>;

function cluster(name: string, fields: object, outcome: Outcome, files: Case['files'] = {}): Case {
  return { name, files: { config: config({ cluster: fields, user: { token: 'T' } }), ...files }, ...outcome };
}

describe('the server', () => {
  itAgrees(api, [
    cluster(
      'may have a slash at its end',
      { server: `${api.url}/`, 'certificate-authority-data': caData },
      { request: sent },
    ),
    cluster(
      'must have a scheme',
      { server: `127.0.0.1:${api.port}` },
      {
        error: /clusters\["k"\]\.cluster\.server "127\.0\.0\.1:\d+" must be a URL that begins with https:\/\//,
        kubectl: { because: 'it guesses http, and may send the token in clear text' },
      },
    ),
    cluster(
      'must have a scheme, with a name, too',
      { server: `localhost:${api.port}` },
      {
        error: /clusters\["k"\]\.cluster\.server "localhost:\d+" must be a URL/,
        kubectl: { because: 'it guesses http, and may send the token in clear text' },
      },
    ),
    cluster(
      'must not have a query',
      { server: `${api.url}?x=`, 'certificate-authority-data': caData },
      {
        error: /clusters\["k"\]\.cluster\.server "\S+" must end with a host or a path/,
        kubectl: { because: 'it drops the query', request: sent },
      },
    ),
    cluster('must be there', {}, { error: /clusters\["k"\]\.cluster\.server is missing/ }),
    cluster(
      'must not be plain http by mistake',
      { server: 'http://127.0.0.1:1' },
      {
        error: /clusters\["k"\]\.cluster\.server "http:\/\/127\.0\.0\.1:1" is not https: if that is meant/,
      },
    ),
  ]);
});

describe('the certificate of the server', () => {
  itAgrees(api, [
    cluster(
      'is checked with a file, counted from the folder of the kubeconfig',
      {
        server: api.url,
        'certificate-authority': 'pki/ca.crt',
      },
      { request: sent },
      { 'pki/ca.crt': api.ca },
    ),
    cluster(
      'is refused when another CA has signed it',
      {
        server: api.url,
        'certificate-authority-data': Buffer.from(stranger).toString('base64'),
      },
      { error: /its certificate is not signed by the CA in this kubeconfig \S+/ },
    ),
    cluster(
      'is refused when no CA is given and the machine does not know it',
      { server: api.url },
      {
        error: /its certificate is not signed by a CA that this machine trusts/,
      },
    ),
    cluster(
      'is not checked where the kubeconfig says so',
      { server: api.url, 'insecure-skip-tls-verify': true },
      {
        request: sent,
      },
    ),
    cluster(
      'is either checked or not',
      {
        server: api.url,
        'certificate-authority-data': caData,
        'insecure-skip-tls-verify': true,
      },
      { error: /clusters\["k"\]\.cluster has a certificate authority and insecure-skip-tls-verify/ },
    ),
    cluster(
      'is checked with one CA, not with two',
      {
        server: api.url,
        'certificate-authority-data': caData,
        'certificate-authority': 'ca.crt',
      },
      { error: /clusters\["k"\]\.cluster has both certificate-authority and certificate-authority-data/ },
      {
        'ca.crt': api.ca,
      },
    ),
    cluster(
      'has the name that tls-server-name says, which is also asked for',
      {
        server: api.url,
        'certificate-authority-data': caData,
        'tls-server-name': 'localhost',
      },
      { request: { ...sent, serverName: 'localhost' } },
    ),
    cluster(
      'has the address that tls-server-name says, which is not asked for (RFC 6066 section 3)',
      {
        server: api.url.replace('127.0.0.1', 'localhost'),
        'certificate-authority-data': caData,
        'tls-server-name': '127.0.0.1',
      },
      { request: sent },
    ),
    cluster(
      'is refused when it is for another name',
      {
        server: api.url,
        'certificate-authority-data': caData,
        'tls-server-name': 'api.example',
      },
      { error: /its certificate is for another name: .*api\.example.*\(tls-server-name in the kubeconfig/ },
    ),
    cluster(
      'is checked with a CA that can be read',
      { server: api.url, 'certificate-authority': 'absent.crt' },
      {
        error: /cannot read the credentials of context "k" of the kubeconfig \S+: ENOENT.*\/absent\.crt/,
      },
    ),
    cluster(
      'may be compressed or not',
      {
        server: api.url,
        'certificate-authority-data': caData,
        'disable-compression': true,
      },
      { request: sent },
    ),
  ]);

  it('is checked with the CAs of the machine where the kubeconfig names none', async t => {
    using folder = new Folder({
      'ca.crt': api.ca,
      config: config({ cluster: { server: api.url }, user: { token: 'T' } }),
    });
    const environment = {
      KUBECONFIG: join(folder.path, 'config'),
      SSL_CERT_FILE: join(folder.path, 'ca.crt'),
      HOME: folder.path,
    };
    const { code, stderr } = await spawnCli(['routes', '--fresh'], { environment });
    assert.equal(code, 0, stderr);
    if (!isKubectlHere()) return t.diagnostic('there is no kubectl here to compare with');
    const env = { PATH: process.env.PATH, ...environment };
    const kubectl = execFile('kubectl', ['get', '--raw', '/api/v1/services'], { env });
    assert.deepEqual(await once(kubectl, 'close'), [0, null]);
  });
});

describe('a proxy on the way to the server', () => {
  const tunnels: string[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url = '' }, socket: Socket) => {
    tunnels.push(url);
    const { hostname, port } = new URL(`http://${url}`);
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const one of [socket, upstream]) one.on('error', () => [socket, upstream].map(other => other.destroy()));
  });
  after(() => proxy.close());

  it('is the one of proxy-url, for kubectl, too', async () => {
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const fields = { server: api.url, 'certificate-authority-data': caData, 'proxy-url': `http://127.0.0.1:${port}` };
    using folder = new Folder({ config: config({ cluster: fields, user: { token: 'T' } }) });
    const environment = { KUBECONFIG: join(folder.path, 'config'), HOME: folder.path };
    const { code, stderr } = await spawnCli(['routes', '--fresh'], { environment });
    assert.equal(code, 0, stderr);
    assert.deepEqual(tunnels, [`127.0.0.1:${api.port}`]);
  });

  itAgrees(api, [
    cluster(
      'must have a scheme that is known',
      {
        server: api.url,
        'certificate-authority-data': caData,
        'proxy-url': 'ftp://127.0.0.1',
      },
      { error: /clusters\["k"\]\.cluster\.proxy-url must begin with http:\/\/, https:\/\/ or socks5:\/\// },
    ),
  ]);
});
