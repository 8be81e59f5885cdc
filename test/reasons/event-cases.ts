import type { FailureReason } from '../../src/dataplane/failures/failures.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { GatewayRoute } from '../../src/model/route.ts';
import type { Settings } from '../../src/settings/schema.ts';
import { eventually } from '../support/eventually.ts';
import { headersFrame, PREFACE } from '../support/http2-client.ts';
import { type Fields, requestFields } from '../support/http2-fields.ts';
import { frame } from '../support/http2-frames.ts';
import type { ProxyUnderTest } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { NOBODY, type RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { selfSigned } from '../support/self-signed.ts';
import type { TlsDescription } from '../support/tls-names.ts';
import { SECRET } from './request-cases.ts';

export interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly client: RawClient;
  readonly upstream: RawUpstream;
  /** Lets {@link LIMIT_MS} pass, for a case that has such a limit. */
  readonly pass: () => Promise<void>;
}

/** A failure that is about time, connections or the table, not about bytes. */
export interface EventCase {
  readonly what: string;
  readonly reason: FailureReason;
  /** As in the access log. */
  readonly status: number;
  readonly detail: RegExp;
  readonly settings?: Partial<Settings>;
  readonly upstream?: UpstreamHandler;
  /** What the engine may take for its clients. */
  readonly clientBytes?: number;
  /** Where the route leads instead of the upstream; `null` for no table at all. */
  readonly to?: readonly ListenAddress[] | 'silence' | null;
  /** What its TLS port serves; absent: it has none. */
  readonly tls?: TlsDescription;
  /** How its cluster is balanced, where kube-proxy does not. */
  readonly cluster?: Partial<Cluster>;
  /** What the rule of a Gateway says that its route is made of. */
  readonly gateway?: Partial<GatewayRoute>;
  readonly provoke: (scene: Scene) => Promise<void>;
  /** Why the engine node cannot be asked for it. */
  readonly notOnNode?: string;
}

/** A limit that passes by itself; nothing else of the case has to happen within it. */
const SHORT_MS = 100;
/** One that must not pass before the case has been set up: the case moves the clock. */
export const LIMIT_MS = 2_000;
const NONE = /^$/;
const LARGE = 64 * 1024 * 1024;

const SECRETS = `Host: test\r\nCookie: ${SECRET}\r\n`;
const GET = `GET /volume/x?token=${SECRET} HTTP/1.1\r\n${SECRETS}\r\n`;
const POST = `POST /volume/x?token=${SECRET} HTTP/1.1\r\n${SECRETS}Content-Length: 10\r\n\r\n`;
const BEGUN = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc';

const ask = async ({ client }: Scene): Promise<void> => {
  await client.send(GET);
  await client.response();
};

const NO_PROXY_PROTOCOL = 'it does not know the PROXY protocol';

/** The connection ends without an answer. */
function askWithHeader(header: string): EventCase['provoke'] {
  return async ({ client }) => {
    await client.send(header + GET);
    await client.closed();
  };
}

const NO_HTTP2 = 'it does not speak HTTP/2';

/** A request of HTTP/2, and the end of its body. */
function askHttp2(fields: Fields, endsStream = true): EventCase['provoke'] {
  return async ({ client }) => {
    const settings = frame(4, 0, 0);
    const data = endsStream ? [] : [frame(0, 1, 1, 'abc')];
    await client.send(Buffer.concat([PREFACE, settings, headersFrame(1, fields, endsStream), ...data]));
  };
}

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

const never: UpstreamHandler = () => undefined;

