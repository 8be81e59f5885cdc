/**
 * The closed list of reasons why a request fails, and the one place that says what each means. A reason is a stable word: it
 * stands in the access log, in `kube_entry_request_failures_total`, in the program log and on the dashboard, and
 * `kube-entry explain --reason WORD` prints its row. Imports nothing, so that every part of the program can read it.
 */

/** Who has to change something. `entry` is this program, or what it was told to do. */
export type FailureSource = 'client' | 'upstream' | 'entry';

export interface Failure {
  /**
   * The status of the answer that the entry gives. 0 where the response has always begun before: its status stays. 499 is
   * nginx's status for a client that left before it was answered, and stands in the log only.
   */
  readonly status: number;
  readonly source: FailureSource;
  /** The client's connection ends: where its next request begins is unknown, or it goes on sending what is not read. */
  readonly closes: boolean;
  /** The request may be sent to an upstream once more; retry.ts has the conditions. */
  readonly mayRetry: boolean;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence: what to do about it. */
  readonly remedy: string;
}

/** A request that is refused as it stands. */
function request(status: number, meaning: string, remedy: string): Failure {
  return { status, source: 'client', closes: true, mayRetry: false, meaning, remedy };
}

/** A response that must not be passed on. */
function response(meaning: string, remedy: string): Failure {
  return { status: 502, source: 'upstream', closes: false, mayRetry: false, meaning, remedy };
}

/** The upstream could not be reached, or was silent. */
function upstream(status: 502 | 504, mayRetry: boolean, meaning: string, remedy: string): Failure {
  return { status, source: 'upstream', closes: false, mayRetry, meaning, remedy };
}

/** What happened after the response had begun. */
function late(source: FailureSource, meaning: string, remedy: string): Failure {
  return { status: 0, source, closes: true, mayRetry: false, meaning, remedy };
}

function entry(status: number, closes: boolean, meaning: string, remedy: string): Failure {
  return { status, source: 'entry', closes, mayRetry: false, meaning, remedy };
}

/** The request can be served a moment later. */
function later(meaning: string, remedy: string): Failure {
  return { ...entry(503, false, meaning, remedy), retryAfter: 1 };
}

const MEND_CLIENT =
  'Correct the client or the proxy in front: RFC 9112 forbids this, and it is used to smuggle requests.';
const MEND_UPSTREAM = 'Correct the application: RFC 9112 forbids this, and clients could disagree on where it ends.';

