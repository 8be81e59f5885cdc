import type { AddressRanges } from '../../formats/address-ranges.ts';
import type { Endpoint } from '../../model/cluster.ts';
import { parseHost } from '../../routing/host.ts';
import { formatHostPort } from '../../text/host-port.ts';
import { copiedLines } from '../fields/upstream-fields.ts';
import { clientCertificateFields } from './client-certificates.ts';
import type { ExchangeState } from './exchange-state.ts';
import { askedHost, ingressForwarded } from './ingress-request.ts';
import { requestVariables } from './pick-request.ts';
import type { OutgoingRequest, RequestView } from './ports.ts';
import type { OwnMessage } from './subrequests/question.ts';
import { forwardedBy } from './told-by-proxies.ts';

/** The request of an exchange as an endpoint gets it. */
export function outgoingRequest(state: ExchangeState, endpoint: Endpoint, trusted: AddressRanges): OutgoingRequest {
  const { route, routing, record, filters } = state;
  const { client } = state.downstream;
  const { target, authority, upgrade } = routing;
  const head = state.head as RequestView;
  const { ingress } = route;
  const forwarded = forwardedBy(head, authority, client, trusted);
  return {
    head,
    target: (filters?.upstreamPath ?? routing.upstreamPath) + target.query,
    host: filters?.upstreamHost || upstreamHost(state, trusted) || formatHostPort(endpoint.address, endpoint.port),
    authority,
    client,
    forwarded,
    ingress:
      ingress &&
      ingressForwarded(ingress, { head, client, authority, uri: target.rawPath + target.query, forwarded }, trusted),
    certificateFields: clientCertificateFields(client.tls),
    forwardedPrefix: route.strippedPrefix,
    requestId: record.requestId,
    hiddenCookie: (route.cluster.sticky ?? route.primary?.sticky)?.cookie.name ?? '',
    edits: filters === undefined ? route.changes?.request : filters.editsOfRequest,
    ownLines: undefined,
    upgrade,
  };
}

/** Empty where the request names none. */
function upstreamHost(state: ExchangeState, trusted: AddressRanges): string {
  const { route, routing, settings, head, downstream } = state;
  const { authority } = routing;
  if (route.ingress === undefined) {
    const isAsReceived = route.gateway !== undefined || settings.upstreamHost === 'as-received';
    return isAsReceived ? authority : routing.host;
  }
  const host = route.ingress.upstreamHost?.of(requestVariables(state, trusted), value => value) ?? '';
  if (host !== '' && parseHost(host) !== undefined) return host;
  return askedHost(head as RequestView, downstream.client, authority, trusted);
}

/** The same request for another cluster; undefined for one that asks for another protocol. */
export function copiedRequest(state: ExchangeState, trusted: AddressRanges): OwnMessage | undefined {
  const [endpoint] = state.route.cluster.endpoints;
  if (endpoint === undefined) return undefined;
  const request = outgoingRequest(state, endpoint, trusted);
  if (request.upgrade !== undefined) return undefined;
  const { head, target, host } = request;
  const { method, contentLength, isChunked } = head;
  return { method, target, host, lines: copiedLines(request), contentLength, isChunked };
}
