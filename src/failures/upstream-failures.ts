/** What goes wrong between this program and an upstream. */
import { entry, type Failure, late, MEND_UPSTREAM, response, upstream } from './failure.ts';

export const UPSTREAM_FAILURES = {
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
    'Find out why the application does not read, or raise kube-entry.io/send-timeout on the Service, or proxy-send-timeout on the Ingress.',
  ),
  upstream_read_timeout: upstream(
    504,
    false,
    'The upstream sent no response for proxy-read-timeout.',
    'Find out why the application is slow, or raise kube-entry.io/read-timeout on the Service, or proxy-read-timeout on the Ingress.',
  ),
  route_request_timeout: entry(
    504,
    false,
    'The request took longer, with all tries, than timeouts.request of the HTTPRoute.',
    'Find out why the application is slow, or raise timeouts.request.',
  ),
  route_backend_timeout: upstream(
    504,
    true,
    'A pod took longer for its answer than timeouts.backendRequest of the HTTPRoute lets each try take.',
    'Find out why the application is slow, or raise timeouts.backendRequest; retry of the rule would ask another pod.',
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
    'The certificate of the upstream is not for the name that is expected: NAME.NAMESPACE.svc, kube-entry.io/server-name of the Service, or proxy-ssl-name of the Ingress.',
    'Add that name to the certificate, or set kube-entry.io/server-name or proxy-ssl-name to a name that it has.',
  ),
  upstream_certificate_untrusted: upstream(
    502,
    true,
    'The certificate of the upstream is not signed by an authority that is trusted.',
    'Set kube-entry.io/ca-secret of the Service, or proxy-ssl-secret of the Ingress, to the Secret with the authority that signed it.',
  ),
  upstream_tls_failed: upstream(
    502,
    true,
    'The TLS handshake with the upstream failed.',
    'Check that the port of the Service speaks TLS 1.2 or 1.3; the program log shows the error code with an example.',
  ),

  // The head of the response.
  response_not_http2: response(
    'The upstream does not speak HTTP/2, which kube-entry.io/protocol of its Service, or backend-protocol of its Ingress, says it does.',
    'Correct kube-entry.io/protocol or appProtocol of the Service, backend-protocol of the Ingress, or the port that it names.',
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
    'Find out why the application stalls, or raise kube-entry.io/read-timeout on the Service, or proxy-read-timeout on the Ingress.',
  ),
  response_cut_by_backend_timeout: late(
    'upstream',
    'The response had begun, and took longer than timeouts.backendRequest of the HTTPRoute lets each try take.',
    'Raise timeouts.backendRequest: it also covers the body of the response.',
  ),
  response_cut_by_request_timeout: late(
    'entry',
    'The response had begun, and the request took longer than timeouts.request of the HTTPRoute.',
    'Raise timeouts.request: it also covers the body of the response.',
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
} as const satisfies Record<string, Failure>;