export const EVENT_CASES: readonly EventCase[] = [
  {
    what: 'a long head while the memory for clients is taken',
    reason: 'memory_exhausted',
    status: 503,
    detail: NONE,
    clientBytes: 1,
    provoke: async ({ client }) => {
      await client.send(GET.replace(SECRETS, `${SECRETS}X-Long: ${'z'.repeat(2_000)}\r\n`));
      await client.response();
    },
    notOnNode: 'its memory has no such bound',
  },
  {
    what: 'a request without the header that its peer must send',
    reason: 'proxy_header_missing',
    status: 400,
    detail: /^the connection does not begin with a header$/,
    settings: { proxyProtocol: ['127.0.0.1'] },
    provoke: askWithHeader(''),
    notOnNode: NO_PROXY_PROTOCOL,
  },
  {
    what: 'a header of the PROXY protocol without addresses',
    reason: 'proxy_header_malformed',
    status: 400,
    detail: /^the line is not PROXY,/,
    settings: { proxyProtocol: ['127.0.0.1'] },
    provoke: askWithHeader('PROXY TCP4\r\n'),
    notOnNode: NO_PROXY_PROTOCOL,
  },
  {
    what: 'plain HTTP on the TLS port',
    reason: 'request_http_on_tls_port',
    status: 400,
    detail: NONE,
    tls: { certificate: selfSigned() },
    provoke: async ({ proxy }) => {
      const client = await RawClient.connect(proxy.tlsAddress);
      await client.send(GET);
      await client.response();
      client.destroy();
    },
    notOnNode: 'it has no TLS port',
  },
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
    what: 'the client leaves before the answer',
    reason: 'client_left',
    status: 499,
    detail: NONE,
    upstream: never,
    provoke: async ({ client, upstream }) => {
      await client.send(GET);
      await upstream.request(0);
      client.end();
    },
  },
  {
    what: 'the client resets before the answer',
    reason: 'client_left',
    status: 499,
    detail: /^(?:ECONNRESET)?$/,
    upstream: never,
    provoke: async ({ client, upstream }) => {
      await client.send(GET);
      await upstream.request(0);
      client.reset();
    },
  },
  {
    what: 'the client leaves within the response',
    reason: 'client_left_mid_response',
    status: 200,
    detail: /^(?:ECONNRESET)?$/,
    upstream: async request => {
      await request.connection.send(BEGUN);
    },
    provoke: async ({ client }) => {
      await client.send(GET);
      await client.head();
      client.reset();
    },
  },
  {
    what: 'half a head',
    reason: 'client_header_timeout',
    status: 408,
    detail: NONE,
    settings: { clientHeaderTimeout: LIMIT_MS },
    provoke: async ({ proxy, client, pass }) => {
      await client.send(`GET /volume?${SECRET} HTTP/1.1\r\nCookie: ${SECRET}`);
      await eventually('the head to be read', () => proxy.counters.get('reading') === 1);
      await pass();
      await client.response();
    },
  },
  {
    what: 'half a body',
    reason: 'client_body_timeout',
    status: 408,
    detail: NONE,
    settings: { clientBodyTimeout: SHORT_MS },
    upstream: never,
    provoke: async ({ client }) => {
      await client.send(`${POST}abc`);
      await client.response();
    },
  },
  {
    what: 'the client does not read',
    reason: 'client_send_timeout',
    status: 200,
    detail: NONE,
    settings: { sendTimeout: SHORT_MS },
    upstream: request =>
      request.connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`, Buffer.alloc(LARGE)),
    provoke: async ({ client }) => {
      client.pause();
      await client.send(GET);
    },
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
    what: 'a body that turns out too large',
    reason: 'request_body_too_large',
    status: 413,
    detail: NONE,
    settings: { clientMaxBodySize: 10 },
    upstream: never,
    provoke: async ({ client }) => {
      await client.send(
        `POST /volume HTTP/1.1\r\n${SECRETS}Transfer-Encoding: chunked\r\n\r\n`,
        `10\r\n${SECRET}${SECRET}\r\n`,
      );
      await client.response();
    },
  },
  {
    what: 'HTTP/2: a field of the connection',
    reason: 'request_connection_field',
    status: 400,
    detail: /^field connection$/,
    notOnNode: NO_HTTP2,
    provoke: askHttp2(requestFields('GET', '/volume', [['connection', SECRET]])),
  },
  {
    what: 'HTTP/2: a pseudo-field that comes twice',
    reason: 'request_pseudo_field',
    status: 400,
    detail: /^field :path$/,
    notOnNode: NO_HTTP2,
    provoke: askHttp2(requestFields('GET', '/volume', [[':path', SECRET]])),
  },
  {
    what: 'HTTP/2: more data than the length says',
    reason: 'request_length_mismatch',
    status: 400,
    detail: /^3 bytes of data, content-length 2$/,
    notOnNode: NO_HTTP2,
    provoke: askHttp2(requestFields('POST', '/volume', [['content-length', '2']]), false),
  },
  {
    what: 'HTTP/2: a tunnel for another protocol than WebSocket',
    reason: 'request_protocol_unsupported',
    status: 501,
    detail: /^field :protocol$/,
    notOnNode: NO_HTTP2,
    provoke: askHttp2(requestFields('CONNECT', '/volume', [[':protocol', 'h2c']]), false),
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
