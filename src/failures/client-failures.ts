/** What clients do wrong, or do not do in time. */
import { type Failure, late, MEND_CLIENT, request } from './failure.ts';

export const CLIENT_FAILURES = {
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
    'Have the application send pings, or raise kube-entry.io/read-timeout on the Service, or proxy-read-timeout on the Ingress.',
  ),
  request_misdirected: {
    ...request(
      421,
      'The connection was made for another host: for one whose policy for client certificates is another one, or for another listener of the Gateway (RFC 9110 section 15.5.20).',
      'Usually nothing: browsers send the request again on a connection of its own. A client that goes on must not use one connection for both hosts.',
    ),
    closes: false,
  },
  client_certificate_missing: request(
    400,
    'The host asks for client certificates, and the client sent none, or spoke plain HTTP.',
    'Give the client a certificate that the CA has signed: kube-entry.io/client-ca-secret of the Service, or auth-tls-secret of the Ingress, names it.',
  ),
  client_certificate_invalid: request(
    400,
    'The certificate of the client is not valid for the host: not signed by its CA, revoked, expired, or at the end of too long a chain.',
    'Look at the detail in the program log, and at the Secret that kube-entry.io/client-ca-secret of the Service, or auth-tls-secret of the Ingress, names.',
  ),
  request_body_too_large: request(
    413,
    'The request body is larger than client-max-body-size, than kube-entry.io/max-body-size of the Service, or than proxy-body-size of the Ingress: 1m unless it says otherwise.',
    'Raise the limit on the Service or the Ingress if such bodies are meant to come.',
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
  request_path_ambiguous: request(
    400,
    'The path has encoded slashes (%2F), and leads to another rule of the Gateway when they are read as slashes.',
    'Nothing, if it is a scanner; else give the rules such paths that both readings lead to the same one.',
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
} as const satisfies Record<string, Failure>;
