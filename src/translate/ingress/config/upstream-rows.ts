/** Where requests go, and with which limits. */
import { parseSize } from '../../../formats/size.ts';
import { parseNginxKey } from '../../balance/hash-key.ts';
import { parseNextUpstream } from '../next-upstream-words.ts';
import { parseBareSeconds, parseCount, parseWord } from '../numbers.ts';
import { allRefused, type ConfigRow, refused, withoutEffect, works } from './config-row.ts';
import { flag } from './config-values.ts';

const MOST_TRIES = 100;

export const UPSTREAM_ROWS: readonly ConfigRow[] = [
  works('proxy-body-size', '1m', 'The largest body of a request; 0: any.', text => ({
    proxyBodySize: parseSize(text),
  })),
  works('proxy-connect-timeout', '5', 'Seconds to connect to an endpoint.', text => ({
    proxyConnectTimeoutMs: parseBareSeconds(text),
  })),
  works('proxy-read-timeout', '60', 'Seconds between two reads from an endpoint, and idle ones of a tunnel.', text => ({
    proxyReadTimeoutMs: parseBareSeconds(text),
  })),
  works('proxy-send-timeout', '60', 'Seconds between two writes to an endpoint.', text => ({
    proxySendTimeoutMs: parseBareSeconds(text),
  })),
  works(
    'proxy-next-upstream',
    'error timeout',
    'The failures and statuses on which another endpoint is asked.',
    text => ({ proxyNextUpstream: parseNextUpstream(text) }),
    'A request is sent once more at most where it may have reached an endpoint, and never after a timeout.',
  ),
  works('proxy-next-upstream-tries', '3', 'So many endpoints are asked at most; 0: no limit.', text => ({
    proxyNextUpstreamTries: parseCount(text, 0, MOST_TRIES),
  })),
  works('retry-non-idempotent', 'false', 'POST, LOCK and PATCH are sent again, too.', text => ({
    retryNonIdempotent: flag(text),
  })),
  works('service-upstream', 'false', 'Requests go to the ClusterIPs of Services instead of their endpoints.', text => ({
    serviceUpstream: flag(text),
  })),
  works(
    'load-balance',
    '',
    'How endpoints are chosen: round_robin or ewma.',
    text => ({ loadBalance: text === '' ? undefined : parseWord(text, ['round_robin', 'ewma']) }),
    'Where nothing says it, the endpoint with fewer requests in flight is chosen of two; ingress-nginx: round_robin.',
  ),
  works('upstream-hash-by', '', 'A text with variables by which endpoints are chosen.', text => ({
    upstreamHashBy: text === '' ? undefined : parseNginxKey(text),
  })),
  ...allRefused('answers are not paced: limit the requests of a client by limit-rps or limit-connections', {
    'limit-rate': '0',
    'limit-rate-after': '0',
  }),
  refused(
    'proxy-next-upstream-timeout',
    '0',
    'each attempt has its own time limits, and nothing is tried again after a timeout: lower proxy-connect-timeout',
  ),
  ...withoutEffect('bodies are passed on as they come, and nothing is put on a disk', {
    'proxy-buffering': 'off',
    'proxy-request-buffering': 'on',
    'proxy-buffers-number': '4',
    'proxy-busy-buffers-size': '8k',
    'proxy-max-temp-file-size': '1024m',
    'client-body-buffer-size': '8k',
  }),
  ...withoutEffect('heads of answers of up to 32k are taken, whatever stands here', { 'proxy-buffer-size': '4k' }),
  ...withoutEffect('HTTP/1.1 is spoken to endpoints, unless backend-protocol says otherwise', {
    'proxy-http-version': '1.1',
  }),
  ...withoutEffect('connections to endpoints are kept as long as their use asks for: see --upstream-keepalive', {
    'upstream-keepalive-connections': '320',
    'upstream-keepalive-time': '1h',
    'upstream-keepalive-timeout': '60',
    'upstream-keepalive-requests': '10000',
  }),
  ...withoutEffect('TLS to endpoints is always that of the location', { 'proxy-ssl-location-only': 'false' }),
  ...withoutEffect('IPv6 is used where endpoints or names have addresses of it', { 'disable-ipv6-dns': 'false' }),
];
