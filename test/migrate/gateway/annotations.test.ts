/** What becomes of each annotation of an Ingress on routes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { ingress } from '../dumps.ts';
import { remarks, specs, written } from './written.ts';

interface Case {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** By default `/`. */
  readonly path?: string;
  /** Of the first rule, in YAML. */
  readonly filters?: string;
  /** Of the route, behind their prefix. */
  readonly own?: Readonly<Record<string, string>>;
  /** What is said. */
  readonly said?: readonly RegExp[];
  /** Absent: there is a route. */
  readonly isLeftOut?: true;
}

const CASES: readonly Case[] = [
  { name: 'nothing', annotations: {} },
  {
    name: 'a prefix that goes',
    annotations: { 'rewrite-target': '/$2' },
    path: '/app(/|$)(.*)',
    filters: '[{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]',
    said: [/^differs rewrite-target: the path is no regular expression any more/],
  },
  {
    name: 'a rewrite with what a pattern has captured',
    annotations: { 'rewrite-target': '/$2/$1' },
    path: '/(a|b)/(.*)',
    own: { rewrite: '(?i)^/(a|b)/(.*) /$2/$1' },
  },
  {
    name: 'a prefix that the Service is told',
    annotations: { 'rewrite-target': '/$2', 'x-forwarded-prefix': '/app' },
    path: '/app(/|$)(.*)',
    filters: `[{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Forwarded-Prefix, value: /app}]}},
      {type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]`,
    said: [/^differs rewrite-target/],
  },
  {
    name: 'a redirect to one URL',
    annotations: { 'permanent-redirect': 'https://new.example:8443/x', 'permanent-redirect-code': '308' },
    filters: `[{type: RequestRedirect, requestRedirect: {scheme: https, hostname: new.example, port: 8443,
      path: {type: ReplaceFullPath, replaceFullPath: /x}, statusCode: 308}}]`,
    said: [/^differs permanent-redirect: the query of the request goes along/],
  },
  {
    name: 'a redirect to a URL with a query',
    annotations: { 'temporal-redirect': 'https://new.example/?from=old' },
    own: { redirect: 'https://new.example/?from=old 302' },
  },
  {
    name: 'a status that is no redirect',
    annotations: { 'permanent-redirect': 'https://new.example/', 'permanent-redirect-code': '300' },
    filters: `[{type: RequestRedirect, requestRedirect: {scheme: https, hostname: new.example,
      path: {type: ReplaceFullPath, replaceFullPath: /}, statusCode: 302}}]`,
    said: [/^differs permanent-redirect: the status is 302: .*; the query/],
  },
  {
    name: 'CORS for some origins',
    annotations: {
      'enable-cors': 'true',
      'cors-allow-origin': 'https://a.example, https://*.b.example:8443',
      'cors-allow-methods': 'GET, POST',
      'cors-allow-headers': 'X-A',
      'cors-expose-headers': 'X-B',
      'cors-max-age': '600',
    },
    filters: `[{type: CORS, cors: {allowOrigins: ["https://a.example", "https://*.b.example:8443"], allowMethods: [GET, POST],
      allowHeaders: [X-A], exposeHeaders: [X-B], allowCredentials: true, maxAge: 600}}]`,
  },
  {
    name: 'CORS for an origin of another scheme',
    annotations: {
      'enable-cors': 'true',
      'cors-allow-origin': 'https://a.example, tauri://localhost',
      'cors-allow-methods': 'GET',
      'cors-allow-headers': 'X-A',
      'cors-allow-credentials': 'false',
      'cors-max-age': '5',
    },
    filters:
      '[{type: CORS, cors: {allowOrigins: ["https://a.example"], allowMethods: [GET], allowHeaders: [X-A], maxAge: 5}}]',
    said: [/^unsupported cors-allow-origin: the origin tauri:\/\/localhost cannot be written/],
  },
  {
    name: 'CORS for all origins, which never have credentials',
    annotations: {
      'enable-cors': 'true',
      'cors-allow-methods': 'GET',
      'cors-allow-headers': 'X-A',
      'cors-max-age': '5',
    },
    filters: '[{type: CORS, cors: {allowOrigins: ["*"], allowMethods: [GET], allowHeaders: [X-A], maxAge: 5}}]',
    said: [/^differs enable-cors: credentials are not allowed to all origins/],
  },
  {
    name: 'limits',
    annotations: { 'limit-rps': '10', 'limit-connections': '4', 'limit-whitelist': '10.0.0.0/8' },
    own: { 'rate-limit': '10/s burst 51 per client', 'max-connections': '4' },
    said: [
      /^differs limit-rps: .* get 429, not 503/,
      /^differs limit-connections/,
      /^unsupported limit-whitelist: all clients/,
    ],
  },
  {
    name: 'two rates',
    annotations: { 'limit-rps': '10', 'limit-rpm': '100' },
    own: { 'rate-limit': '10/s burst 51 per client' },
    said: [/^differs limit-rps/, /^unsupported limit-rpm: one rate is written/],
  },
  {
    name: 'addresses',
    annotations: { 'whitelist-source-range': '10.0.0.0/8,192.0.2.7', 'denylist-source-range': '10.1.0.0/16' },
    own: { 'allow-from': '10.0.0.0/8, 192.0.2.7', 'deny-from': '10.1.0.0/16' },
  },
  {
    name: 'passwords',
    annotations: { 'auth-type': 'basic', 'auth-secret': 'users', 'auth-realm': 'Back office' },
    own: { 'basic-auth': 'users', 'basic-auth-realm': 'Back office' },
  },
  {
    name: 'an auth service',
    annotations: {
      'auth-url': 'http://auth.default.svc:4180/verify?host=$host',
      'auth-signin': 'https://login.example/start',
      'auth-response-headers': 'X-User',
      'auth-cache-key': '$http_authorization',
      'auth-cache-duration': '200 202 5m',
    },
    own: {
      'auth-url': 'http://auth.default.svc:4180/verify?host=$host',
      'auth-signin': 'https://login.example/start?rd=$scheme://$http_host$escaped_request_uri',
      'auth-response-headers': 'X-User',
      'auth-cache': '$http_authorization 200 202 5m',
    },
  },
  {
    name: 'an auth service whose headers get other names',
    annotations: {
      'auth-url': 'http://auth.default.svc:4180/verify',
      'configuration-snippet': 'auth_request_set $user $upstream_http_x_user; proxy_set_header X-Remote $user;',
    },
    said: [
      /^refused configuration-snippet: .*headers of the auth service’s answer get other names.*routes are not written/,
    ],
    isLeftOut: true,
  },
  {
    name: 'one of two ways in',
    annotations: {
      satisfy: 'any',
      'auth-type': 'basic',
      'auth-secret': 'users',
      'whitelist-source-range': '10.0.0.0/8',
    },
    said: [/^refused satisfy: .*its routes are not written, because they would be served without it/],
    isLeftOut: true,
  },
  {
    name: 'a value that denies its locations',
    annotations: { 'whitelist-source-range': 'nonsense' },
    said: [/^refused whitelist-source-range: .*; its routes are not written, because requests are refused today/],
    isLeftOut: true,
  },
  {
    name: 'another Host',
    annotations: { 'upstream-vhost': 'internal.example' },
    filters: '[{type: URLRewrite, urlRewrite: {hostname: internal.example}}]',
  },
  {
    name: 'a Host that is another for each request',
    annotations: { 'upstream-vhost': '$http_x_tenant.example' },
    said: [/^unsupported upstream-vhost: the Host for the Service is a host name/],
  },
  {
    name: 'headers of a snippet',
    annotations: { 'configuration-snippet': 'proxy_set_header X-A b;\nmore_set_headers "X-C: d";' },
    filters: `[{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-A, value: b}]}},
      {type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: X-C, value: d}]}}]`,
    said: [/^differs configuration-snippet/],
  },
  {
    name: 'a refusal in a snippet',
    annotations: { 'configuration-snippet': 'return 403;' },
    said: [/^refused configuration-snippet: .*no route says: its routes are not written/],
    isLeftOut: true,
  },
  {
    name: 'copies for a Service',
    annotations: { 'mirror-target': 'http://shadow.shop.svc:8080' },
    filters: '[{type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 8080}}}]',
    said: [/^differs mirror-target: copies have the Host of the request/],
  },
  {
    name: 'copies for another host',
    annotations: { 'mirror-target': 'https://shadow.example' },
    said: [/^unsupported mirror-target: copies of requests go to Services of the cluster alone/],
  },
  {
    name: 'statuses that send a request to another pod',
    annotations: { 'proxy-next-upstream': 'error http_503 http_504 non_idempotent' },
    own: { retry: '1 on 503,504 non-idempotent' },
  },
  {
    name: 'limits of time and size',
    annotations: { 'proxy-read-timeout': '3600', 'proxy-connect-timeout': '3', 'proxy-body-size': '50m' },
    own: { 'connect-timeout': '3s', 'read-timeout': '60m', 'max-body-size': '50m' },
  },
  {
    name: 'clients that stay with a pod',
    annotations: { affinity: 'cookie', 'session-cookie-name': 'SID', 'session-cookie-max-age': '60' },
    said: [/^unsupported affinity: how requests are spread over pods is said by the Service/],
  },
  {
    name: 'a Service that speaks TLS',
    annotations: { 'backend-protocol': 'HTTPS' },
    said: [/^unsupported backend-protocol: a BackendTLSPolicy always verifies certificates/],
  },
  {
    name: 'what a Service says of itself',
    annotations: { 'proxy-cookie-domain': 'a.example b.example' },
    said: [/^unsupported proxy-cookie-domain: cookies and Location of the Service go out as they are/],
  },
  {
    name: 'no line in the log',
    annotations: { 'enable-access-log': 'false' },
    said: [/^unsupported enable-access-log: its requests are logged/],
  },
  {
    name: 'what ingress-nginx ignores',
    annotations: { 'secure-backends': 'true' },
    said: [/^dead secure-backends/],
  },
];

describe('annotations of Ingresses become filters and annotations of HTTPRoutes, or are told', () => {
  for (const { name, annotations, path = '/', filters, own = {}, said = [], isLeftOut } of CASES) {
    it(name, () => {
      const migration = written([ingress('web', { annotations, paths: { [path]: 'web' } })]);
      const [route] = migration.manifests.filter(({ kind }) => kind === 'HTTPRoute');
      const told = remarks(migration);
      assert.equal(told.length, said.length, told.join('\n'));
      for (const [index, pattern] of said.entries()) assert.match(told[index] ?? '', pattern);
      assert.equal(route === undefined, isLeftOut === true);
      if (isLeftOut) return;
      const [spec] = specs(migration, 'HTTPRoute') as { readonly rules: readonly { readonly filters?: unknown }[] }[];
      assert.deepEqual(spec?.rules[0]?.filters, filters === undefined ? undefined : parse(filters));
      const prefixed = Object.fromEntries(Object.entries(own).map(([key, value]) => [`kube-entry.io/${key}`, value]));
      assert.deepEqual(route?.metadata.annotations ?? {}, prefixed);
    });
  }
});
