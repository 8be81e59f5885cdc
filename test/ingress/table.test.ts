/** The table of annotations: nothing is left out, and nothing is said that is not so. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INGRESS_FEATURES } from '../../src/translate/ingress/annotations/features.ts';
import { translateOne } from './one-ingress.ts';

/** The annotations of ingress-nginx 1.15, and those that manifests still have though it ignores them. */
const ANNOTATIONS = `
rewrite-target use-regex app-root permanent-redirect permanent-redirect-code temporal-redirect temporal-redirect-code
relative-redirects use-port-in-redirects from-to-www-redirect server-alias ssl-redirect force-ssl-redirect
preserve-trailing-slash x-forwarded-prefix backend-protocol service-upstream upstream-vhost load-balance
upstream-hash-by upstream-hash-by-subset upstream-hash-by-subset-size default-backend custom-http-errors
disable-proxy-intercept-errors proxy-connect-timeout proxy-read-timeout proxy-send-timeout proxy-body-size
proxy-next-upstream proxy-next-upstream-timeout proxy-next-upstream-tries proxy-buffering proxy-buffers-number
proxy-busy-buffers-size proxy-max-temp-file-size client-body-buffer-size proxy-request-buffering proxy-buffer-size
proxy-http-version connection-proxy-header proxy-cookie-domain proxy-cookie-path proxy-redirect-from proxy-redirect-to
custom-headers proxy-ssl-secret proxy-ssl-verify proxy-ssl-verify-depth proxy-ssl-name proxy-ssl-server-name
proxy-ssl-ciphers proxy-ssl-protocols whitelist-source-range allowlist-source-range denylist-source-range auth-type
auth-secret auth-secret-type auth-realm satisfy auth-url auth-signin auth-signin-redirect-param auth-method
auth-response-headers auth-request-redirect auth-proxy-set-headers auth-cache-key auth-cache-duration
auth-always-set-cookie auth-keepalive auth-keepalive-requests auth-keepalive-timeout auth-keepalive-share-vars
enable-global-auth limit-rps limit-rpm limit-connections limit-burst-multiplier limit-whitelist limit-allowlist
limit-rate limit-rate-after enable-cors cors-allow-origin cors-allow-methods cors-allow-headers cors-allow-credentials
cors-expose-headers cors-max-age canary canary-weight canary-weight-total canary-by-header canary-by-header-value
canary-by-header-pattern canary-by-cookie affinity affinity-mode affinity-canary-behavior session-cookie-name
session-cookie-path session-cookie-domain session-cookie-max-age session-cookie-expires session-cookie-samesite
session-cookie-secure session-cookie-change-on-failure session-cookie-conditional-samesite-none mirror-target
mirror-host mirror-request-body enable-access-log enable-rewrite-log enable-opentelemetry opentelemetry-operation-name
opentelemetry-trust-incoming-span http2-push-preload ssl-passthrough ssl-ciphers ssl-prefer-server-ciphers fastcgi-index
fastcgi-params-configmap enable-modsecurity enable-owasp-core-rules modsecurity-transaction-id modsecurity-snippet
configuration-snippet server-snippet auth-snippet stream-snippet secure-backends grpc-backend add-base-url
base-url-scheme session-cookie-hash secure-upstream secure-verify-ca-secret upstream-max-fails upstream-fail-timeout
global-rate-limit global-rate-limit-window global-rate-limit-key global-rate-limit-ignored-cidrs enable-opentracing
opentracing-trust-incoming-span enable-influxdb influxdb-measurement influxdb-port influxdb-host influxdb-server-name
lua-resty-waf client-header-buffer-size large-client-header-buffers server-snippets websocket-services
auth-tls-secret auth-tls-verify-client auth-tls-pass-certificate-to-upstream auth-tls-verify-depth auth-tls-error-page
auth-tls-match-cn
`.match(/\S+/g) as string[];

const ROWS = INGRESS_FEATURES.flatMap(({ rows }) => rows);

describe('the table of annotations', () => {
  it('has each annotation once', () => {
    const names = ROWS.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    assert.deepEqual(
      ANNOTATIONS.filter(name => !names.includes(name)),
      [],
    );
  });

  it('says of each that it works, or why it does not', () => {
    for (const { name, support, help, value, example, why } of ROWS) {
      assert.ok(help !== '' && value !== '' && example !== '', name);
      assert.equal(why === undefined, support === 'works', name);
    }
  });
});

describe('examples of annotations that work', () => {
  /** What an example needs beside itself. */
  const beside: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.fromEntries(
    INGRESS_FEATURES.flatMap(({ rows }) => {
      const working = rows.filter(({ support }) => support === 'works');
      const all = Object.fromEntries(working.map(({ name, example }) => [name, example]));
      return working.map(({ name }) => [name, all]);
    }),
  );
  for (const { name, support, example } of ROWS) {
    if (support !== 'works') continue;
    it(`${name}: ${example}`, () => {
      const { told } = translateOne({ ...beside[name], [name]: example });
      assert.deepEqual(
        told.filter(one => one === `AnnotationIgnored ${name}` || one === `AnnotationRefused ${name}`),
        [],
      );
    });
  }
});
