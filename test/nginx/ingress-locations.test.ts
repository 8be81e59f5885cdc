/**
 * Paths of Ingresses beside nginx with the `location` blocks that ingress-nginx would write for them: which of them answers a request,
 * where a path without its slash is sent, and what goes upstream. The tables and requests are the same on each run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/seeded-random.ts';
import type { IngressCase } from '../ingress/case.ts';
import { IngressScene } from '../ingress/scene.ts';
import { needs } from '../support/installed.ts';
import { startNginx } from '../support/nginx.ts';
import { RawClient } from '../support/raw-client.ts';
import { value } from '../support/raw-message.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { DEFAULT, type HostPath, isTaken, serverBlock } from './ingress-blocks.ts';

const HOSTS = 40;
const REQUESTS = 60;
const SERVICES = ['s0', 's1', 's2', 's3'];

const PLAIN = [
  '/',
  '/foo',
  '/foo/',
  '/foo/bar',
  '/foo/bar/',
  '/Foo',
  '/foobar',
  '/a b',
  '/a%20b',
  '/x+y',
  '/foo/.well',
];
const PATTERNS = [
  ...[
    '/foo(/|$)(.*)',
    '/foo/?(.*)',
    '/(foo|bar)',
    '/foo|/bar',
    '/id/[0-9]+',
    '/id/[0-9]+$',
    '/[a-z]{3}/',
    '/f.o',
    '/foo/.*',
  ],
  ...['/x/((?!internal).*)', '/(.*)/bar', '/foo[^/]+$', '/\\w+/bar$', '/(?:foo|foo/bar)(?:/|$)'],
];
const PIECES = [
  ...[
    '/',
    '/',
    '/',
    'foo',
    'foo',
    'bar',
    'Foo',
    'FOO',
    'id',
    '1',
    '12',
    'x',
    '.',
    '..',
    '%2F',
    '%2f',
    '%2e',
    '%2E',
    '%66oo',
  ],
  ...['a b'.replace(' ', '%20'), 'a%2520b', '%3F', '%23', '+', '.well', 'internal', '\xe9', '%C3%A9', ';'],
];

const random = seededRandom(14);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const several = <T>(most: number, make: () => T): T[] => Array.from({ length: 1 + Math.floor(random() * most) }, make);

function anyPaths(isRegex: boolean): HostPath[] {
  const paths = several(6, (): HostPath => {
    const usesRegex = isRegex && random() < 0.7;
    const type = random() < 0.3 ? 'Exact' : 'Prefix';
    return { path: pick(usesRegex ? PATTERNS : PLAIN), type, service: pick(SERVICES), usesRegex };
  });
  return isTaken(paths) ? paths : anyPaths(isRegex);
}

/** Half of them begin like a path of the host. */
function anyTarget(paths: readonly HostPath[]): string {
  const start = random() < 0.5 ? pick(paths).path.replace(/[ (|[?*\\].*$/, '') : '/';
  const path = start + several(5, () => pick(PIECES)).join('');
  return random() < 0.2 ? `${path}?q=/..//%2F` : path;
}

/** The location that answers, or where it sends, and what went upstream. */
type Outcome = readonly [status: number, where: string, target: string];

class Asker {
  readonly #connect: () => Promise<RawClient>;
  #client: RawClient | undefined;

  constructor(connect: () => Promise<RawClient>) {
    this.#connect = connect;
  }

  async ask(host: string, target: string, seen: () => string): Promise<Outcome> {
    this.#client ??= await this.#connect();
    await this.#client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const { status, headers } = await this.#client.response();
    if (value(headers, 'Connection') === 'close') {
      this.#client.destroy();
      this.#client = undefined;
    }
    if (status === 301) return [status, value(headers, 'Location') ?? '', ''];
    const service = value(headers, 'X-Service')?.replace('default/', '');
    return service === undefined ? [status, '', ''] : [status, service, seen()];
  }
}

test('the location that answers is the one that answers in nginx', { timeout: 600_000, ...needs('nginx') }, async t => {
  const hosts = Array.from({ length: HOSTS }, (_, index) => ({
    name: `h${index}.test`,
    paths: anyPaths(index % 2 === 1),
  }));

  let seen = '';
  const upstream = await RawUpstream.start(t, async request => {
    await request.whole();
    seen = request.target;
    const service = value(request.headers, 'X-Leads-To') ?? '';
    await request.connection.send(answer('ok', `X-Service: ${service}\r\n`));
  });
  const { host, port } = upstream.address;
  const body = (service: string): string =>
    service === DEFAULT
      ? 'return 404;'
      : `proxy_pass http://${host}:${port}; proxy_http_version 1.1; proxy_set_header X-Leads-To ${service};`;
  const blocks = hosts.map(({ name, paths }) => serverBlock(name, paths, body));
  const nginx = await startNginx(t, { server: 'server_name _;', servers: blocks, errorPage: '' });
  const theirs = new Asker(() => RawClient.connect(nginx));

  const scene = await IngressScene.start(t, caseOf(hosts));
  const ours = new Asker(() => scene.proxy.connectInClear());

  let answered = 0;
  for (const { name, paths } of hosts) {
    for (let count = 0; count < REQUESTS; count += 1) {
      const target = anyTarget(paths);
      const expected = await theirs.ask(name, target, () => seen);
      const got = await ours.ask(name, target, () => scene.lastTarget);
      if (expected[0] === 200) answered += 1;
      if (isRefusedHereAlone(target) && got[0] === 400) continue;
      assert.deepEqual(got, expected, `${name} ${target} ${JSON.stringify(paths)}`);
    }
  }
  assert.ok(answered > (HOSTS * REQUESTS) / 4, `only ${answered} requests were answered by a location`);
});

/**
 * Dot segments lead above the root unless encoded slashes count as separators: `/a%2Fb/../..`. An upstream that does not decode them
 * would see a path above its root.
 */
function isRefusedHereAlone(target: string): boolean {
  return /%2f/i.test(target) && /(?:\.|%2e){2}/i.test(target);
}

function caseOf(hosts: readonly { readonly name: string; readonly paths: readonly HostPath[] }[]): IngressCase {
  return {
    name: 'beside nginx',
    requests: [],
    ingresses: hosts.flatMap(({ name, paths }) =>
      paths.map(({ path, type, service, usesRegex }) => ({
        host: name,
        paths: { [path]: { service, type } },
        annotations: { 'use-regex': usesRegex },
      })),
    ),
  };
}
