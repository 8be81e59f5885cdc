/** Snippets of public manifests, and what becomes of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderEdit, Policy, ReturnPolicy } from '../../src/model/policy.ts';
import { GOOD_STATUSES } from '../../src/translate/ingress/snippets/header-directives.ts';
import { type OneIngress, translateOne } from './one-ingress.ts';

const set = (name: string, value: string): HeaderEdit => ({ op: 'set', name, value });
const remove = (name: string): HeaderEdit => ({ op: 'remove', name, value: '' });
const response = (...edits: HeaderEdit[]): Policy => ({ kind: 'response-headers', edits });
const request = (...edits: HeaderEdit[]): Policy => ({ kind: 'request-headers', edits });
const variable = (name: string) => ({ variable: name });
const uri = [variable('decoded_uri')];
const denied = (more: Partial<ReturnPolicy> = {}): Policy => ({ kind: 'return', status: 403, ...more });

/** The kinds that are found most often, first. */
const READ: readonly [what: string, text: string, policies: readonly Policy[]][] = [
  [
    'security headers by headers-more',
    `more_set_headers "X-Frame-Options: SAMEORIGIN";
     more_set_headers "X-XSS-Protection: 1; mode=block" 'Referrer-Policy: no-referrer';
     more_clear_headers "Server" "X-Powered-By";`,
    [
      response(
        set('X-Frame-Options', 'SAMEORIGIN'),
        set('X-XSS-Protection', '1; mode=block'),
        set('Referrer-Policy', 'no-referrer'),
        remove('Server'),
        remove('X-Powered-By'),
      ),
    ],
  ],
  [
    'headers of requests',
    `proxy_set_header X-Forwarded-Proto https;
     proxy_set_header X-Real-IP $remote_addr;
     proxy_set_header Accept-Encoding "";
     proxy_set_header Upgrade $http_upgrade;
     proxy_set_header Connection "upgrade";
     proxy_http_version 1.1;`,
    [
      request(
        set('X-Forwarded-Proto', 'https'),
        { op: 'set', name: 'X-Real-IP', value: '', text: [variable('remote_addr')] },
        remove('Accept-Encoding'),
      ),
    ],
  ],
  [
    'HSTS, on errors too, and a header on good answers alone',
    `add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
     add_header X-Good $host;`,
    [
      response(
        { op: 'add', name: 'Strict-Transport-Security', value: 'max-age=31536000; includeSubDomains' },
        { op: 'add', name: 'X-Good', value: '', text: [variable('host')], statuses: GOOD_STATUSES },
      ),
    ],
  ],
  [
    'a redirect of all requests',
    'return 301 https://$host$request_uri;',
    [{ kind: 'return', status: 301, location: ['https://', variable('host'), variable('request_uri')] }],
  ],
  [
    'a redirect of one path',
    'rewrite ^/$ /admin permanent;\nrewrite ^/old/(.*)$ https://new.example/$1 redirect;',
    [
      { kind: 'redirect', pattern: '^/$', target: '/admin', status: 301, isDecoded: true },
      { kind: 'redirect', pattern: '^/old/(.*)$', target: 'https://new.example/$1', status: 302, isDecoded: true },
    ],
  ],
  [
    'a redirect of one host',
    'if ($host = "old.example") { return 301 https://new.example$request_uri; }',
    [
      {
        ...{ kind: 'return', status: 301, location: ['https://new.example', variable('request_uri')] },
        when: { subject: [variable('host')], test: { equals: 'old.example' }, isNegated: false },
      },
    ],
  ],
  [
    'a robot that is kept out',
    'if ($http_user_agent ~* (bot|crawler)) {\n  return 403;\n}',
    [
      denied({
        when: {
          subject: [variable('http_user_agent')],
          test: { pattern: '(bot|crawler)', ignoresCase: true },
          isNegated: false,
        },
      }),
    ],
  ],
  [
    'a method that is refused',
    'if ($request_method !~ ^(GET|HEAD|POST)$ ) { return 405; }',
    [
      {
        ...{ kind: 'return', status: 405 },
        when: {
          subject: [variable('request_method')],
          test: { pattern: '^(GET|HEAD|POST)$', ignoresCase: false },
          isNegated: true,
        },
      },
    ],
  ],
  [
    'addresses',
    'allow 10.0.0.0/8;\nallow 192.168.1.1;\ndeny all;',
    [{ kind: 'allow-from', ranges: ['10.0.0.0/8', '192.168.1.1'] }],
  ],
  [
    'no caching',
    'more_set_headers "Cache-Control no-cache";\nmore_set_headers "Cache-Control: no-store";\nexpires 30d;',
    [
      response(set('Cache-Control', 'no-store'), {
        ...set('Cache-Control', 'max-age=2592000'),
        statuses: GOOD_STATUSES,
      }),
    ],
  ],
  ['attributes of cookies', 'proxy_cookie_path / "/; HTTPOnly; Secure";', [cookiePath('/', '/; HTTPOnly; Secure')]],
  [
    'a header of requests by headers-more',
    'more_set_input_headers "from-ingress: true";',
    [request(set('from-ingress', 'true'))],
  ],
  [
    'what needs nothing done',
    'proxy_buffering off;\nchunked_transfer_encoding off;\nlarge_client_header_buffers 4 32k;',
    [],
  ],
  ['compression', 'gzip on;\ngzip_types text/css;', [{ kind: 'compress', codings: ['gzip'] }]],
  [
    'a path within the Service',
    'rewrite ^/app/(.*)$ /$1 break;',
    [{ kind: 'rewrite', pattern: '^/app/(.*)$', target: '/$1', isDecoded: true }],
  ],
];

