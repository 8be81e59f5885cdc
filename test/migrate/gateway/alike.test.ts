/** Ingresses, and the routes that `migrate --to gateway` writes for them, answer the same requests alike: one program serves both. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ServingProgram } from '../../cli/serve-fixture.ts';
import { serviceObjects } from '../../ingress/objects.ts';
import { eventually } from '../../support/eventually.ts';
import { type Destination, exchange } from '../../support/exchange.ts';
import { parseResponses } from '../../support/raw-client.ts';
import { value } from '../../support/raw-message.ts';
import { answer, RawUpstream } from '../../support/raw-upstream.ts';
import { secret, tlsSecret } from '../../support/secrets.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { serverPort } from '../../support/server-port.ts';
import { NGINX } from '../dumps.ts';
import { written } from './written.ts';

interface Alike {
  /** The first label of its host, too. */
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Path to Service: `= /a` for Exact. */
  readonly paths?: Readonly<Record<string, string>>;
  readonly hasTls?: true;
  /** `METHOD TARGET`, then header lines behind `|`; a host of its own behind `@`. */
  readonly requests: readonly string[];
  /** A status that must be among the answers, so that nothing is compared with nothing. */
  readonly among: readonly number[];
}

const HTPASSWD = `ann:{SHA}${createHash('sha1').update('secret').digest('base64')}`;
const LOGIN = `Authorization: Basic ${Buffer.from('ann:secret').toString('base64')}`;

const CASES: readonly Alike[] = [
  { name: 'plain', requests: ['GET /', 'GET /a%20b/c?x=1', 'POST /x'], among: [200] },
  {
    name: 'places',
    paths: { '= /foo': 'v1', '/foo': 'v2', '/bar/baz': 'v1' },
    requests: ['GET /foo', 'GET /foo/', 'GET /foo/x', 'GET /foobar', 'GET /bar', 'GET /bar/baz', 'GET /FOO', 'GET /'],
    among: [200, 404],
  },
  {
    name: 'directory',
    paths: { '/dir/': 'v1' },
    requests: ['GET /dir?x=1', 'GET /dir/', 'GET /dir/x'],
    among: [200, 301],
  },
  {
    name: 'strip',
    annotations: { 'rewrite-target': '/$2', 'x-forwarded-prefix': '/app' },
    paths: { '/app(/|$)(.*)': 'v1' },
    requests: ['GET /app', 'GET /app/', 'GET /app/x/y?z=1', 'GET /application', 'GET /'],
    among: [200, 404],
  },
  {
    name: 'captures',
    annotations: { 'rewrite-target': '/$2/of/$1' },
    paths: { '/(a|b)/(.*)': 'v1' },
    requests: ['GET /a/x', 'GET /b/y/z?q=1', 'GET /c/x', 'GET /A/x'],
    among: [200, 404],
  },
  {
    name: 'patterns',
    annotations: { 'use-regex': 'true' },
    paths: { '/id/[0-9]+': 'v1', '/id/[0-9]+/edit$': 'v2' },
    requests: ['GET /id/12', 'GET /id/12abc', 'GET /id/12/edit', 'GET /id/12/edit/x', 'GET /id/x', 'GET /ID/1'],
    among: [200, 404],
  },
  {
    name: 'fixed',
    annotations: { 'permanent-redirect': 'https://new.example/there', 'permanent-redirect-code': '308' },
    requests: ['GET /', 'GET /x/y', 'POST /z'],
    among: [308],
  },
  { name: 'root', annotations: { 'app-root': '/ui' }, requests: ['GET /', 'GET /ui', 'GET /x'], among: [200, 302] },
  {
    name: 'names',
    annotations: { 'server-alias': 'alias.example.com', 'from-to-www-redirect': 'true' },
    requests: ['GET /a', 'GET /a @alias.example.com', 'GET /a?b=c @www.names.example.com'],
    among: [200, 308],
  },
  {
    name: 'origins',
    annotations: {
      'enable-cors': 'true',
      'cors-allow-origin': 'https://a.example, https://*.b.example',
      'cors-allow-methods': 'GET, PUT',
      'cors-allow-headers': 'X-A',
    },
    requests: [
      'GET / | Origin: https://a.example',
      'GET / | Origin: https://x.b.example',
      'GET / | Origin: https://evil.example',
      'OPTIONS / | Origin: https://a.example | Access-Control-Request-Method: PUT | Access-Control-Request-Headers: x-a',
    ],
    among: [200, 204],
  },
  {
    name: 'edits',
    annotations: {
      'upstream-vhost': 'internal.example',
      'configuration-snippet': 'proxy_set_header X-A b;\nmore_set_headers "X-C: d";',
    },
    requests: ['GET /', 'GET / | X-A: mine'],
    among: [200],
  },
  {
    name: 'passwords',
    annotations: { 'auth-type': 'basic', 'auth-secret': 'users', 'auth-realm': 'Back office' },
    requests: ['GET /', `GET / | ${LOGIN}`, 'GET / | Authorization: Basic eDp5'],
    among: [200, 401],
  },
  { name: 'outside', annotations: { 'whitelist-source-range': '192.0.2.0/24' }, requests: ['GET /'], among: [403] },
  { name: 'inside', annotations: { 'whitelist-source-range': '127.0.0.0/8' }, requests: ['GET /'], among: [200] },
  {
    name: 'sizes',
    annotations: { 'proxy-body-size': '10' },
    requests: ['POST / | Content-Length: 11', 'POST / | Content-Length: 0'],
    among: [200, 413],
  },
  { name: 'encrypted', hasTls: true, requests: ['GET /a', 'GET /a/b?c=d'], among: [308] },
  {
    name: 'canary',
    requests: ['GET / | X-Canary: always', 'GET / | X-Canary: never', 'GET /', 'GET / | Cookie: a=b; to=always'],
    among: [200],
  },
];

