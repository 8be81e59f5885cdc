/**
 * What those may write who may write an Ingress: every annotation with what once became directives of nginx, alone and behind a value that
 * is right. Nothing of it is seen by a pod, by a service that annotations ask, or by a client, and a neighbour is served as before.
 */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { INGRESS_FEATURES } from '../../src/translate/ingress/annotations/features.ts';
import { eventually } from '../support/eventually.ts';
import type { RawResponse } from '../support/raw-client.ts';
import type { UpstreamRequest } from '../support/raw-upstream.ts';
import type { CaseIngress } from './case.ts';
import { IngressScene } from './scene.ts';

/** In each of the payloads. */
const MARK = 'kinject';

const PAYLOADS = [
  `\r\nX-Injected: ${MARK}`,
  `;\n}\nlocation /${MARK} { return 200 ${MARK}; }\n#`,
  // Their lower bytes are a line end.
  `\u010d\u010aX-Injected: ${MARK}`,
  `"; return 200 "${MARK}"; #`,
  `'${MARK}`,
  `}${MARK}`,
  `;${MARK}`,
  `#${MARK}`,
  `$(${MARK})`,
  `\`${MARK}\``,
  `\${${MARK}}`,
  `\0${MARK}`,
  `; alias /var/run/secrets/${MARK}/; content_by_lua_block { ngx.say("${MARK}") }`,
] as const;
/** These stand alone, too: the others are behind a value that is right. */
const ALONE = PAYLOADS.slice(0, 5);

/** Values that are right, around a text of their own that is seen: by them the test knows that it would see the others. */
const SEEN: Readonly<Record<string, (text: string) => string>> = {
  'auth-realm': text => text,
  'auth-signin': text => `https://login.test/?${text}=1`,
  'cors-allow-headers': text => `X-${text}`,
  'permanent-redirect': text => `https://a.test/${text}`,
  'session-cookie-path': text => `/${text}`,
  'upstream-vhost': text => `${text}.test`,
  'x-forwarded-prefix': text => `/${text}`,
  'auth-request-redirect': text => `/${text}`,
  'mirror-host': text => `${text}.test`,
};

/** Without these, the annotations whose names begin so do nothing. The most exact beginning counts. */
const COMPANIONS: readonly (readonly [beginning: string, annotations: Readonly<Record<string, string>>])[] = [
  ['auth-', { 'auth-url': 'http://{{auth}}/check' }],
  ['auth-cache', { 'auth-url': 'http://{{auth}}/check', 'auth-cache-key': '$http_x' }],
  ['auth-signin', { 'auth-url': 'http://{{refusing}}/check', 'auth-signin': 'https://login.test/' }],
  ['auth-realm', { 'auth-type': 'basic', 'auth-secret': 'users' }],
  ['auth-secret', { 'auth-type': 'basic' }],
  ['auth-tls', { 'auth-tls-secret': 'ca', 'auth-tls-verify-client': 'optional' }],
  ['auth-type', { 'auth-secret': 'users' }],
  ['canary-', { canary: 'true' }],
  ['cors-', { 'enable-cors': 'true' }],
  ['custom-http-errors', { 'default-backend': 'pages' }],
  ['mirror-', { 'mirror-target': 'http://{{mirror}}/$request_uri' }],
  ['proxy-redirect-', { 'proxy-redirect-from': 'http://a/', 'proxy-redirect-to': 'http://b/' }],
  ['proxy-ssl-', { 'proxy-ssl-secret': 'ca', 'backend-protocol': 'HTTPS' }],
  ['session-cookie-', { affinity: 'cookie' }],
  ['upstream-hash-', { 'upstream-hash-by': '$request_uri' }],
  ['x-forwarded-prefix', { 'rewrite-target': '/$1' }],
  ['limit-', { 'limit-rps': '100' }],
];

const ROWS = INGRESS_FEATURES.flatMap(({ rows }) => rows);

interface Attack {
  readonly host: string;
  readonly name: string;
  readonly value: string;
}

function named(attacks: readonly Omit<Attack, 'host'>[]): Attack[] {
  return attacks.map((attack, index) => ({ ...attack, host: `h${index}.evil.test` }));
}

/** Texts that become headers, inside of what a snippet may say. */
const IN_SNIPPETS = PAYLOADS.slice(0, 3).flatMap(text =>
  [
    `proxy_set_header Host "a${text}";`,
    `proxy_set_header X-A "$host${text}";`,
    `more_set_headers "X-A: $host${text}";`,
    `add_header X-A "a${text}";`,
    `return 302 "https://$host/${text}";`,
    `return 302 "https://a.test/${text}";`,
    `rewrite ^/(.*)$ "https://a.test/$1${text}" redirect;`,
    `rewrite ^/(.*)$ "/b/$1${text}" break;`,
    `if ($http_origin) { return 302 "https://a.test/${text}"; }`,
    `proxy_cookie_path / "/${text}";`,
    `proxy_redirect http://a/ "http://b/${text}";`,
  ].map(value => ({ name: 'configuration-snippet', value })),
);