function cookiePath(from: string, to: string): Policy {
  return { kind: 'upstream-names', cookieDomains: [], cookiePaths: [{ from: { text: from }, to }], redirects: [] };
}

describe('configuration-snippet', () => {
  for (const [what, text, policies] of READ) {
    it(`does what it says: ${what}`, () => {
      const { route, told } = translateOne({ 'configuration-snippet': text });
      assert.deepEqual(route.policies ?? [], policies);
      assert.deepEqual(told, ['Differs configuration-snippet']);
    });
  }

  it('sets limits, the Host and the log', () => {
    const { route } = translateOne({
      'configuration-snippet':
        'client_max_body_size 10m; proxy_read_timeout 3600; proxy_send_timeout 1m; proxy_set_header Host x.$host; access_log off;',
    });
    const { maxBodySize, readTimeoutMs, sendTimeoutMs } = route.overrides;
    assert.deepEqual([maxBodySize, readTimeoutMs, sendTimeoutMs], [10_485_760, 3_600_000, 60_000]);
    assert.deepEqual(route.ingress?.upstreamHost, ['x.', variable('host')]);
    assert.equal(route.ingress?.isLogged, false);
  });

  it('says in one warning what is done, and what is not', () => {
    const { diagnostics } = translateOne({
      'configuration-snippet': 'more_set_headers "X-A: b"; proxy_buffering off;',
    });
    assert.deepEqual(
      diagnostics.map(({ message }) => message),
      [
        'nginx.ingress.kubernetes.io/configuration-snippet: it is not run, but what it says is done (more_set_headers); proxy_buffering needs nothing done here',
      ],
    );
  });

  it('comes before the redirect of an annotation, and keeps its own order', () => {
    const { route } = translateOne({
      'configuration-snippet': 'rewrite ^/a$ /b permanent; return 301 https://x.example;',
      'permanent-redirect': 'https://y.example',
    });
    assert.deepEqual(
      route.policies?.map(({ kind }) => kind),
      ['redirect', 'return', 'return'],
    );
  });

  it('are told all that is wrong with them at once: a fault of several lines once, and none that follows from another', () => {
    const { diagnostics } = translateOne({
      'configuration-snippet':
        'rewrite ^/a /b;\nadd_header X y;\nrewrite ^/c /d;\nset $user bob;\nproxy_set_header X-User $user;\nsub_filter a b;',
    });
    const [, why = ''] = /configuration-snippet: (.*); until/.exec(diagnostics[0]?.message ?? '') ?? [];
    assert.deepEqual(
      why.split('; ').filter(text => text.startsWith('line')),
      [
        'lines 1, 3: a rewrite without redirect, permanent or break looks for another location: write rewrite-target, or a rule with the path',
        'line 4: "set" cannot be done here: write the text itself where the variable stands',
        'line 6: "sub_filter" cannot be done here: write the change in the Service: bodies are passed on as they are',
      ],
    );
    const many = translateOne({
      'configuration-snippet': ['set $a 1;', ...Array.from({ length: 9 }, (_, index) => `nothing_${index};`)].join(
        '\n',
      ),
    });
    assert.match(many.diagnostics[0]?.message ?? '', /^[^;]*line 1: .*line 4: [^;]*; and 6 more; until/);
    const alike = translateOne({ 'configuration-snippet': 'sub_filter a b;\n'.repeat(500) });
    assert.match(alike.diagnostics[0]?.message ?? '', /lines 1, 2, 3, 4, 5, 6 and 494 more: "sub_filter"/);
  });

  /** What is said of them; each answers 503. */
  const REFUSED: readonly [text: string, why: RegExp][] = [
    ['\n\nsub_filter a b;', /line 3: "sub_filter" cannot be done here: write the change in the Service/],
    ['auth_request /auth;', /line 1: .*the annotation auth-url/],
    ['auth_request_set $user $upstream_http_x_user; proxy_set_header X-User $user;', /write the annotation auth-url/],
    ['auth_request_set $user $upstream_cookie_user;', /only "auth_request_set \$NAME \$upstream_http_HEADER" is read/],
    [
      'auth_request_set $user $upstream_http_x_user;\nproxy_set_header X-User "u $user";',
      /line 2: \$user is no variable/,
    ],
    [
      'auth_request_set $n $upstream_http_x_n;\nproxy_set_header Content-Length-X "a"; proxy_set_header Host $n;',
      /\$n is no/,
    ],
    ['location /x { deny all; }', /a location stands in a server-snippet alone/],
    ['set $x 1;', /"set" cannot be done here/],
    ['content_by_lua_block { ngx.say("x"); }', /line 1: "content_by_lua_block" runs code/],
    [
      '# a\nmore_set_headers "A: b";\naccess_by_lua_block {\n  if a then b() end\n}',
      /line 3: "access_by_lua_block" runs/,
    ],

    ['rewrite_by_lua_file /etc/passwd;', /runs code/],
    ['more_set_header "X: y";', /did you mean more_set_headers\?/],
    ['more_clear_headers "X-*";', /write each of them/],
    ['more_set_headers -t text/html "X: y";', /the option "-t" is not supported/],
    ['add_header X "$ssl_client_s_dn";', /\$ssl_client_s_dn is no variable/],
    ['add_header X "a\\nSet-Cookie: b";', /a character that headers cannot carry/],
    ['add_header "X: y" z;', /no name of a header/],
    ['add_header Content-Length 0;', /Content-Length cannot be changed/],
    ['proxy_set_header Transfer-Encoding-X "a\\r\\nb";', /a character that headers cannot carry/],
    [`add_header X ${'x'.repeat(5_000)};`, /longer than 4096/],
    ['return 301 $arg_next;', /must be a URL/],
    ['return 301 //evil.example;', /must be a URL/],
    ['return 200 "hello $arg_name";', /can hold no variables/],
    ['return 600;', /no status/],
    ['rewrite ^/(.*)$ https://$1/ permanent;', /host has no groups/],
    ['rewrite ^/(.*)$ https://$host/$1 permanent;', /both groups and variables/],
    ['rewrite ^/a /b;', /looks for another location/],
    ['rewrite (?<=a)b /c permanent;', /looking behind is not supported/],
    ['if (-f $request_filename) { return 403; }', /the condition .* is not read/],
    ['if ($host = a) { set $x 1; }', /in an if, only return is read/],
    ['deny 1.2.3.4; allow 10.0.0.0/8; deny all;', /cannot be mixed/],
    ['allow nonsense; deny all;', /nonsense/],
    ['modsecurity on;', /web application firewall/],
    ['add_header X "unbalanced;', /line 1: the quote " has no end/],
    ['a;'.repeat(512 * 1_024), /characters are more than/],
    ['proxy_read_timeout 99999999999;', /no time/],
    ['client_max_body_size lots;', /no size/],
  ];
  for (const [text, why] of REFUSED) {
    it(`answers 503 for ${JSON.stringify(text).slice(0, 50)}`, () => {
      const { route, told, diagnostics } = translateOne({ 'configuration-snippet': text });
      assert.deepEqual(told, ['AnnotationParsingFailed configuration-snippet']);
      assert.match(diagnostics[0]?.message ?? '', why);
      assert.equal(route.policies?.[0]?.kind, 'unavailable');
      assert.match(diagnostics[0]?.message ?? '', /^[^\x00-\x1f\x7f]{1,999}$/);
    });
  }
});

describe('server-snippet', () => {
  const LOCATIONS: readonly [text: string, policy: Policy][] = [
    [
      'location ~* /actuator { deny all; return 403; }',
      denied({ when: { subject: uri, test: { pattern: '/actuator', ignoresCase: true }, isNegated: false } }),
    ],
    [
      'location = /robots.txt { return 200 "User-agent: *"; }',
      {
        ...denied({ when: { subject: uri, test: { equals: '/robots.txt' }, isNegated: false } }),
        status: 200,
        body: 'User-agent: *',
      } as Policy,
    ],
    [
      'location /metrics.x { deny all; }',
      denied({ when: { subject: uri, test: { pattern: '^/metrics\\.x', ignoresCase: false }, isNegated: false } }),
    ],
    [
      'if ($request_uri = /robots.txt) { return 444; }',
      denied({ when: { subject: [variable('request_uri')], test: { equals: '/robots.txt' }, isNegated: false } }),
    ],
  ];
  for (const [text, policy] of LOCATIONS) {
    it(`reads ${text}`, () => assert.deepEqual(translateOne({ 'server-snippet': text }).route.policies, [policy]));
  }

  it('answers 503 for a location that does more', () => {
    const { diagnostics } = translateOne({
      'server-snippet': 'location /auth {\n internal;\n proxy_pass http://x;\n}',
    });
    assert.match(
      diagnostics[0]?.message ?? '',
      /line 1: in a location, only return and "deny all" are read: "internal"/,
    );
  });
});

describe('protections that cannot be had', () => {
  const DENIED: readonly [annotations: Readonly<Record<string, string>>, told: string][] = [
    [{ 'enable-modsecurity': 'true' }, 'AnnotationParsingFailed enable-modsecurity'],
    [{ 'enable-owasp-core-rules': 'true' }, 'AnnotationParsingFailed enable-owasp-core-rules'],
    [{ 'modsecurity-snippet': 'SecRuleEngine On' }, 'AnnotationParsingFailed modsecurity-snippet'],
    [{ 'auth-snippet': 'proxy_set_header X y;' }, 'AnnotationParsingFailed auth-snippet'],
  ];
  for (const [annotations, expected] of DENIED) {
    it(`answer 503: ${JSON.stringify(annotations)}`, () => {
      const { route, told } = translateOne(annotations);
      assert.deepEqual([told, route.policies?.[0]?.kind], [[expected], 'unavailable']);
    });
  }

  it('answer 503 where the ConfigMap asks for them, and the annotation does not turn them off', () => {
    const asked: OneIngress = { config: { enableModsecurity: true } };
    assert.equal(translateOne({}, asked).route.policies?.[0]?.kind, 'unavailable');
    assert.equal(translateOne({ 'enable-modsecurity': 'false' }, asked).route.policies, undefined);
  });

  it('are left out where the program is told so, and said', () => {
    const options: OneIngress = { options: { allowMissingWaf: true } };
    const { route, told } = translateOne({ 'enable-modsecurity': 'true' }, options);
    assert.deepEqual([told, route.policies], [['Differs enable-modsecurity'], undefined]);
    assert.equal(translateOne({ 'enable-modsecurity': 'false' }).route.policies, undefined);
  });
});
