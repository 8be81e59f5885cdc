/** What policies cost beside a small GET without any. nginx does the same with its own directives. */
import { createHash } from 'node:crypto';
import { PATHS } from '../backends/http-backend.ts';
import { BACKEND, type BenchPolicy } from '../contenders/contender.ts';
import { type ExchangeAnswer, exchange } from '../load/exchange.ts';
import { ensure } from './checks.ts';
import type { Scenario, Target } from './scenario.ts';
import { wrkScenario } from './wrk-scenario.ts';

const USER = 'bench';
const PASSWORD = 'a password of the benchmark';
/** nginx checks it with each request: of the hashes that both know, it is the one that costs it least. */
const HTPASSWD = `${USER}:{SHA}${createHash('sha1').update(PASSWORD).digest('base64')}`;

interface PolicyScenarioOptions {
  readonly name: string;
  readonly title: string;
  readonly policy: BenchPolicy;
  readonly path?: string;
  readonly unit?: 'request' | 'MiB';
  readonly connections?: number;
  /** Of each request, as `NAME: VALUE`. */
  readonly header?: string;
  /** What shows that the policy is at work. */
  readonly isAtWork: (answer: ExchangeAnswer, withoutHeader: ExchangeAnswer) => boolean;
}

function policyScenario({ path = PATHS.small, connections = 64, ...options }: PolicyScenarioOptions): Scenario {
  const { header = '', isAtWork, ...others } = options;
  const [name = '', value = ''] = header.split(': ');
  return wrkScenario({
    ...others,
    path,
    connections,
    header,
    async check({ port, prefixes }: Target) {
      const place = { port, path: `${prefixes[0]}${path}` };
      const answer = await exchange({ ...place, ...(header !== '' && { headers: { [name]: value } }) });
      ensure(answer.status === 200, `a GET is answered with ${answer.status}`);
      ensure(isAtWork(answer, await exchange(place)), 'the policy is not at work');
    },
  });
}

export const addresses = policyScenario({
  name: 'policy-addresses',
  title: 'Small GET, the client is on a list of eight ranges',
  policy: {
    annotations: { 'allow-from': addressRanges().join(', '), 'response-headers': 'set X-Listed: yes' },
    location: `${addressRanges()
      .map(range => `allow ${range};`)
      .join(' ')} deny all; add_header X-Listed yes;`,
  },
  isAtWork: ({ headers }) => headers['x-listed'] === 'yes',
});

export const headerEdits = policyScenario({
  name: 'policy-headers',
  title: 'Small GET, two headers are set and one is removed each way',
  policy: {
    annotations: {
      'request-headers': 'set X-Tenant: blue\nset X-Stage: live\nremove User-Agent',
      'response-headers': 'set X-Frame-Options: DENY\nset X-Content-Type-Options: nosniff\nremove Server',
    },
    location: `proxy_set_header X-Tenant blue; proxy_set_header X-Stage live; proxy_set_header User-Agent '';
      add_header X-Frame-Options DENY; add_header X-Content-Type-Options nosniff; proxy_hide_header Server;`,
  },
  isAtWork: ({ headers }) => headers['x-frame-options'] === 'DENY',
});

export const cors = policyScenario({
  name: 'policy-cors',
  title: 'Small GET for a page of another origin, which a list allows',
  header: 'Origin: https://x.b.example',
  policy: {
    annotations: {
      cors: 'origins=https://a.example,https://*.b.example methods=GET,PUT headers=X-A max-age=200 credentials',
    },
    http: 'map $http_origin $allowed_origin { ~^https://(a|[a-z0-9-]+\\.b)\\.example$ $http_origin; }',
    location: `add_header Access-Control-Allow-Origin $allowed_origin always; add_header Access-Control-Allow-Methods 'GET, PUT' always;
      add_header Access-Control-Allow-Headers X-A always; add_header Access-Control-Allow-Credentials true always;
      add_header Access-Control-Max-Age 200 always; add_header Vary Origin always;`,
  },
  isAtWork: ({ headers }) => headers['access-control-allow-origin'] === 'https://x.b.example',
});

export const rateLimit = policyScenario({
  name: 'policy-rate-limit',
  title: 'Small GET, counted against a rate of its client that it does not reach',
  policy: {
    annotations: { 'rate-limit': '1000000/s burst 1000000 per client', 'response-headers': 'set X-Limited: yes' },
    http: 'limit_req_zone $binary_remote_addr zone=clients:8m rate=1000000r/s;',
    location: 'limit_req zone=clients burst=1000000 nodelay; add_header X-Limited yes;',
  },
  isAtWork: ({ headers }) => headers['x-limited'] === 'yes',
});

export const maxConnections = policyScenario({
  name: 'policy-max-connections',
  title: 'Small GET, counted among those that its client has under way',
  policy: {
    annotations: { 'max-connections': '10000', 'response-headers': 'set X-Limited: yes' },
    http: 'limit_conn_zone $binary_remote_addr zone=clients:8m;',
    location: 'limit_conn clients 10000; add_header X-Limited yes;',
  },
  isAtWork: ({ headers }) => headers['x-limited'] === 'yes',
});

export const basicAuth = policyScenario({
  name: 'policy-basic-auth',
  title: 'Small GET with a password',
  header: `Authorization: Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`,
  policy: {
    annotations: { 'basic-auth': 'passwords' },
    objects: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'passwords' },
        type: 'Opaque',
        stringData: { auth: HTPASSWD },
      },
    ],
    location: 'auth_basic bench; auth_basic_user_file htpasswd;',
    files: { htpasswd: `${HTPASSWD}\n` },
  },
  isAtWork: (_answer, withoutHeader) => withoutHeader.status === 401,
});

export const authUrl = policyScenario({
  name: 'policy-auth-url',
  title: 'Small GET that another service lets pass, whose answer is kept for five minutes',
  header: 'Authorization: Bearer of-the-benchmark',
  policy: {
    annotations: { 'auth-url': `http://${BACKEND}${PATHS.auth}`, 'auth-cache': '$http_authorization 200 5m' },
    http: 'proxy_cache_path auth-cache keys_zone=auth:8m use_temp_path=off;',
    server: `location = /asks {
      internal; proxy_pass http://backend${PATHS.auth}; proxy_pass_request_body off; proxy_set_header Content-Length '';
      proxy_cache auth; proxy_cache_key $http_authorization; proxy_cache_valid 200 5m;
    }`,
    location: 'auth_request /asks;',
  },
  isAtWork: (_answer, withoutHeader) => withoutHeader.status === 401,
});

export const gzip = compression('gzip');
export const br = compression('br');
export const zstd = compression('zstd');

/** nginx knows gzip alone: it is measured beside each coding. */
function compression(coding: 'gzip' | 'br' | 'zstd'): Scenario {
  return policyScenario({
    name: `policy-${coding}`,
    title: `Download of 1 MiB of JSON, compressed by ${coding}, and by gzip in nginx, 16 connections`,
    path: PATHS.json,
    unit: 'MiB',
    connections: 16,
    header: `Accept-Encoding: ${coding === 'gzip' ? coding : `${coding}, gzip`}`,
    policy: {
      annotations: { compress: coding },
      location: 'gzip on; gzip_types application/json; gzip_comp_level 1; gzip_proxied any;',
    },
    isAtWork: ({ headers, body }) =>
      [coding, 'gzip'].includes(headers['content-encoding'] ?? '') && body.length < 512 * 1024,
  });
}

/** The client's is the last. */
function addressRanges(): string[] {
  return [...Array.from({ length: 7 }, (_, index) => `10.${index}.0.0/16`), '127.0.0.0/8'];
}
