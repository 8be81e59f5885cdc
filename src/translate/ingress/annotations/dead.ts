/** Annotations that ingress-nginx 1.15 ignores in silence, though many manifests have them. */
import type { IngressFeature, IngressRow } from '../ingress-feature.ts';

const LIMITED = 'write limit-rps or limit-rpm, and --rate-limit-redis, by which replicas share limits';
const TRACED = 'ingress-nginx 1.10 has removed it: remove it';
const FIREWALL = 'ingress-nginx 0.26 has removed it: run a web application firewall before the entry';
const HEADS = 'the ConfigMap had it, and Ingresses never did: remove it';
const CHECKED = 'endpoints are taken out by readiness probes: write one for the pods';

/** What to write instead, by name. */
const DEAD: readonly (readonly [name: string, example: string, why: string])[] = [
  ['secure-backends', 'true', 'write backend-protocol: HTTPS'],
  ['grpc-backend', 'true', 'write backend-protocol: GRPC'],
  ['secure-upstream', 'true', 'write backend-protocol: HTTPS'],
  ['secure-verify-ca-secret', 'backend-ca', 'write proxy-ssl-secret and proxy-ssl-verify: on'],
  ['add-base-url', 'true', 'the application has to write its own base URL: remove it'],
  ['base-url-scheme', 'https', 'the application has to write its own base URL: remove it'],
  ['session-cookie-hash', 'sha1', 'the hash of sticky cookies cannot be chosen: remove it'],
  ['upstream-max-fails', '3', CHECKED],
  ['upstream-fail-timeout', '10', CHECKED],
  ['global-rate-limit', '100', LIMITED],
  ['global-rate-limit-window', '1m', LIMITED],
  ['global-rate-limit-key', '$remote_addr', LIMITED],
  ['global-rate-limit-ignored-cidrs', '10.0.0.0/8', LIMITED],
  ['enable-opentracing', 'true', TRACED],
  ['opentracing-trust-incoming-span', 'true', TRACED],
  ['opentracing-operation-name', 'shop', TRACED],
  ['opentracing-location-operation-name', 'shop', TRACED],
  ['enable-influxdb', 'true', 'the metrics are for Prometheus: remove it'],
  ['influxdb-measurement', 'shop', 'the metrics are for Prometheus: remove it'],
  ['influxdb-port', '8089', 'the metrics are for Prometheus: remove it'],
  ['influxdb-host', 'influxdb.example.com', 'the metrics are for Prometheus: remove it'],
  ['influxdb-server-name', 'nginx', 'the metrics are for Prometheus: remove it'],
  ['lua-resty-waf', 'active', FIREWALL],
  ['lua-resty-waf-debug', 'true', FIREWALL],
  ['lua-resty-waf-ignore-rulesets', '41000_sqli', FIREWALL],
  ['lua-resty-waf-extra-rules', '[]', FIREWALL],
  ['lua-resty-waf-allow-unknown-content-types', 'true', FIREWALL],
  ['lua-resty-waf-score-threshold', '10', FIREWALL],
  ['lua-resty-waf-process-multipart-body', 'true', FIREWALL],
  ['client-header-buffer-size', '1k', HEADS],
  ['large-client-header-buffers', '4 8k', HEADS],
  ['server-snippets', '…', 'the name is server-snippet: write that, or remove it'],
  ['websocket-services', 'chat', 'it is of another controller, and WebSockets need no annotation: remove it'],
];

function row([name, example, why]: (typeof DEAD)[number]): IngressRow {
  return {
    name,
    support: 'dead',
    value: 'any',
    example,
    help: 'ingress-nginx ignores it, and so does this program.',
    why,
  };
}

export const DEAD_ANNOTATIONS: IngressFeature = { rows: DEAD.map(row) };
