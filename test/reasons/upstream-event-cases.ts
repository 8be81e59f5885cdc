/** Failures that come from the upstream and the way to it. */
import { NOBODY } from '../support/raw-upstream.ts';
import { ask, BEGUN, type EventCase, GET, LARGE, LIMIT_MS, NONE, never, type Scene, SHORT_MS } from './event-case.ts';

const askForCut = async ({ client }: Scene): Promise<void> => {
  await client.send(GET);
  await client.responseOrCut();
};

const askUntilCut: EventCase['provoke'] = async ({ client, pass }) => {
  await client.send(GET);
  await client.head();
  await pass();
  await client.closed();
};

const NO_RULES = 'it has no Gateways';

export const UPSTREAM_EVENT_CASES: readonly EventCase[] = [
  {
    what: 'nothing listens at the upstream',
    reason: 'upstream_refused',
    status: 502,
    detail: /^ECONNREFUSED$/,
    to: [NOBODY],
    provoke: ask,
  },
  {
    what: 'no way to the upstream',
    reason: 'upstream_unreachable',
    status: 502,
    detail: /^ENETUNREACH$/,
    // The kernel makes no TCP connection to everybody.
    to: [{ host: '255.255.255.255', port: 80 }],
    provoke: ask,
  },
  {
    what: 'a name that does not resolve',
    reason: 'upstream_name_unresolved',
    status: 502,
    detail: /^E\w+$/,
    // Too long to be asked for: no name server has to say so.
    to: [{ host: `${'a'.repeat(64)}.invalid`, port: 80 }],
    provoke: ask,
  },
  {
    what: 'the upstream does not accept',
    reason: 'upstream_connect_timeout',
    status: 504,
    detail: NONE,
    settings: { proxyConnectTimeout: SHORT_MS },
    to: 'silence',
    provoke: ask,
  },
  {
    what: 'the upstream does not answer',
    reason: 'upstream_read_timeout',
    status: 504,
    detail: NONE,
    settings: { proxyReadTimeout: SHORT_MS },
    upstream: never,
    provoke: ask,
  },
  {
    what: 'the upstream does not read',
    reason: 'upstream_send_timeout',
    status: 504,
    detail: NONE,
    settings: { proxySendTimeout: SHORT_MS },
    upstream: request => request.connection.pause(),
    provoke: async ({ client }) => {
      await client.send(`POST /volume HTTP/1.1\r\nHost: test\r\nContent-Length: ${LARGE}\r\n\r\n`);
      client.push(Buffer.alloc(LARGE / 2));
      await client.response();
    },
  },
  {
    what: 'the upstream closes',
    reason: 'upstream_closed',
    status: 502,
    detail: NONE,
    upstream: request => request.connection.finish(),
    provoke: ask,
  },
  {
    what: 'the upstream closes within a head',
    reason: 'upstream_closed',
    status: 502,
    detail: NONE,
    upstream: request => request.connection.finish('HTTP/1.1 200 OK\r\nX-'),
    provoke: ask,
  },
  {
    what: 'the upstream resets',
    reason: 'upstream_reset',
    status: 502,
    detail: /^ECONNRESET$/,
    upstream: request => request.connection.reset(),
    provoke: ask,
  },
  {
    what: 'the upstream closes within a body',
    reason: 'response_cut_by_close',
    status: 200,
    detail: NONE,
    upstream: request => request.connection.finish(BEGUN),
    provoke: askForCut,
  },
  {
    what: 'the upstream resets within a body',
    reason: 'response_cut_by_reset',
    status: 200,
    detail: /^ECONNRESET$/,
    upstream: async request => {
      await request.connection.send(BEGUN);
    },
    provoke: async ({ client, upstream }) => {
      await client.send(GET);
      await client.head();
      upstream.only.connection.reset();
      await client.closed();
    },
    notOnNode: 'node:http gives a reset and a close within a body the same error',
  },
  {
    what: 'a request takes longer than its rule lets it',
    reason: 'route_request_timeout',
    status: 504,
    detail: NONE,
    gateway: { requestTimeoutMs: SHORT_MS },
    upstream: never,
    provoke: ask,
    notOnNode: NO_RULES,
  },
  {
    what: 'a try takes longer than the rule of the request lets it',
    reason: 'route_backend_timeout',
    status: 504,
    detail: NONE,
    gateway: { backendTimeoutMs: SHORT_MS },
    upstream: never,
    provoke: ask,
    notOnNode: NO_RULES,
  },
  {
    what: 'a response takes longer than the rule of its request lets it',
    reason: 'response_cut_by_request_timeout',
    status: 200,
    detail: NONE,
    gateway: { requestTimeoutMs: LIMIT_MS },
    upstream: ({ connection }) => connection.send(BEGUN),
    provoke: askUntilCut,
    notOnNode: NO_RULES,
  },
  {
    what: 'a response takes longer than the rule of its request lets a try take',
    reason: 'response_cut_by_backend_timeout',
    status: 200,
    detail: NONE,
    gateway: { backendTimeoutMs: LIMIT_MS },
    upstream: ({ connection }) => connection.send(BEGUN),
    provoke: askUntilCut,
    notOnNode: NO_RULES,
  },
  {
    what: 'the upstream stops within a body',
    reason: 'response_cut_by_timeout',
    status: 200,
    detail: NONE,
    settings: { proxyReadTimeout: LIMIT_MS },
    upstream: async request => {
      await request.connection.send(BEGUN);
    },
    provoke: async ({ client, pass }) => {
      await client.send(GET);
      await client.head();
      await pass();
      await client.closed();
    },
  },
];
