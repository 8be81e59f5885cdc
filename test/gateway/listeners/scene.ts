/** Gateways in the form of the API, with all that they name, and what becomes of them in short. */
import assert from 'node:assert/strict';
import { type Certificate, PrivateKey } from '../../../src/model/certificate.ts';
import type { PortState } from '../../../src/model/gateway-port.ts';
import { type ServiceRef, serviceKey } from '../../../src/model/route.ts';
import { SharedText } from '../../../src/model/shared-text.ts';
import { readGatewayObject } from '../../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../../src/resources/gateway/gateway-object.ts';
import type {
  Found,
  GatewayOptions,
  GatewayServices,
  SharedPorts,
} from '../../../src/translate/gateway/gateway-lookups.ts';
import type {
  Condition,
  GatewayStatus,
  ListenerStatus,
  ObjectStatus,
} from '../../../src/translate/gateway/gateway-status.ts';
import { isGranted } from '../../../src/translate/gateway/grants.ts';
import { readGateways } from '../../../src/translate/gateway/listeners/read-gateways.ts';
import { gatewayStatuses } from '../../../src/translate/gateway/listeners/statuses.ts';
import type { GatewayReading, ListenerReading } from '../../../src/translate/gateway/readings.ts';

export const CONTROLLER = 'kube-entry.io/gateway';

export interface World {
  readonly gateways?: readonly GatewayKinds['Gateway'][];
  readonly listenerSets?: readonly GatewayKinds['ListenerSet'][];
  readonly classes?: readonly GatewayKinds['GatewayClass'][];
  readonly grants?: readonly GatewayKinds['ReferenceGrant'][];
  /** Labels of Namespaces. */
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By `namespace/name`, what is found of it. Others are not there. */
  readonly secrets?: Readonly<Record<string, Found<Certificate>>>;
  readonly configMaps?: Readonly<Record<string, Found<string>>>;
  readonly addresses?: readonly string[];
  readonly gatewayServices?: GatewayServices;
  readonly sharedPorts?: SharedPorts;
  readonly portState?: (port: string) => PortState | undefined;
  /** How many routes attach. */
  readonly attached?: (listener: ListenerReading) => number;
}

export interface Names {
  readonly name?: string;
  readonly namespace?: string;
  readonly createdAt?: string;
  readonly generation?: number;
  readonly uid?: string;
  readonly status?: unknown;
}

/** As an API server gives it. */
export function object<K extends GatewayKind>(kind: K, spec: unknown, names: Names = {}): GatewayKinds[K] {
  const { name = 'gateway', namespace = 'infra', createdAt = '', generation = 3, uid, status } = names;
  const metadata = { name, namespace, creationTimestamp: createdAt, generation, uid };
  const read = readGatewayObject(kind, { metadata, spec, status }, 'default');
  assert.ok('metadata' in read, JSON.stringify(read));
  return read;
}

export function gatewayClass(spec: object = {}, name = 'ours'): GatewayKinds['GatewayClass'] {
  return object('GatewayClass', { controllerName: CONTROLLER, ...spec }, { name, namespace: '' });
}

export const HTTP = { name: 'http', port: 80, protocol: 'HTTP' };

/** @param spec its listeners, or more of it */
export function gateway(spec: readonly object[] | object = {}, names: Names = {}): GatewayKinds['Gateway'] {
  const fields = Array.isArray(spec) ? { listeners: spec as object[] } : spec;
  return object('Gateway', { gatewayClassName: 'ours', listeners: [HTTP], ...fields }, names);
}

export function listenerSet(
  listeners: readonly object[],
  names: Names & { readonly parent?: object } = {},
): GatewayKinds['ListenerSet'] {
  const parentRef = { name: 'gateway', namespace: 'infra', ...names.parent };
  return object('ListenerSet', { parentRef, listeners }, { name: 'set', ...names });
}

/** An HTTPS listener with the Secret `infra/certificate`. */
export function https(fields: object = {}, ref: object = {}): object {
  const certificateRefs = [{ name: 'certificate', ...ref }];
  return { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs }, ...fields };
}

export function certificate(id = 'certificate'): Certificate {
  return { id, chain: SharedText.of('chain'), key: new PrivateKey('key') };
}

export const SECRETS = { 'infra/certificate': { value: certificate() } };

const LISTENING: PortState = { state: 'listening' };

export function readAll(world: World): GatewayReading[] {
  const { grants = [], namespaces = {}, secrets = SECRETS, configMaps = {} } = world;
  const found = <T>(all: Readonly<Record<string, Found<T>>>, kind: string, ref: ServiceRef): Found<T> => {
    const key = serviceKey(ref);
    return Object.hasOwn(all, key) ? all[key] : { fault: `there is no such ${kind}` };
  };
  return readGateways(
    {
      classes: world.classes ?? [gatewayClass()],
      gateways: world.gateways ?? [],
      listenerSets: world.listenerSets ?? [],
      grants: { isGranted: (from, to) => isGranted(grants, from, to) },
      addressBefore: () => undefined,
    },
    {
      service: () => undefined,
      certificate: ref => found(secrets, 'Secret', ref),
      authorities: ref => found(configMaps, 'ConfigMap', ref),
      namespaceLabels: name => namespaces[name],
    },
    optionsOf(world),
  );
}

function optionsOf(world: World): GatewayOptions {
  const { addresses = ['192.0.2.1'], gatewayServices, sharedPorts, portState = () => LISTENING } = world;
  return { controllerName: CONTROLLER, addresses, gatewayServices, sharedPorts, portState };
}

/** The reading of the only Gateway. */
export function readOne(world: World): GatewayReading {
  const [reading, ...others] = readAll(world);
  assert.ok(reading !== undefined && others.length === 0);
  return reading;
}

export function statusesOf(world: World): ObjectStatus[] {
  return readAll(world).flatMap(reading => gatewayStatuses(reading, world.attached ?? (() => 0), optionsOf(world)));
}

type StatusOf<K> = Extract<GatewayStatus, { readonly kind: K }>;

export function statusOf<K extends 'Gateway' | 'ListenerSet'>(kind: K, world: World, name?: string): StatusOf<K> {
  const found = statusesOf(world).find(
    one => one.status.kind === kind && (name ?? one.object.name) === one.object.name,
  );
  assert.ok(found !== undefined, `there is no status of a ${kind}`);
  return found.status as StatusOf<K>;
}

/** `Accepted=True Accepted` for the condition of that type; undefined where there is none. */
export function condition(conditions: readonly Condition[], type: string): string | undefined {
  const found = conditions.find(one => one.type === type);
  return found && `${found.status} ${found.reason}`;
}

/** By type, the conditions of a listener. */
export function listenerConditions(
  status: { readonly listeners: readonly ListenerStatus[] },
  name: string,
): Readonly<Record<string, string>> {
  const listener = status.listeners.find(one => one.name === name);
  assert.ok(listener !== undefined, `there is no status of a listener ${name}`);
  return Object.fromEntries(listener.conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}
