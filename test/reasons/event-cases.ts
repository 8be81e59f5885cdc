import type { FailureReason } from '../../src/failures/failures.ts';
import { CLIENT_EVENT_CASES } from './client-event-cases.ts';
import { ask, type EventCase, GET, LIMIT_MS, NONE, never } from './event-case.ts';
import { UPSTREAM_EVENT_CASES } from './upstream-event-cases.ts';

/** Failures that come from the table, the cluster or the program itself. */
const OWN_EVENT_CASES: readonly EventCase[] = [
  {
    what: 'a Service without endpoints',
    reason: 'no_endpoint',
    status: 503,
    detail: NONE,
    to: [],
    provoke: ask,
  },
  {
    what: 'a rule of a Gateway whose backend is not there',
    reason: 'backend_invalid',
    status: 500,
    detail: NONE,
    to: [],
    cluster: { absentStatus: 500 },
    notOnNode: 'it has no Gateways',
    provoke: ask,
  },
  {
    what: 'an endpoint that has as many requests as it may',
    reason: 'endpoints_busy',
    status: 503,
    detail: NONE,
    cluster: { balance: { policy: 'least-request' }, maxRequests: 1 },
    upstream: never,
    provoke: async ({ client, proxy, upstream }) => {
      await client.send(GET);
      await upstream.request(0);
      await proxy.exchange(GET);
    },
    notOnNode: 'it does not balance',
  },
  {
    what: 'no table yet',
    reason: 'table_not_loaded',
    status: 503,
    detail: NONE,
    to: null,
    provoke: ask,
  },
  {
    what: 'a WebSocket that is silent',
    reason: 'tunnel_idle_timeout',
    status: 101,
    detail: NONE,
    settings: { proxyReadTimeout: LIMIT_MS },
    upstream: async request => {
      request.connection.tunnel();
      await request.connection.send(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      );
    },
    provoke: async ({ client, pass }) => {
      await client.send('GET /volume HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      await client.response();
      await pass();
      await client.closed();
    },
  },
  {
    what: 'the program ends',
    reason: 'shutdown',
    status: 499,
    detail: NONE,
    upstream: never,
    provoke: async ({ proxy, client, upstream }) => {
      await client.send(GET);
      await upstream.request(0);
      proxy.engine.close();
    },
  },
];

export const EVENT_CASES: readonly EventCase[] = [...CLIENT_EVENT_CASES, ...UPSTREAM_EVENT_CASES, ...OWN_EVENT_CASES];

/** Reasons that no case here provokes, and why. */
const NEEDS_TLS = 'needs TLS; test/dataplane/wire/client-certificates.test.ts provokes it';

const TLS_UPSTREAM = 'needs an upstream with TLS; test/dataplane/clusters/tls-upstreams.test.ts has some';

export const NOT_PROVOKED: Readonly<Partial<Record<FailureReason, string>>> = {
  out_of_sockets: 'needs a process without file descriptors; the codes it stands for are tested below',
  upstream_connect_failed: 'stands for the codes that no other reason has; tested below',
  request_malformed: 'what the engine node says where it is coarser',
  response_malformed: 'what the engine node says where it is coarser',
  request_misdirected: NEEDS_TLS,
  request_path_ambiguous: 'needs a Gateway; test/dataplane/pipeline/port-routing.test.ts provokes it',
  client_certificate_missing: NEEDS_TLS,
  client_certificate_invalid: NEEDS_TLS,
  upstream_certificate_expired: TLS_UPSTREAM,
  upstream_certificate_wrong_name: TLS_UPSTREAM,
  upstream_certificate_untrusted: TLS_UPSTREAM,
  upstream_tls_failed: TLS_UPSTREAM,
  internal: 'needs a bug; test/reasons/throwing-handler.test.ts puts one into the real program',
};
