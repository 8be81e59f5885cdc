/** Failures that come from the client and its connection. */
import { eventually } from '../support/eventually.ts';
import { headersFrame, PREFACE } from '../support/http2-client.ts';
import { type Fields, requestFields } from '../support/http2-fields.ts';
import { frame } from '../support/http2-frames.ts';
import { RawClient } from '../support/raw-client.ts';
import { selfSigned } from '../support/self-signed.ts';
import { BEGUN, type EventCase, GET, LARGE, LIMIT_MS, NONE, never, POST, SECRETS, SHORT_MS } from './event-case.ts';
import { SECRET } from './request-cases.ts';

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

export const CLIENT_EVENT_CASES: readonly EventCase[] = [
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
];
