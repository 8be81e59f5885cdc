/** Which listeners a route attaches to, by its parentRefs. Pure. */
import { GATEWAY_GROUP, type ParentRef, type RouteKind } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import type { Fault } from '../conditions.ts';
import type { ListenerReading } from '../readings.ts';
import { readHostname, type ServedHost, servedHosts } from './hostnames.ts';
import type { RouteContext } from './route-context.ts';

/** Why a parent does not take a route. */
export interface Refusal extends Fault {
  readonly reason:
    | 'NoMatchingParent'
    | 'NotAllowedByListeners'
    | 'NoMatchingListenerHostname'
    | 'UnsupportedValue'
    | 'IncompatibleFilters';
}

/** What becomes of a route at one parentRef whose parent is ours. */
export interface Attachment {
  readonly parentRef: ParentRef;
  /** Those that take the route, and for which hosts. */
  readonly listeners: ReadonlyMap<ListenerReading, readonly ServedHost[]>;
  /** Undefined where some listener takes it. */
  readonly refusal: Refusal | undefined;
}

/** The status of a route has no more entries. */
const MOST_PARENTS = 32;

interface AttachedRoute {
  readonly kind: RouteKind;
  readonly namespace: string;
  readonly parentRefs: readonly ParentRef[];
  /** None: all hosts. */
  readonly hostnames: readonly string[];
}

/** @returns in the order of the parentRefs, without those that name no parent of ours */
export function attach(route: AttachedRoute, { listenersOf }: Pick<RouteContext, 'listenersOf'>): Attachment[] {
  const attachments: Attachment[] = [];
  const hostnames = route.hostnames.map(readHostname).filter(host => host !== undefined);
  const known = new Set<string>();
  for (const parentRef of route.parentRefs.slice(0, MOST_PARENTS)) {
    if (parentRef.group !== GATEWAY_GROUP || !PARENT_KINDS.has(parentRef.kind)) continue;
    const listeners = listenersOf(parentRef, route.namespace);
    const { kind, namespace = route.namespace, name, sectionName = '', port = 0 } = parentRef;
    const key = `${kind} ${namespace}/${name} ${sectionName} ${port}`;
    // An API server before 1.25 lets one parentRef stand twice.
    if (listeners === undefined || known.has(key)) continue;
    known.add(key);
    attachments.push(attachTo(parentRef, listeners, { ...route, hostnames }, route.hostnames[0]));
  }
  return attachments;
}

const PARENT_KINDS: ReadonlySet<string> = new Set(['Gateway', 'ListenerSet']);

/** @param route its hostnames are those that can be read @param written the first as it is written; undefined where it has none */
function attachTo(
  parentRef: ParentRef,
  all: readonly ListenerReading[],
  route: AttachedRoute,
  written: string | undefined,
): Attachment {
  const refused = (reason: Refusal['reason'], message: string): Attachment => ({
    parentRef,
    listeners: new Map(),
    refusal: { reason, message },
  });
  const { kind: parentKind, name, sectionName, port } = parentRef;
  const [first] = all;
  if (first?.detached !== undefined) return refused('NoMatchingParent', first.detached);
  const meant = all.filter(
    listener =>
      (sectionName === undefined || listener.section === sectionName) && (port === undefined || listener.port === port),
  );
  if (meant.length === 0) {
    const section = sectionName === undefined ? '' : ` named ${quote(sectionName)}`;
    const at = port === undefined ? '' : ` on port ${port}`;
    return refused('NoMatchingParent', `the ${parentKind} ${name} has no listener${section}${at}`);
  }
  const ofKind = meant.filter(listener => listener.kinds.has(route.kind));
  if (ofKind.length === 0)
    return refused('NotAllowedByListeners', `no listener that the parentRef names takes a ${route.kind}`);
  const allowing = ofKind.filter(listener => listener.allows(route.namespace));
  if (allowing.length === 0) {
    const message = `no listener that the parentRef names takes routes of the namespace ${route.namespace}: see allowedRoutes`;
    return refused('NotAllowedByListeners', message);
  }
  // Without any that can be read, it would be served for all hosts.
  if (written !== undefined && route.hostnames.length === 0)
    return refused('UnsupportedValue', `the hostname ${quote(written)} is no host name, nor one like "*.example.com"`);
  const listeners = new Map<ListenerReading, readonly ServedHost[]>();
  for (const listener of allowing) {
    const hosts = servedHosts(listener.hostname, route.hostnames);
    if (hosts.length > 0) listeners.set(listener, hosts);
  }
  if (listeners.size > 0) return { parentRef, listeners, refusal: undefined };
  const message = 'no hostname of the route is one of a listener that the parentRef names';
  return refused('NoMatchingListenerHostname', message);
}