const ATTACKS = named([
  ...IN_SNIPPETS,
  ...ROWS.flatMap(({ name, example }) =>
    [...ALONE, ...PAYLOADS.map(text => example + text)].map(value => ({ name, value })),
  ),
]);

function companionsOf(name: string): Readonly<Record<string, string>> {
  const [, found = {}] =
    COMPANIONS.filter(([beginning]) => name.startsWith(beginning)).toSorted(([a], [b]) => b.length - a.length)[0] ?? [];
  return found;
}

function ingressOf({ host, name, value }: Attack): CaseIngress {
  const annotations = { ...companionsOf(name), [name]: value };
  return {
    name: host,
    host,
    namespace: 'red',
    paths: { '/': 's' },
    annotations,
  };
}

const NEIGHBOUR = { host: 'good.test', paths: { '/': 'good', '/api': { service: 'good', type: 'Exact' as const } } };

function start(t: TestContext, attacks: readonly Attack[]): Promise<IngressScene> {
  const secret = (name: string, stringData: object) => ({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'red' }, stringData },
  });
  return IngressScene.start(t, {
    name: 'injections',
    // Whoever administers the entry has turned off what protects nginx.
    config: {
      'allow-snippet-annotations': 'true',
      'annotations-risk-level': 'Critical',
      'allow-cross-namespace-resources': 'true',
    },
    settings: { allowMissingWaf: true },
    ingresses: [NEIGHBOUR, ...attacks.map(ingressOf)],
    services: { 'red/pages': {}, auth: {}, mirror: {}, refusing: { answers: { status: '401 Unauthorized' } } },
    objects: [secret('users', { auth: 'foo:{SHA}Ys23Ag/5IOWqZCw9QGaVDdHwH00=' })],
    requests: [],
  });
}

/** What a client gets, and the pod, without what differs from request to request. */
async function answersOf(scene: IngressScene): Promise<readonly string[]> {
  const pod = scene.podsOf('good')[0];
  const asked = pod?.requests.length ?? 0;
  const answers: string[] = [];
  for (const target of ['/', '/api', '/api/x?y=%2F', '//a/../b', `/${MARK}`]) {
    const { raw } = await ask(scene, target, 'good.test');
    answers.push(raw.replace(/Date: .*/, ''));
  }
  const seen = (pod?.requests.slice(asked) ?? []).map(textOf);
  return [...answers, ...seen].map(text => text.replaceAll(/[0-9a-f]{32}/g, 'ID'));
}

async function ask({ proxy }: IngressScene, target: string, host: string): Promise<RawResponse> {
  const client = await proxy.connectInClear();
  await client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://o.test\r\n\r\n`);
  const response = await client.response();
  client.destroy();
  return response;
}

function textOf({ method, target, headers, body }: UpstreamRequest): string {
  return JSON.stringify([method, target, headers, body]);
}

/** What clients, pods and services that are asked see of the values. */
async function leaksOf(scene: IngressScene, attacks: readonly Attack[]): Promise<readonly string[]> {
  const leaks: string[] = [];
  for (const { host, name, value } of attacks) {
    const { raw } = await ask(scene, '/x?y=1', host);
    if (raw.toLowerCase().includes(MARK)) leaks.push(`${name} ${JSON.stringify(value)}: ${raw}`);
  }
  const pods = ['red/s', 'red/pages', 'auth', 'mirror', 'refusing'].flatMap(name => scene.podsOf(name));
  const asked = pods.flatMap(({ requests }) => requests.map(textOf));
  return [...leaks, ...asked.filter(text => text.toLowerCase().includes(MARK))];
}

it('no annotation of a tenant says more than its value: no directive, header or request comes of it', async t => {
  const before = await answersOf(await start(t, []));
  const scene = await start(t, ATTACKS);
  assert.deepEqual(await leaksOf(scene, ATTACKS), []);
  assert.deepEqual(await answersOf(scene), before);
});

it('what an annotation may say is seen where it says it', async t => {
  const marks = Object.entries(SEEN).map(([name, value]) => ({ name, mark: `${MARK}-${name}`, value }));
  const attacks = named(marks.map(({ name, mark, value }) => ({ name, value: value(mark) })));
  const scene = await start(t, attacks);
  // A mirror is asked a moment later.
  await eventually('each of them to be seen', async () => {
    const leaks = await leaksOf(scene, attacks);
    return marks.every(({ mark }) => leaks.some(text => text.includes(mark)));
  });
});
