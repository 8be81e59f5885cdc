/**
 * What ingress-nginx writes into a location for its annotations, asked of a real nginx beside the policies that the annotations become: the
 * same bytes have to lead to the same request of the upstream, or to the same Location, but for what is named here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { readSnippet } from '../../src/translate/ingress/snippets/read-snippet.ts';
import { header } from '../support/exchange.ts';
import { needs } from '../support/installed.ts';
import { startNginx } from '../support/nginx.ts';
import { ERROR_PAGE, startProxy } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';

interface Comparison {
  readonly name: string;
  /** What stands in the location of nginx before its proxy_pass. */
  readonly location: string;
  readonly policies: readonly Policy[];
  /** By target: what is different here, and undefined where nothing is. */
  readonly targets: Readonly<Record<string, string | undefined>>;
}

const rewrite = (pattern: string, target: string): Pick<Comparison, 'location' | 'policies'> => ({
  location: `rewrite "${pattern}" ${target} break;`,
  policies: [{ kind: 'rewrite', pattern, target, isDecoded: true }],
});

const snippet = (text: string): Pick<Comparison, 'location' | 'policies'> => ({
  location: text,
  policies: readSnippet(text, 'location').toIngressEffect().policies ?? [],
});

const COMPARISONS: readonly Comparison[] = [
  {
    name: 'a path that is stripped',
    ...rewrite('(?i)/app(/|$)(.*)', '/new/$2'),
    targets: {
      '/app': undefined,
      // nginx drops a question mark with nothing behind it.
      '/app?': '/new/?',
      '/APP/Q?a=b&c=%2F': undefined,
      '/app/a%2Fb': undefined,
      '/app/a%20b': undefined,
      '/app//b': undefined,
      '/app/x/../y/./z': undefined,
      '/app/a"b<c>d\\e^f`g{h|i}': undefined,
      '/app/\xc3\xa9%c3%a9': undefined,
      '/app/%25%3f%23%26': undefined,
      "/app/a;b=c&d,e!f$g'(h)*i@j:k+[]~": undefined,
      '/app/%7f%01': undefined,
      '/xapp/y': undefined,
      '/other?x': undefined,
      // A dot does not take a line end in nginx.
      '/app/a%0ab': '/new/a%0Ab',
      '/app/a%0d%0ab': '/new/a%0D%0Ab',
    },
  },
  {
    name: 'a path that becomes one of two groups, in the other order',
    ...rewrite('(?i)/([a-z]+)/([0-9]+)', '/$2/$1/$3'),
    targets: { '/item/7': undefined, '/ITEM/7/x': undefined, '/x/y/z9/10': undefined },
  },
  {
    name: 'a group that is the whole path',
    ...rewrite('(?i)/e(.*)', '$1'),
    targets: {
      '/e/x': undefined,
      '/e': undefined,
      // nginx sends what is no request line.
      '/ex': '500',
    },
  },
  {
    name: 'a redirect of a path',
    ...snippet('rewrite ^/old/(.*)$ https://new.example/$1 permanent;'),
    targets: {
      '/old/x?q=1': undefined,
      '/old/a%20b%2Fc': undefined,
      '/old/%c3%a9%25': undefined,
      '/OLD/x': undefined,
      '/old/': undefined,
      '/old/a"b': '301 https://new.example/a%22b',
    },
  },
  {
    name: 'a redirect of all',
    ...snippet('return 302 https://$host$request_uri;'),
    targets: { '/': undefined, '/a%20b?c=%0d': undefined, '//a/../b': undefined, '/a?': undefined },
  },
  {
    name: 'a redirect to a path',
    ...snippet('return 301 /there?a=b;'),
    targets: { '/': undefined, '/x?y': undefined },
  },
  {
    name: 'conditions',
    ...snippet(
      'if ($uri ~* ^/ADMIN) { return 403; } if ($args = x=1) { return 404; } if ($arg_y) { return 410; } if ($request_method != GET) { return 405; }',
    ),
    targets: {
      '/admin/x': undefined,
      '/%61dmin': undefined,
      '/a%2F..%2Fadmin': undefined,
      '/?x=1': undefined,
      '/?x=1&': undefined,
      '/?y=0': undefined,
      '/?y=00': undefined,
      '/?y=': undefined,
      '/ok': undefined,
    },
  },
  {
    name: 'words in quotes',
    ...snippet(
      `if ($arg_q = 'a"b') { return 403; } if ($arg_q ~ "^x\\d{2}$") { return 404; } if ($arg_q = "c\\"d"){return 410;}`,
    ),
    targets: { '/?q=a"b': undefined, '/?q=x12': undefined, '/?q=x123': undefined, '/?q=c"d': undefined },
  },
];

