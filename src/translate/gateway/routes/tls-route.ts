/** A TLSRoute as streams of the model, and its status. Pure. */
import type { StreamRoute } from '../../../model/gateway-port.ts';
import type { TlsRouteObject } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import type { ListenerReading, RouteReading } from '../readings.ts';
import { attach, type Refusal } from './attachment.ts';
import { strayAnnotations } from './own-policies.ts';
import { RouteClusters } from './route-clusters.ts';
import type { RouteContext } from './route-context.ts';
import { notOurs, routeDiagnostics, routeStatus } from './route-status.ts';

export function readTlsRoute({ metadata, spec }: TlsRouteObject, context: RouteContext): RouteReading {
  const kind = 'TLSRoute';
  const { namespace } = metadata;
  const attachments = attach({ kind, namespace, ...spec }, context);
  if (attachments.length === 0) return notOurs(kind, metadata);
  // A server name chooses a route, and nothing else of a connection could choose a rule.
  const [rule, ...others] = spec.rules;
  const fault = faultOf(rule);
  const refusal: Refusal | undefined = fault === undefined ? undefined : { reason: 'UnsupportedValue', message: fault };
  const sealed = new RouteClusters({ kind, namespace }, context, { arePassedThrough: true });
  const opened = new RouteClusters({ kind, namespace }, context);
  const served = refusal === undefined ? rule : undefined;
  const [sealedBackends, openedBackends] = [backendsOf(served, sealed), backendsOf(served, opened)];
  const streams = new Map<ListenerReading, StreamRoute[]>();
  for (const { listeners } of attachments) {
    for (const [listener, hosts] of listeners) {
      const backends = listener.mode === 'Passthrough' ? sealedBackends : openedBackends;
      streams.set(
        listener,
        hosts.map(({ host }) => ({ host, backends })),
      );
    }
  }
  const dropped = others.map((_, index) => `${index + 1}: a TLSRoute has one rule`);
  const faults = { refusal, dropped, refs: opened.faults };
  const destinations = new Map([...opened.found, ...sealed.found].map(found => [found.cluster.id, found]));
  return {
    routes: [],
    streams: [...streams].flatMap(([listener, all]) => all.map(stream => ({ listener, stream }))),
    destinations: [...destinations.values()],
    attached: refusal === undefined ? new Set(streams.keys()) : new Set(),
    status: routeStatus(kind, metadata, attachments, faults),
    diagnostics: routeDiagnostics(kind, metadata, attachments, faults, [
      // No request is seen here, so that no policy can act.
      ...strayAnnotations(kind, metadata, new Set()),
      ...opened.warnings,
    ]),
  };
}

type TlsRule = TlsRouteObject['spec']['rules'][number];

function faultOf(rule: TlsRule | undefined): string | undefined {
  if (rule === undefined) return 'the route has no rule';
  const [field] = rule.unknown;
  return field && `the field ${quote(field)} is not served`;
}

/** Connections to what cannot be reached keep their share, and are refused. */
function backendsOf(rule: TlsRule | undefined, clusters: RouteClusters) {
  return (rule?.backendRefs ?? []).map((ref): StreamRoute['backends'][number] => {
    const cluster = clusters.clusterOf(ref) ?? clusters.invalid();
    return { cluster: cluster.id, weight: ref.weight };
  });
}
