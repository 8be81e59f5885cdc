/** What nginx itself is told: here settings of the program, or nothing. */
import { allRefused, type ConfigRow, refused, withoutEffect } from './config-row.ts';

const NOT_BUILT =
  'it is not built in: the metrics and the JSON access log of the entry say how long each request took and where';
const NO_STREAMS = 'TCP and UDP Services are not served: expose them by a Service of type LoadBalancer or NodePort';
const NEVER_RUN =
  'nginx configuration is never run: write the annotation or the setting that says the same, see deploy/ingress.md';

const CIPHERS =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384';

export const SERVER_ROWS: readonly ConfigRow[] = [
  refused('enable-real-ip', 'false', 'write --trusted-proxies with the ranges of the proxies before the entry'),
  refused(
    'proxy-real-ip-cidr',
    '0.0.0.0/0',
    'write these ranges as --trusted-proxies, or --proxy-protocol where they send its header',
  ),
  refused(
    'use-proxy-protocol',
    'false',
    'write --proxy-protocol with the ranges of the load balancers that send its header',
  ),
  ...withoutEffect('the header of the PROXY protocol has to come within --client-header-timeout', {
    'proxy-protocol-header-timeout': '5s',
  }),
  refused('keep-alive', '75', 'write --keepalive-timeout, with its unit'),
  refused('keep-alive-requests', '1000', 'write --keepalive-requests'),
  refused('client-header-timeout', '60', 'write --client-header-timeout, with its unit'),
  refused('client-body-timeout', '60', 'write --client-body-timeout, with its unit'),
  refused('worker-shutdown-timeout', '240s', 'write --shutdown-timeout'),
  refused('worker-processes', 'auto', 'write --workers'),
  refused('max-worker-connections', '16384', 'write --worker-connections'),
  refused('enable-underscores-in-headers', 'false', 'write --underscores-in-headers'),
  refused(
    'ignore-invalid-headers',
    'true',
    'a header with an invalid name is answered with 400, because two programs may read it differently',
  ),
  refused('bind-address', '', 'write --listen and --tls-listen'),
  refused('disable-ipv6', 'false', 'write --listen and --tls-listen with an address of IPv4'),
  refused('ssl-reject-handshake', 'false', 'write --tls-reject-unknown-sni'),
  refused('ssl-protocols', 'TLSv1.2 TLSv1.3', 'TLS 1.2 and 1.3 are spoken, and nothing older'),
  refused('ssl-ciphers', CIPHERS, "the ciphers are those of Mozilla's intermediate list"),
  refused(
    'ssl-session-tickets',
    'false',
    'tickets are given, by keys that are replaced every 12 hours and never leave memory',
  ),
  refused('ssl-early-data', 'false', 'early data is never taken, because it can be sent again by others'),
  refused('enable-ocsp', 'false', 'responses of OCSP are not stapled: authorities are giving OCSP up'),
  refused('use-http2', 'true', 'HTTP/2 is offered on every TLS port'),
  ...allRefused('tickets are encrypted by keys that the program makes', {
    'ssl-session-ticket-key': '',
    'ssl-dh-param': '',
  }),
  ...withoutEffect('sessions are resumed by tickets for 12 hours', {
    'ssl-session-cache': 'true',
    'ssl-session-cache-size': '10m',
    'ssl-session-timeout': '10m',
  }),
  ...withoutEffect('OpenSSL chooses it', { 'ssl-ecdh-curve': 'auto', 'ssl-buffer-size': '4k' }),
  ...withoutEffect('the head of a request may have 32k, each line of it 8k', {
    'client-header-buffer-size': '1k',
    'large-client-header-buffers': '4 8k',
    'http2-max-field-size': '',
    'http2-max-header-size': '',
  }),
  ...withoutEffect('a connection of HTTP/2 has 100 streams at a time, and lives as long as its client uses it', {
    'http2-max-concurrent-streams': '128',
    'http2-max-requests': '0',
  }),
  ...withoutEffect('it is about how nginx uses memory, files and processors', {
    'enable-multi-accept': 'true',
    'max-worker-open-files': '0',
    'map-hash-bucket-size': '64',
    'server-name-hash-max-size': '1024',
    'server-name-hash-bucket-size': '',
    'proxy-headers-hash-max-size': '512',
    'proxy-headers-hash-bucket-size': '64',
    'variables-hash-bucket-size': '256',
    'variables-hash-max-size': '2048',
    'reuse-port': 'true',
    'worker-cpu-affinity': '',
    'enable-aio-write': 'true',
    'lua-shared-dicts': '',
    'debug-connections': '',
  }),
  ...withoutEffect('the status is served on a listener of its own: see --status-listen', {
    'nginx-status-ipv4-whitelist': '127.0.0.1',
    'nginx-status-ipv6-whitelist': '::1',
  }),
  ...allRefused(NEVER_RUN, {
    'main-snippet': '',
    'http-snippet': '',
    'server-snippet': '',
    'location-snippet': '',
    'stream-snippet': '',
    plugins: '',
  }),
  ...allRefused(NOT_BUILT, {
    'enable-opentelemetry': 'false',
    'opentelemetry-config': '/etc/nginx/opentelemetry.toml',
    'opentelemetry-operation-name': '',
    'opentelemetry-trust-incoming-span': 'true',
    'otlp-collector-host': '',
    'otlp-collector-port': '4317',
    'otel-service-name': 'nginx',
    'otel-sampler': 'AlwaysOn',
    'otel-sampler-ratio': '0.01',
    'otel-sampler-parent-based': 'true',
    'otel-max-queuesize': '2048',
    'otel-schedule-delay-millis': '5000',
    'otel-max-export-batch-size': '512',
  }),
  ...allRefused('countries of addresses are not looked up: let a proxy before the entry do it', {
    'use-geoip': 'false',
    'use-geoip2': 'false',
  }),
  ...allRefused(NO_STREAMS, {
    'proxy-stream-timeout': '600s',
    'proxy-stream-next-upstream': 'true',
    'proxy-stream-next-upstream-timeout': '600s',
    'proxy-stream-next-upstream-tries': '3',
    'proxy-stream-responses': '1',
    'log-format-stream': '[$remote_addr] [$time_local] $protocol $status $bytes_sent $bytes_received $session_time',
    'stream-access-log-path': '',
    'disable-stream-access-log': 'false',
  }),
  ...allRefused('ingress-nginx 1.12 has removed it: write --rate-limit-redis, by which replicas share limits', {
    'global-rate-limit-memcached-host': '',
    'global-rate-limit-memcached-port': '11211',
    'global-rate-limit-memcached-connect-timeout': '50',
    'global-rate-limit-memcached-max-idle-timeout': '10000',
    'global-rate-limit-memcached-pool-size': '50',
    'global-rate-limit-status-code': '429',
  }),
];
