/** What upstreams and clients get beside what was asked for: headers, pages for errors, compression, lines of the access log. */

import { allRefused, type ConfigRow, refused, withoutEffect, works } from './config-row.ts';
import { configMapName, flag, headerNames, statuses } from './config-values.ts';

export const RESPONSE_ROWS: readonly ConfigRow[] = [
  works('custom-http-errors', '', 'Errors that the default backend answers in place of the upstream.', text => ({
    customHttpErrors: statuses(text),
  })),
  works('disable-proxy-intercept-errors', 'false', "The upstream's own pages for errors pass.", text => ({
    disableProxyInterceptErrors: flag(text),
  })),
  works('add-headers', '', 'A ConfigMap with headers of all responses.', text => ({ addHeaders: configMapName(text) })),
  works('proxy-set-headers', '', 'A ConfigMap with headers that upstreams get.', text => ({
    proxySetHeaders: configMapName(text),
  })),
  works('hide-headers', '', 'Headers of upstreams that clients do not get.', text => ({
    hideHeaders: headerNames(text),
  })),
  works('global-allowed-response-headers', '', 'Headers that the annotation custom-headers may set.', text => ({
    globalAllowedResponseHeaders: headerNames(text),
  })),
  works('allow-backend-server-header', 'false', "Clients get the upstream's Server.", text => ({
    allowBackendServerHeader: flag(text),
  })),
  works('proxy-cookie-domain', 'off', "Changes Domain in the upstream's cookies.", text => ({
    proxyCookieDomain: text.trim(),
  })),
  works('proxy-cookie-path', 'off', "Changes Path in the upstream's cookies.", text => ({
    proxyCookiePath: text.trim(),
  })),
  works('proxy-redirect-from', 'off', "What is changed in the upstream's redirects.", text => ({
    proxyRedirectFrom: text.trim(),
  })),
  works('proxy-redirect-to', 'off', 'What comes in its place.', text => ({ proxyRedirectTo: text.trim() })),
  works(
    'use-forwarded-headers',
    'false',
    'Proxies before the entry say whose request it is.',
    text => ({
      useForwardedHeaders: flag(text),
    }),
    'Only proxies that --trusted-proxies names are believed; the ConfigMap believes everyone by default.',
  ),
  works('compute-full-forwarded-for', 'false', 'X-Forwarded-For goes on with the address of the client.', text => ({
    computeFullForwardedFor: flag(text),
  })),
  refused(
    'forwarded-for-header',
    'X-Forwarded-For',
    'X-Forwarded-For alone is read, from proxies that --trusted-proxies names: let the proxy before the entry write it',
  ),
  works('proxy-add-original-uri-header', 'false', 'Upstreams get X-Original-URI.', text => ({
    proxyAddOriginalUriHeader: flag(text),
  })),
  refused(
    'generate-request-id',
    'true',
    'each request without an id gets one, by which logs of the entry and of upstreams go together',
  ),
  works('use-gzip', 'false', 'Responses are compressed by gzip.', text => ({ useGzip: flag(text) })),
  works('enable-brotli', 'false', 'Responses are compressed by Brotli.', text => ({ enableBrotli: flag(text) })),
  works('disable-access-log', 'false', 'Requests of Ingresses have no line in the access log.', text => ({
    disableAccessLog: flag(text),
  })),
  refused(
    'skip-access-log-urls',
    '',
    'the access log has each request of an Ingress or none: write enable-access-log: "false" on an Ingress of these paths, or drop the lines where they are collected',
  ),
  ...withoutEffect('each response gets the level that its size and the load allow', {
    'gzip-level': '1',
    'brotli-level': '4',
  }),
  ...withoutEffect('text, JSON, XML, fonts and the like of at least 256 bytes are compressed', {
    'gzip-min-length': '256',
    'brotli-min-length': '20',
    'gzip-types':
      'application/atom+xml application/javascript application/x-javascript application/json application/rss+xml application/vnd.ms-fontobject application/x-font-ttf application/x-web-app-manifest+json application/xhtml+xml application/xml font/opentype image/svg+xml image/x-icon text/css text/javascript text/plain text/x-component',
    'brotli-types':
      'application/xml+rss application/atom+xml application/javascript application/x-javascript application/json application/rss+xml application/vnd.ms-fontobject application/x-font-ttf application/x-web-app-manifest+json application/xhtml+xml application/xml font/opentype image/svg+xml image/x-icon text/css text/javascript text/plain text/x-component',
    'gzip-disable': '',
  }),
  ...withoutEffect('no Server header names this program or its version', { 'server-tokens': 'false' }),
  ...withoutEffect('responses without Content-Type pass as they are', { 'default-type': 'text/html' }),
  ...withoutEffect('requests that no Ingress takes have a line in the access log', {
    'enable-access-log-for-default-backend': 'false',
  }),
  ...withoutEffect('questions to an auth service have no line in the access log', {
    'enable-auth-access-log': 'false',
  }),
  refused(
    'log-format-upstream',
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id',
    'the access log has formats of its own: write --access-log=combined or --access-log=json, which has all of these fields',
  ),
  ...allRefused('for JSON write --access-log=json', {
    'log-format-escape-json': 'false',
    'log-format-escape-none': 'false',
  }),
  ...allRefused('write --access-log-path', {
    'access-log-path': '/var/log/nginx/access.log',
    'http-access-log-path': '',
  }),
  ...allRefused('the access log goes to standard output or a file: let the collector of the cluster forward it', {
    'access-log-params': '',
    'enable-syslog': 'false',
    'syslog-host': '',
    'syslog-port': '514',
  }),
  refused('error-log-level', 'notice', 'write --log-level'),
  refused(
    'error-log-path',
    '/var/log/nginx/error.log',
    'the program log goes to standard error: let the collector of the cluster read it',
  ),
];