for (const { name, location, policies, targets } of COMPARISONS) {
  test(`nginx and a location of an Ingress: ${name}`, { timeout: 600_000, ...needs('nginx') }, async t => {
    const theirs = await RawUpstream.start(t, answering(answer('ok', 'Connection: close\r\n')));
    const { host, port } = theirs.address;
    const server = `port_in_redirect off; location / { ${location} proxy_set_header Host $http_host; proxy_pass http://${host}:${port}; }`;
    const nginx = await startNginx(t, { server, errorPage: ERROR_PAGE });
    const ours = await RawUpstream.start(t);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/', to: ours, policies }] });
    for (const [target, different] of Object.entries(targets)) {
      await t.test(target, async () => {
        const [expected, got] = await Promise.all([
          outcome(nginx, theirs, target),
          outcome(proxy.address, ours, target),
        ]);
        assert.equal(got, different ?? expected);
        if (different !== undefined) assert.notEqual(got, expected, 'nginx does the same');
      });
    }
  });
}

/** Lines of an upstream, and what becomes of them. */
const NAMES: readonly (readonly [location: string, lines: readonly string[]])[] = [
  [
    'proxy_cookie_domain in.test out.test; proxy_cookie_path /one/ /two/;',
    [
      'Set-Cookie: sid=1; Domain=in.test; Path=/one/x',
      'Set-Cookie: sid=1; domain=.IN.TEST; path=/One/x',
      'Set-Cookie: sid=1; Domain=x.in.test; Path=/one',
      'Set-Cookie: a=1;Domain=in.test;Path=/one/;HttpOnly',
      'Set-Cookie: x=domain=in.test; Path= /one/a=b',
    ],
  ],
  [
    'proxy_cookie_path / "/; HttpOnly; Secure";',
    ['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=1', 'Set-Cookie: c=1; Path=/x'],
  ],
  [
    'proxy_cookie_domain ~in.test out.test; proxy_cookie_path ~*/ONE /two;',
    ['Set-Cookie: sid=1; Domain=x.in.test; Path=/one/x', 'Set-Cookie: sid=1; Path=/other'],
  ],
  [
    'proxy_redirect http://in.test/ https://out.test/;',
    ['Location: http://in.test/a', 'Refresh: 5; url=http://in.test/b'],
  ],
  ['proxy_redirect http://in.test/ https://out.test/;', ['Location: http://IN.test/a', 'Refresh: 5; url=/b']],
  ['proxy_redirect ~in.test https://out.test/;', ['Location: http://in.test/a', 'Refresh: 0;url=https://in.test']],
];

for (const [location, lines] of NAMES) {
  test(`nginx and a location of an Ingress: ${location} ${lines[0]}`, {
    timeout: 600_000,
    ...needs('nginx'),
  }, async t => {
    const text = lines.map(line => `${line}\r\n`).join('');
    const theirs = await RawUpstream.start(t, answering(answer('ok', `${text}Connection: close\r\n`)));
    const ours = await RawUpstream.start(t, answering(answer('ok', text)));
    const { host, port } = theirs.address;
    const server = `location / { ${location} proxy_pass http://${host}:${port}; }`;
    const nginx = await startNginx(t, { server, errorPage: ERROR_PAGE });
    const { policies } = snippet(location);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/', to: ours, policies }] });
    const [expected, got] = await Promise.all([nginx, proxy.address].map(address => namesFrom(address)));
    assert.deepEqual(got, expected);
  });
}

async function namesFrom(address: RawUpstream['address']): Promise<string[][]> {
  const client = await RawClient.connect(address);
  await client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
  const response = await client.response();
  return ['set-cookie', 'location', 'refresh'].map(name => header(response, name));
}

/** The target of the request that the upstream has got, else the status and the Location of the answer. */
async function outcome(address: RawUpstream['address'], upstream: RawUpstream, target: string): Promise<string> {
  const before = upstream.requests.length;
  const client = await RawClient.connect(address);
  await client.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: test\r\n\r\n`, 'latin1'));
  const response = await client.response();
  const [request] = upstream.requests.slice(before);
  if (request !== undefined) return request.target;
  return [response.status, ...header(response, 'location')].join(' ');
}