const TABLE = {
  // The routing.
  no_route: entry(
    404,
    false,
    'No route takes the host and path of the request.',
    'Run kube-entry explain HOST/PATH to see which routes come near, and check the annotation kube-entry.io/path of the Service.',
  ),
  table_not_loaded: later(
    'The entry has just started and has not read its first route table.',
    'Wait; if it lasts, kube-entry status says what the source of routes waits for.',
  ),
  no_endpoint: later(
    'The Service of the route has no endpoint to send the request to.',
    'Look whether pods of the Service are ready, with kubectl get endpointslices; or push a backend with endpoints.',
  ),
  endpoints_busy: later(
    'Each endpoint of the Service has as many requests in flight as kube-entry.io/max-requests allows, and the request has waited for 1 s, or 100 others of its worker were waiting.',
    'Add pods, find out why they are slow, or raise kube-entry.io/max-requests.',
  ),
  memory_exhausted: later(
    'What the connections of the worker keep is as much as its memory allows, and the head is too long to be kept as well.',
    'Look at nginx_connections_active: raise the memory limit, add replicas, or lower the limits of time for clients.',
  ),

  // The client.
  client_left: request(
    499,
    'The client closed its connection before it was answered.',
    'Compare the time of the request with the limits of the client and of the load balancer in front.',
  ),
  client_left_mid_response: late(
    'client',
    'The client closed its connection before it had the whole response.',
    'Usually nothing: a user has left the page. If it is always at the same size or time, look for a limit in front.',
  ),
  client_header_timeout: request(
    408,
    'The head of the request did not come within client-header-timeout.',
    'Look at the network of the client, or raise client-header-timeout.',
  ),
  client_body_timeout: request(
    408,
    'The client sent no byte of the request body for client-body-timeout.',
    'Look at the network of the client, or raise client-body-timeout.',
  ),
  client_send_timeout: late(
    'client',
    'The client took no byte of the response for send-timeout.',
    'Look at the network of the client, or raise send-timeout.',
  ),
  tunnel_idle_timeout: late(
    'entry',
    'No byte went through the upgraded connection, a WebSocket for example, for proxy-read-timeout.',
    'Have the application send pings, or raise kube-entry.io/read-timeout on the Service.',
  ),
  request_misdirected: {
    ...request(
      421,
      'The connection was made for another host, whose policy for client certificates is another one (RFC 9110 section 15.5.20).',
      'Usually nothing: browsers send the request again on a connection of its own. A client that goes on must not use one connection for both hosts.',
    ),
    closes: false,
  },
  client_certificate_missing: request(
    400,
    'The host asks for client certificates, and the client sent none, or spoke plain HTTP.',
    'Give the client a certificate that the CA in kube-entry.io/client-ca-secret has signed.',
  ),
  client_certificate_invalid: request(
    400,
    'The certificate of the client is not valid for the host: not signed by its CA, or expired.',
    'Look at the detail in the program log, and at the CA in kube-entry.io/client-ca-secret.',
  ),
  request_body_too_large: request(
    413,
    'The request body is larger than client-max-body-size, or than kube-entry.io/max-body-size of the Service.',
    'Raise the limit on the Service if such bodies are meant to come.',
  ),
  request_line_malformed: request(
    400,
    'The first line of the request is not METHOD TARGET HTTP/1.1.',
    'Check that the client speaks HTTP on this port.',
  ),
  request_line_too_long: request(
    414,
    'The request line is longer than 8 KiB.',
    'Send long data in the body of a POST; the limit is fixed.',
  ),
  request_space_in_target: request(
    400,
    'The request target contains a raw space, or the word after it is no HTTP version.',
    'Have the client encode the space as %20.',
  ),
  request_http_version_malformed: request(
    400,
    'The last word of the request line begins like an HTTP version and is not one.',
    'Have the client send HTTP/1.1.',
  ),
  request_http_version_unsupported: request(
    505,
    'The request line says HTTP/2 or higher, versions that have no request lines.',
    'Have the client begin HTTP/2 with its preface on the plain port, or by ALPN on TLS; or use HTTP/1.1.',
  ),
  request_tls_on_plain_port: request(
    400,
    'The client began a TLS handshake on a port that serves plain HTTP.',
    'Use http:// for this port, or end TLS at a load balancer in front.',
  ),
  request_http_on_tls_port: request(
    400,
    'The client sent plain HTTP to the port that serves TLS.',
    'Use https:// for this port.',
  ),
  proxy_header_missing: request(
    400,
    'A connection from a peer in proxy-protocol does not begin with a header of the PROXY protocol; it was closed without an answer.',
    'Have the load balancer send the header, haproxy by send-proxy-v2 for example, or take its address out of proxy-protocol.',
  ),
  proxy_header_malformed: request(
    400,
    'The header of the PROXY protocol is not a valid one, or was not complete after 10 s; the connection was closed without an answer.',
    'Look at the detail in the program log, and at the load balancer that sends the header.',
  ),
  request_bad_line_end: request(400, 'A line of the request head ends in a bare LF or a bare CR.', MEND_CLIENT),
  request_control_character: request(400, 'The request head contains a control character.', MEND_CLIENT),
  request_space_before_colon: request(400, 'A header name of the request is followed by a space.', MEND_CLIENT),
  request_folded_line: request(400, 'A header of the request is continued on a second line.', MEND_CLIENT),
  request_header_malformed: request(
    400,
    'A header line of the request has no colon, or its name is empty or not a token; in HTTP/2, it may also have a capital.',
    MEND_CLIENT,
  ),
  request_header_too_large: request(
    431,
    'A header line of the request is longer than 8 KiB, or all of them are longer than 32 KiB.',
    'Look for cookies that grow; the limits are fixed.',
  ),
  request_too_many_headers: request(
    431,
    'The request has more than 1000 header lines, or more than 200 in HTTP/2.',
    'Look for a client or proxy that adds a line each time; the limit is fixed.',
  ),
  request_host_missing: request(
    400,
    'The request has no Host header, which HTTP/1.1 requires.',
    'Have the client send Host; health checks written by hand often do not.',
  ),
  request_host_duplicate: request(
    400,
    'The request has more than one Host header, or one that differs from the :authority of HTTP/2.',
    MEND_CLIENT,
  ),
  request_host_malformed: request(
    400,
    'The Host header is empty, or is not a host name with an optional port.',
    'Check the URL that the client uses.',
  ),
  request_content_length_malformed: request(
    400,
    'The Content-Length of the request is not a number of bytes.',
    MEND_CLIENT,
  ),
  request_content_length_duplicate: request(400, 'The request has more than one Content-Length.', MEND_CLIENT),
  request_length_and_chunked: request(400, 'The request has both Content-Length and Transfer-Encoding.', MEND_CLIENT),
  request_transfer_encoding_duplicate: request(400, 'The request has more than one Transfer-Encoding.', MEND_CLIENT),
  request_transfer_encoding_in_http_1_0: request(
    400,
    'A request of HTTP/1.0 has a Transfer-Encoding, which that version does not know.',
    MEND_CLIENT,
  ),
  request_transfer_encoding_unsupported: request(
    501,
    'The Transfer-Encoding of the request is not chunked.',
    'Have the client compress with Content-Encoding instead.',
  ),
  request_chunk_malformed: request(400, 'The chunked body of the request breaks the rules of chunks.', MEND_CLIENT),
  request_connection_field: request(
    400,
    'A header of the HTTP/2 request speaks of the connection, such as Connection, Transfer-Encoding, or TE with more than trailers.',
    'Correct the client or the proxy in front: RFC 9113 forbids this, and it is used to smuggle requests.',
  ),
  request_pseudo_field: request(
    400,
    'A pseudo-header of the HTTP/2 request, such as :path, is missing, repeated, unknown, misplaced, or has a value that it must not have.',
    'Correct the client or the proxy in front: RFC 9113 forbids this, and it is used to smuggle requests.',
  ),
  request_length_mismatch: request(
    400,
    'The HTTP/2 request has more data than its Content-Length says, or less.',
    'Correct the client or the proxy in front: RFC 9113 forbids this, and it is used to smuggle requests.',
  ),
  request_protocol_unsupported: request(
    501,
    'The client asks for a tunnel of HTTP/2 for another protocol than WebSocket.',
    'Have the client use HTTP/1.1 for protocols that --upgrade-protocols lists.',
  ),
  request_method_refused: request(
    405,
    'The method is CONNECT or TRACE, which are not forwarded.',
    'Do not use this port as a forward proxy.',
  ),
  request_target_malformed: request(
    400,
    'The request target is neither a path nor an http URL without user information.',
    'Check the URL that the client uses.',
  ),
  request_path_above_root: request(
    400,
    'The path has more .. segments than folders: it climbs above the root.',
    'Nothing, if it is a scanner; else correct the link.',
  ),
  request_escape_malformed: request(
    400,
    'The path has a % that is not followed by two hex digits, or %00.',
    'Have the client encode a literal % as %25.',
  ),
  request_malformed: request(
    400,
    'The HTTP parser of the engine node refused the request.',
    'Run with the engine wire, which names the fault more precisely.',
  ),

  // The upstream, before its response.
  upstream_name_unresolved: upstream(
    502,
    true,
    'The host name of the upstream does not resolve.',
    'Check the externalName of the Service, or the host names of pushed endpoints, and the DNS of the node.',
  ),
  upstream_refused: upstream(
    502,
    true,
    'The upstream refused the connection: nothing listens there.',
    'Check that pods are ready and listen on the targetPort of the Service.',
  ),
  upstream_unreachable: upstream(
    502,
    true,
    'The network has no way to the address of the upstream.',
    'Check that this program runs where ClusterIPs are reachable, and the NetworkPolicies.',
  ),
  upstream_connect_failed: upstream(
    502,
    true,
    'The connection to the upstream failed while it was being made.',
    'Look up the error code that the program log shows with an example.',
  ),
  upstream_connect_timeout: upstream(
    504,
    true,
    'The upstream did not accept the connection within proxy-connect-timeout, or within 1 s while another pod could be asked.',
    'Check that ClusterIPs are reachable from here and that no NetworkPolicy drops the packets.',
  ),
  upstream_send_timeout: upstream(
    504,
    false,
    'The upstream took no byte of the request for proxy-send-timeout.',
    'Find out why the application does not read, or raise kube-entry.io/send-timeout on the Service.',
  ),
  upstream_read_timeout: upstream(
    504,
    false,
    'The upstream sent no response for proxy-read-timeout.',
    'Find out why the application is slow, or raise kube-entry.io/read-timeout on the Service.',
  ),
  upstream_closed: upstream(
    502,
    true,
    'The upstream closed the connection before its response was complete enough to begin.',
    'Look for restarts or crashes of the application, and for an idle limit shorter than 5 s.',
  ),
  upstream_reset: upstream(
    502,
    true,
    'The upstream reset the connection before its response was complete enough to begin.',
    'Look for restarts or crashes of the application, and for an idle limit shorter than 5 s.',
  ),

  upstream_stream_refused: upstream(
    502,
    true,
    'The upstream said that it did nothing with the request (REFUSED_STREAM, or GOAWAY), and so did another, or the body is longer than the 64 KiB that are kept to be sent again.',
    'Look for restarts of the application, and for a limit of streams that is too low.',
  ),
  upstream_stream_reset: upstream(
    502,
    false,
    'The upstream ended the stream of the request (RST_STREAM) before its response began.',
    'Look up the error code that the program log shows with an example, and the log of the application.',
  ),
  upstream_certificate_expired: upstream(
    502,
    true,
    'The certificate of the upstream has expired, or is not valid yet.',
    'Renew the certificate that the pods serve, and look at the clocks.',
  ),
  upstream_certificate_wrong_name: upstream(
    502,
    true,
    'The certificate of the upstream is not for the name that is expected: NAME.NAMESPACE.svc, or kube-entry.io/server-name of the Service.',
    'Add that name to the certificate, or set kube-entry.io/server-name to a name that it has.',
  ),
  upstream_certificate_untrusted: upstream(
    502,
    true,
    'The certificate of the upstream is not signed by an authority that is trusted.',
    'Set kube-entry.io/ca-secret of the Service to the Secret with the authority that signed it.',
  ),
  upstream_tls_failed: upstream(
    502,
    true,
    'The TLS handshake with the upstream failed.',
    'Check that the port of the Service speaks TLS 1.2 or 1.3; the program log shows the error code with an example.',
  ),

  // The head of the response.
  response_not_http2: response(
    'The upstream does not speak HTTP/2, which kube-entry.io/protocol of its Service says it does.',
    'Correct kube-entry.io/protocol or appProtocol of the Service, or the port that it names.',
  ),
  response_http2_malformed: response(
    'The upstream broke the rules of HTTP/2.',
    'Correct the application, or its library for HTTP/2: the program log shows with an example what it sent.',
  ),
  response_status_line_malformed: response(
    'The first line of the response is not HTTP/1.1 STATUS REASON.',
    'Check that the port of the Service speaks plain HTTP/1.1, not TLS, HTTP/2 or another protocol.',
  ),
  response_bad_line_end: response('A line of the response head ends in a bare LF or a bare CR.', MEND_UPSTREAM),
  response_control_character: response('The response head contains a control character.', MEND_UPSTREAM),
  response_space_before_colon: response('A header name of the response is followed by a space.', MEND_UPSTREAM),
  response_folded_line: response('A header of the response is continued on a second line.', MEND_UPSTREAM),
  response_header_malformed: response(
    'A header line of the response has no colon, or its name is empty or not a token.',
    MEND_UPSTREAM,
  ),
  response_header_too_large: response(
    'A line of the response head is longer than 8 KiB, or all of them are longer than 32 KiB.',
    'Have the application send smaller headers; look for large cookies. The limits are fixed.',
  ),
  response_too_many_headers: response(
    'The response has more than 1000 header lines.',
    'Have the application send fewer headers; the limit is fixed.',
  ),
  response_content_length_malformed: response(
    'The Content-Length of the response is not a number of bytes.',
    MEND_UPSTREAM,
  ),
  response_content_length_duplicate: response('The response has more than one Content-Length.', MEND_UPSTREAM),
  response_length_and_chunked: response('The response has both Content-Length and Transfer-Encoding.', MEND_UPSTREAM),
  response_transfer_encoding_duplicate: response('The response has more than one Transfer-Encoding.', MEND_UPSTREAM),
  response_transfer_encoding_in_http_1_0: response(
    'A response of HTTP/1.0 has a Transfer-Encoding, which that version does not know.',
    MEND_UPSTREAM,
  ),
  response_transfer_encoding_unsupported: response(
    'The Transfer-Encoding of the response is not chunked.',
    'Have the application compress with Content-Encoding instead.',
  ),
  response_too_many_interim: response(
    'The upstream sent more than 100 interim responses (1xx) to one request.',
    'Correct the application: each of them begins proxy-read-timeout anew, and the request might never end.',
  ),
  response_unasked_switch: response(
    'The upstream answered 101 to a request that did not offer that protocol.',
    'Have the application answer 101 only to an Upgrade; --upgrade-protocols lists what is offered.',
  ),
  response_malformed: response(
    'The HTTP parser of the engine node refused the response.',
    'Run with the engine wire, which names the fault more precisely.',
  ),

  // The response, after it has begun: it arrives cut.
  response_cut_by_close: late(
    'upstream',
    'The upstream closed the connection in the middle of its response.',
    'Look for restarts or crashes of the application, and for a Content-Length that is too large.',
  ),
  response_cut_by_reset: late(
    'upstream',
    'The upstream reset the connection in the middle of its response.',
    'Look for restarts or crashes of the application.',
  ),
  response_cut_by_timeout: late(
    'upstream',
    'The upstream stopped in the middle of its response for proxy-read-timeout.',
    'Find out why the application stalls, or raise kube-entry.io/read-timeout on the Service.',
  ),
  response_chunk_malformed: late(
    'upstream',
    'The chunked body of the response breaks the rules of chunks.',
    MEND_UPSTREAM,
  ),
  response_length_mismatch: late(
    'upstream',
    'The body of the response, over HTTP/2, is longer or shorter than its Content-Length.',
    'Correct the application.',
  ),

  // This program.
  out_of_sockets: entry(
    502,
    false,
    'This machine has no file descriptor, local port or memory left for a connection to the upstream.',
    'Raise the limit of open files, and look for a Service whose connections are not kept alive.',
  ),
  shutdown: entry(
    499,
    true,
    'This program ended before the request was over.',
    'Raise shutdown-timeout, and keep terminationGracePeriodSeconds above it and shutdown-delay together.',
  ),
  internal: entry(
    500,
    true,
    'A bug of kube-entry ended this request; others were not harmed.',
    'Report it, with the stack that the program log shows at error.',
  ),
} as const satisfies Record<string, Failure>;

