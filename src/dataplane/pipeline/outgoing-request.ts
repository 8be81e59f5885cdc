import type { AddressRanges } from '../../formats/address-ranges.ts';
import { formatHostPort } from '../../formats/host-port.ts';
import type { Endpoint } from '../../model/cluster.ts';
import { upstreamPath } from '../../model/route.ts';
import { copiedLines } from '../fields/upstream-fields.ts';
import { clientCertificateFields } from './client-certificates.ts';
import type { ExchangeState } from './exchange-state.ts';
import { PolicyEdits } from './filters/field-changes.ts';
import type { OutgoingRequest, RequestView } from './ports.ts';
import type { OwnMessage } from './subrequests/question.ts';
import { forwardedBy } from './told-by-proxies.ts';

/** The request of an exchange as an endpoint gets it. */
export function outgoingRequest(state: ExchangeState, endpoint: Endpoint, trusted: AddressRanges): OutgoingRequest {
  const { route, routing, settings, record, filters } = state;
  const { client } = state.downstream;
  const { target, authority, upgrade } = routing;
  const head = state.head as RequestView;
  const named = settings.upstreamHost === 'as-received' ? authority : routing.host;
  return {
    head,
    target: (filters?.upstreamPath ?? upstreamPath(route.strippedPrefix, target.path)) + target.query,
    host: named || formatHostPort(endpoint.address, endpoint.port),
    authority,
    client,
    forwarded: forwardedBy(head, authority, client, trusted),
    certificateFields: clientCertificateFields(client.tls),
    forwardedPrefix: route.strippedPrefix,
    requestId: record.requestId,
    hiddenCookie: (route.cluster.sticky ?? route.primary?.sticky)?.cookie.name ?? '',
    edits:
      filters === undefined || filters.requestEdits.isEmpty
        ? undefined
        : new PolicyEdits(filters.requestEdits.settle()),
    ownLines: undefined,
    upgrade,
  };
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
