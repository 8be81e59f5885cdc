/** What a listener says of itself, before it is compared with others and before what it names is looked up. Pure. */
import {
  GATEWAY_GROUP,
  type Listener,
  ROUTE_KINDS,
  type RouteKind,
} from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import type { Fault } from '../conditions.ts';
import type { GatewayLookups } from '../gateway-lookups.ts';
import type { ListenerReading, ParentName } from '../readings.ts';
import { readHostname } from '../routes/hostnames.ts';
import { readNamespaceRule } from './namespaces.ts';

export interface OwnListener extends Pick<ListenerReading, 'protocol' | 'mode' | 'hostname' | 'kinds' | 'allows'> {
  readonly listener: Listener;
  /** The object that it belongs to. */
  readonly parent: ParentName;
  /** Why it cannot be served as it is written. */
  readonly refusal: Fault | undefined;
  /** Kinds of routes that it asks for and does not take. */
  readonly kindsFault: Fault | undefined;
}

const PROTOCOLS = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute'],
} as const satisfies Readonly<Record<string, readonly RouteKind[]>>;

export function readOwnListener(
  listener: Listener,
  parent: ParentName,
  lookups: Pick<GatewayLookups, 'namespaceLabels'>,
): OwnListener {
  const { protocol: written, allowedRoutes } = listener;
  const protocol = Object.hasOwn(PROTOCOLS, written) ? (written as keyof typeof PROTOCOLS) : undefined;
  const hostname = readListenerHostname(listener.hostname);
  const { kinds, fault: kindsFault } = readKinds(listener, protocol);
  const namespaces = readNamespaceRule(allowedRoutes.namespaces, parent.namespace, 'allowedRoutes.namespaces', lookups);
  const unsupported = unknownFault(listener) ?? protocolFault(listener, protocol) ?? hostname.fault ?? namespaces.fault;
  return {
    listener,
    parent,
    protocol,
    mode: modeOf(listener, protocol),
    hostname: hostname.value,
    kinds,
    kindsFault,
    allows: namespaces.allows,
    refusal:
      protocol === undefined
        ? {
            reason: 'UnsupportedProtocol',
            message: `the protocol ${quote(written)} is not served: write HTTP, HTTPS or TLS`,
          }
        : unsupported === undefined
          ? undefined
          : { reason: 'UnsupportedValue', message: unsupported },
  };
}

function modeOf({ tls }: Listener, protocol: ListenerReading['protocol']): ListenerReading['mode'] {
  if (protocol === undefined || protocol === 'HTTP') return undefined;
  if (protocol === 'TLS' && tls === undefined) return undefined;
  return tls?.mode === 'Passthrough' ? 'Passthrough' : 'Terminate';
}

/** A field that is not known may narrow what the listener takes. */
function unknownFault({ unknown: [field] }: Listener): string | undefined {
  return field === undefined ? undefined : `${quote(field)} is a field that this program does not know: remove it`;
}

/** What an API server of today would refuse, and what would be left out in silence. */
function protocolFault({ tls }: Listener, protocol: ListenerReading['protocol']): string | undefined {
  if (protocol === 'HTTP') return tls && 'tls must not be set for the protocol HTTP: remove it, or write HTTPS';
  if (protocol === 'TLS' && tls === undefined) return 'tls.mode must be set for the protocol TLS';
  if (tls === undefined) return undefined;
  const { mode } = tls;
  if (mode !== 'Terminate' && mode !== 'Passthrough') return `tls.mode ${quote(mode)} is not Terminate or Passthrough`;
  if (mode === 'Passthrough')
    return protocol === 'HTTPS' ? 'tls.mode must be Terminate for the protocol HTTPS' : undefined;
  // An option may ask for a protection.
  const [option] = Object.keys(tls.options);
  return option === undefined ? undefined : `tls.options has ${quote(option)}, which is not supported: remove it`;
}

function readListenerHostname(text: string | undefined): { readonly value: string; readonly fault?: string } {
  if (text === undefined || text === '') return { value: '' };
  const value = readHostname(text);
  return value === undefined
    ? { value: '', fault: `the hostname ${quote(text)} is no host name, nor one like "*.example.com"` }
    : { value };
}

function readKinds(
  { protocol: written, allowedRoutes }: Listener,
  protocol: ListenerReading['protocol'],
): { readonly kinds: ReadonlySet<RouteKind>; readonly fault: Fault | undefined } {
  if (protocol === undefined) return { kinds: new Set(), fault: undefined };
  const possible: readonly RouteKind[] = PROTOCOLS[protocol];
  const asked = allowedRoutes.kinds;
  if (asked.length === 0) return { kinds: new Set(possible), fault: undefined };
  const isPossible = ({ group, kind }: (typeof asked)[number], one: RouteKind): boolean =>
    group === GATEWAY_GROUP && kind === one;
  const kinds = new Set(ROUTE_KINDS.filter(one => possible.includes(one) && asked.some(ask => isPossible(ask, one))));
  const bad = asked.find(ask => !possible.some(one => isPossible(ask, one)));
  if (bad === undefined) return { kinds, fault: undefined };
  const shown = quote(bad.group === GATEWAY_GROUP ? bad.kind : `${bad.kind}.${bad.group}`);
  const message = `allowedRoutes.kinds has ${shown}: a listener of the protocol ${written} takes ${possible.join(' and ')}`;
  return { kinds, fault: { reason: 'InvalidRouteKinds', message } };
}