export type FailureReason = keyof typeof TABLE;

export const FAILURES: Readonly<Record<FailureReason, Failure>> = TABLE;

/** Every reason, in the order of the table. */
export const FAILURE_REASONS = Object.keys(TABLE) as readonly FailureReason[];

/** Where each reason is in {@link FAILURE_REASONS}. */
export const FAILURE_INDEX = Object.fromEntries(FAILURE_REASONS.map((reason, index) => [reason, index])) as Readonly<
  Record<FailureReason, number>
>;

/** The errors of a connect that are about this machine, not about the upstream. */
const OWN_ERRORS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EAGAIN', 'ENOBUFS', 'ENOMEM']);

/** What Node says of certificates that it does not accept. */
const CERTIFICATE_ERRORS: ReadonlyMap<string, FailureReason> = new Map([
  ['CERT_HAS_EXPIRED', 'upstream_certificate_expired'],
  ['CERT_NOT_YET_VALID', 'upstream_certificate_expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'upstream_certificate_wrong_name'],
  ['CERT_UNTRUSTED', 'upstream_certificate_untrusted'],
  ['CERT_SIGNATURE_FAILURE', 'upstream_certificate_untrusted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'upstream_certificate_untrusted'],
  ['INVALID_CA', 'upstream_certificate_untrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'upstream_certificate_untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'upstream_certificate_untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'upstream_certificate_untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'upstream_certificate_untrusted'],
]);

/** @param code of what ended a TLS handshake */
export function handshakeFailure(code: string): FailureReason {
  return CERTIFICATE_ERRORS.get(code) ?? 'upstream_tls_failed';
}

/** @param error of a connect, or of the look-up of a name before it */
export function connectFailure(error: NodeJS.ErrnoException): FailureReason {
  const { code = '', syscall = '' } = error;
  if (code === 'ENOTFOUND' || /^(?:query|getaddrinfo)/.test(syscall)) return 'upstream_name_unresolved';
  if (code === 'ECONNREFUSED') return 'upstream_refused';
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'upstream_unreachable';
  if (code === 'ETIMEDOUT') return 'upstream_connect_timeout';
  return OWN_ERRORS.has(code) ? 'out_of_sockets' : 'upstream_connect_failed';
}