/** Requests of the Ingress `canary` with the header go elsewhere. */
const TAKES = { canary: 'true', 'canary-by-header': 'X-Canary', 'canary-by-cookie': 'to', 'canary-weight': '0' };

function ingressOf({ name, annotations = {}, paths = { '/': 'v1' }, hasTls }: Alike, own = name, seconds = 0): object {
  const host = `${name}.example.com`;
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([key, text]) => [NGINX + key, text]));
  return {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
    metadata: {
      ...{ name: own, namespace: 'default', annotations: prefixed },
      creationTimestamp: `2026-01-01T00:00:0${seconds}Z`,
    },
    spec: {
      ingressClassName: 'nginx',
      ...(hasTls && { tls: [{ hosts: [host], secretName: 'tls' }] }),
      rules: [
        {
          host,
          http: {
            paths: Object.entries(paths).map(([path, service]) => ({
              path: path.replace(/^= /, ''),
              pathType: path.startsWith('= ') ? 'Exact' : 'ImplementationSpecific',
              backend: { service: { name: service, port: { number: 80 } } },
            })),
          },
        },
      ],
    },
  };
}

const SHOWN = ['host', 'x-a', 'x-forwarded-prefix', 'authorization'] as const;

/** What a pod has seen is in its answer. */
async function pod(t: TestContext, name: string): Promise<RawUpstream> {
  return RawUpstream.start(t, async request => {
    await request.whole();
    const headers = SHOWN.map(header => `${header}: ${value(request.headers, header)}`);
    const { method, target } = request;
    await request.connection.send(answer(JSON.stringify({ name, method, target, headers })));
  });
}

const COMPARED = [
  'Location',
  'WWW-Authenticate',
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Credentials',
  'X-C',
];
const OF_PREFLIGHTS = ['Access-Control-Allow-Methods', 'Access-Control-Allow-Headers'];

