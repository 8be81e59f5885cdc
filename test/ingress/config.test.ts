import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CONFIG_ROWS,
  DEFAULT_INGRESS_CONFIG,
  readIngressConfig,
} from '../../src/translate/ingress/config/config-table.ts';
import type { IngressConfig } from '../../src/translate/ingress/config/ingress-config.ts';

/** The keys that change what users see, as ingress-nginx 1.15 documents them. */
const KEYS = `
use-forwarded-headers enable-real-ip forwarded-for-header compute-full-forwarded-for proxy-real-ip-cidr use-proxy-protocol
proxy-add-original-uri-header generate-request-id use-gzip gzip-level gzip-min-length gzip-types enable-brotli brotli-level
brotli-min-length keep-alive keep-alive-requests upstream-keepalive-connections upstream-keepalive-timeout
upstream-keepalive-requests upstream-keepalive-time client-header-timeout client-body-timeout client-header-buffer-size
large-client-header-buffers worker-shutdown-timeout max-worker-connections server-tokens allow-backend-server-header
hide-headers add-headers proxy-set-headers enable-underscores-in-headers ignore-invalid-headers log-format-upstream
log-format-escape-json skip-access-log-urls disable-access-log relative-redirects disable-ipv6 default-type ssl-protocols
ssl-ciphers ssl-session-tickets ssl-session-cache ssl-session-cache-size ssl-session-timeout hsts hsts-max-age
hsts-include-subdomains hsts-preload ssl-redirect force-ssl-redirect http-redirect-code ssl-reject-handshake use-http2
no-tls-redirect-locations no-auth-locations proxy-body-size proxy-connect-timeout proxy-read-timeout proxy-send-timeout
proxy-buffering proxy-request-buffering proxy-buffer-size proxy-next-upstream proxy-next-upstream-tries retry-non-idempotent
limit-req-status-code limit-conn-status-code whitelist-source-range denylist-source-range block-cidrs block-user-agents
block-referers service-upstream load-balance custom-http-errors allow-snippet-annotations annotations-risk-level
allow-cross-namespace-resources strict-validate-path-type annotation-value-word-blocklist
global-auth-url global-auth-method global-auth-signin global-auth-signin-redirect-param global-auth-response-headers
global-auth-request-redirect global-auth-snippet global-auth-cache-key global-auth-cache-duration global-auth-always-set-cookie
`.match(/\S+/g) as string[];

const read = (data: Readonly<Record<string, string>>) => readIngressConfig(new Map(Object.entries(data)));

describe('the table of the keys of the ConfigMap', () => {
  it('has every key once', () => {
    const names = CONFIG_ROWS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      KEYS.filter(key => !names.includes(key)),
      [],
    );
  });

  it('says of each key that it works and how, or why it does not', () => {
    for (const { name, support, help, read: reads, why } of CONFIG_ROWS) {
      const isWorking = support === 'works';
      assert.equal(reads !== undefined, isWorking, name);
      assert.equal(help !== '', isWorking, name);
      assert.equal(why === undefined, isWorking, name);
    }
  });

  it('reads every default of its own without a remark, and to the same values', () => {
    const data = Object.fromEntries(CONFIG_ROWS.map(({ name, fallback }) => [name, fallback]));
    assert.deepEqual(read(data), { config: DEFAULT_INGRESS_CONFIG, remarks: [] });
    assert.deepEqual(readIngressConfig(undefined), { config: DEFAULT_INGRESS_CONFIG, remarks: [] });
  });
});

describe('values of the ConfigMap', () => {
  const cases: readonly (readonly [data: Record<string, string>, values: Partial<IngressConfig>])[] = [
    [
      { 'ssl-redirect': 'F', hsts: '0' },
      { sslRedirect: false, hsts: false },
    ],
    [{ 'no-tls-redirect-locations': '' }, { noTlsRedirectLocations: [] }],
    [{ 'proxy-body-size': '8M' }, { proxyBodySize: 8 * 1024 * 1024 }],
    [{ 'proxy-body-size': '0' }, { proxyBodySize: 0 }],
    [{ 'proxy-read-timeout': '3600' }, { proxyReadTimeoutMs: 3_600_000 }],
    [{ 'custom-http-errors': '404, 503,' }, { customHttpErrors: [404, 503] }],
    [{ 'add-headers': 'ops/headers' }, { addHeaders: { namespace: 'ops', name: 'headers' } }],
    [{ 'whitelist-source-range': '10.0.0.0/8,fd00::/8' }, { whitelistSourceRange: ['10.0.0.0/8', 'fd00::/8'] }],
    [{ 'load-balance': 'ewma' }, { loadBalance: 'ewma' }],
  ];
  for (const [data, values] of cases) {
    it(`reads ${JSON.stringify(data)}`, () => {
      assert.deepEqual(read(data), { config: { ...DEFAULT_INGRESS_CONFIG, ...values }, remarks: [] });
    });
  }

  const wrong: readonly Record<string, string>[] = [
    { hsts: 'yes' },
    { 'proxy-read-timeout': '60s' },
    { 'proxy-read-timeout': '99999999999999999999' },
    { 'proxy-body-size': '1b' },
    { 'http-redirect-code': '200' },
    { 'custom-http-errors': '404,teapot' },
    { 'whitelist-source-range': '10.0.0.0/33' },
    { 'add-headers': '../../etc' },
    { 'hide-headers': 'X-A\r\nX-B' },
    { 'load-balance': 'ip_hash' },
    { 'block-user-agents': 'a,'.repeat(100_000) },
  ];
  for (const data of wrong) {
    const [[key = '', text = ''] = []] = Object.entries(data);
    it(`takes the default for ${key}: ${JSON.stringify(text.slice(0, 40))}, and says so`, () => {
      const { config, remarks } = read(data);
      assert.deepEqual(config, DEFAULT_INGRESS_CONFIG);
      assert.deepEqual(
        remarks.map(remark => [remark.key, remark.reason]),
        [[key, 'AnnotationIgnored']],
      );
    });
  }

  it('names a key without effect only where it asks for something else than the default', () => {
    const data = { 'keep-alive': '75', 'use-http2': 'false', 'proxy-buffering': 'on' };
    assert.deepEqual(
      read(data).remarks.map(({ key, reason }) => [key, reason]),
      [['use-http2', 'Unsupported']],
    );
  });

  it('names the setting to write instead', () => {
    assert.match(read({ 'keep-alive': '10' }).remarks[0]?.message ?? '', /--keepalive-timeout/);
  });

  it('names keys that are not known, with the one that was meant, and not more than a few of very many', () => {
    assert.match(read({ 'proxy-bodysize': '8m' }).remarks[0]?.message ?? '', /did you mean proxy-body-size/);
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`x${index}`, '1']));
    assert.ok(read(many).remarks.length <= 20);
  });
});
