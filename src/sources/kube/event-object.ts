/** What is said about a Service, an Ingress or an object of the Gateway API, as a v1 Event, and whether an Event says it already. */
import { createHash } from 'node:crypto';
import type { GatewayApiKind } from '../../model/diagnostic.ts';
import { GATEWAY_GROUP } from '../../resources/gateway/gateway-object.ts';
import { isObject } from '../../resources/service-object.ts';
import { compareVersions } from './resource-version.ts';

/** As the API of events.k8s.io limits it. */
const LONGEST_MESSAGE = 1_024;

/** The object an Event is about. The metadata of a watched Service will do. */
export interface EventSubject {
  /** Absent: a Service. */
  readonly kind?: 'Ingress' | 'ConfigMap' | GatewayApiKind;
  /** Empty for a kind that belongs to no namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface ServiceEvent {
  readonly service: EventSubject;
  /** Another object that has to do with it. */
  readonly related?: EventSubject | undefined;
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** When it was seen, in milliseconds since 1970, and by whom. */
export interface Sighting {
  readonly at: number;
  /** The replica: its pod's name. */
  readonly reportingInstance: string;
}

/** The same for whatever is said again, by any replica. */
export function identityOf({ service, reason, message }: ServiceEvent): string {
  return JSON.stringify([service.uid ?? [service.kind, service.namespace, service.name], reason, message]);
}

/** The same for all Events of one object. */
export function subjectKey({ kind, namespace, name }: EventSubject): string {
  return `${kind ?? 'Service'} ${namespace}/${name}`;
}

/** Follows from what is said, so that replicas that say the same make one Event of it. */
export function eventName(event: ServiceEvent): string {
  const digest = createHash('sha256').update(identityOf(event)).digest('hex').slice(0, 16);
  return `${event.service.name}.${digest}`;
}

/** Events about what belongs to no namespace are in this one, as those of Kubernetes itself. */
export function eventNamespace({ namespace }: EventSubject): string {
  return namespace === '' ? 'default' : namespace;
}

export function eventObject(event: ServiceEvent, sighting: Sighting) {
  const { service, related, type, reason, message } = event;
  const timestamp = timestampOf(sighting);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: eventName(event), namespace: eventNamespace(service) },
    involvedObject: reference(service),
    ...(related !== undefined && { related: reference(related) }),
    type,
    reason,
    message: shortened(message),
    ...reporter(sighting),
    firstTimestamp: timestamp,
    lastTimestamp: timestamp,
    count: 1,
  };
}

/**
 * The change that makes an Event say it once more.
 * @param known the Event as it is
 * @returns undefined when it has been said: the versions of the Services tell one occurrence from the next, and they are
 * the same for every replica and after every restart
 */
export function repetition(known: unknown, event: ServiceEvent, sighting: Sighting): object | undefined {
  if (!isObject(known) || !isObject(known.metadata)) return undefined;
  const { involvedObject, related, count } = known;
  const [said, now] = [versionsOf(involvedObject, related), versionsOf(event.service, event.related)];
  if (said.every((version, index) => version === now[index])) return undefined;
  // A replica that was cut off for a while has nothing new to say.
  if (compareVersions(said[0] ?? '', now[0] ?? '') > 0) return undefined;
  return {
    // Refused when the Event has changed since: another replica was faster.
    metadata: { resourceVersion: known.metadata.resourceVersion },
    involvedObject: reference(event.service),
    ...(event.related !== undefined && { related: reference(event.related) }),
    ...reporter(sighting),
    lastTimestamp: timestampOf(sighting),
    count: (typeof count === 'number' ? count : 1) + 1,
  };
}

function versionsOf(service: unknown, related: unknown): (string | undefined)[] {
  const field = (object: unknown, name: string): string | undefined => {
    const value = isObject(object) ? object[name] : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  return [field(service, 'resourceVersion'), field(related, 'uid'), field(related, 'resourceVersion')];
}

function reference({ kind, namespace, name, uid, resourceVersion }: EventSubject) {
  const place = namespace === '' ? {} : { namespace };
  return { apiVersion: apiVersionOf(kind), kind: kind ?? 'Service', ...place, name, uid, resourceVersion };
}

function apiVersionOf(kind: EventSubject['kind']): string {
  if (kind === undefined || kind === 'ConfigMap') return 'v1';
  return kind === 'Ingress' ? 'networking.k8s.io/v1' : `${GATEWAY_GROUP}/v1`;
}

function reporter({ reportingInstance }: Sighting) {
  return {
    source: { component: 'kube-entry', host: reportingInstance },
    reportingComponent: 'kube-entry.io/kube-entry',
    reportingInstance,
  };
}

function timestampOf({ at }: Sighting): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

function shortened(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE - 1)}…`;
}