async function send(to: Destination & { readonly port: number }, host: string, request: string) {
  const [line = '', ...headers] = request.split(' | ');
  const [method = '', target = '', other] = line.split(/ @?/);
  const length = headers.find(header => header.startsWith('Content-Length: '))?.slice('Content-Length: '.length) ?? '0';
  const head = [`${method} ${target} HTTP/1.1`, `Host: ${other ?? host}`, 'Connection: close', ...headers, '', ''];
  const [response] = parseResponses(await exchange(to, head.join('\r\n') + 'x'.repeat(Number(length))));
  assert.ok(response !== undefined, request);
  const { status, body } = response;
  // ingress-nginx sends them with every answer; they mean something in that to a preflight alone (Fetch standard).
  const headersNow = method === 'OPTIONS' ? [...COMPARED, ...OF_PREFLIGHTS] : COMPARED;
  const compared = headersNow.map(name => {
    const text = value(response.headers, name)?.replace(/^(https?:\/\/[^/:]+):\d+/, '$1');
    // An order of names means nothing.
    return name.startsWith('Access-Control') ? text?.split(/, */).sort().join(', ') : text;
  });
  return { status, body: status === 200 ? body : '', compared };
}

describe('an Ingress and the routes that are written for it', () => {
  it('answer the same requests alike', async t => {
    const pods = new Map([
      ['v1', await pod(t, 'v1')],
      ['v2', await pod(t, 'v2')],
    ]);
    const services = [...pods].flatMap(([name, { address }]) => serviceObjects(`default/${name}`, [address], {}));
    const canary = ingressOf(
      { name: 'canary', annotations: TAKES, paths: { '/': 'v2' }, requests: [], among: [] },
      'taking',
      1,
    );
    const ingresses = [...CASES.map(one => ingressOf(one)), canary];
    const others = [
      ...services,
      secret('users', { auth: HTPASSWD }),
      tlsSecret('tls', selfSigned({ names: ['encrypted.example.com'] })),
    ];
    const { manifests, report } = written([...ingresses, ...others]);
    assert.deepEqual(
      report.ingresses.filter(({ verdict }) => verdict === 'refused').map(({ name }) => name),
      [],
    );
    const ports = { 80: await serverPort(), 443: await serverPort() };
    const movable = JSON.parse(JSON.stringify(manifests)) as { spec: { listeners?: { port: 80 | 443 }[] } }[];
    for (const listener of movable.flatMap(({ spec }) => spec.listeners ?? []))
      Object.assign(listener, { port: ports[listener.port] });
    const gatewayClass = {
      ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'kube-entry' } },
      spec: { controllerName: 'kube-entry.io/gateway' },
    };
    const program = await ServingProgram.start(t, {
      manifests: [...others, ...ingresses, gatewayClass, ...movable],
      args: [
        ...['--ingress-class', 'nginx', '--gateway-controller', 'kube-entry.io/gateway'],
        ...['--gateway-addresses', '127.0.0.1', '--tls-listen', '127.0.0.1:0'],
      ],
    });
    const gateway = { host: '127.0.0.1', port: ports[80] };
    // Its port is opened a moment later than those of the settings.
    const first = () => send(gateway, 'plain.example.com', 'GET /').catch(() => undefined);
    await eventually('the Gateway', async () => (await first())?.status === 200);
    const differences: object[] = [];
    for (const { name, requests, among } of CASES) {
      const seen: number[] = [];
      for (const request of requests) {
        const host = `${name}.example.com`;
        const byIngress = await send(program.address, host, request);
        const byRoutes = await send(gateway, host, request);
        if (!isDeepStrictEqual(byIngress, byRoutes)) differences.push({ name, request, byIngress, byRoutes });
        seen.push(byIngress.status);
      }
      assert.deepEqual([...new Set(seen)].sort(), [...among], name);
    }
    assert.deepEqual(differences, []);
  });
});
