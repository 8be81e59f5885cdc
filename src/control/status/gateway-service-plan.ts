/** What is to be done so that each Gateway has its Service and EndpointSlices. Pure. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ServiceRef } from '../../model/route.ts';
import { serviceKey } from '../../model/route.ts';
import { type GatewayService, owningGateways, targetPorts } from '../../resources/gateway/gateway-service.ts';
import { isObject } from '../../resources/service-object.ts';
import type { WholeObject } from '../../sources/kube/gateway-service-source.ts';
import type { GatewayServices } from '../../translate/gateway/gateway-lookups.ts';
import type { GatewayReading } from '../../translate/gateway/readings.ts';
import {
  gatewayServiceName,
  type Manifest,
  type OwnSlice,
  proposeTargets,
  serviceManifest,
  sliceManifest,
} from '../../translate/gateway/services/gateway-service.ts';
import { addressesOfService } from './published-addresses.ts';

/** Tells what was applied last: fields that were taken out of it since are to go. */
const APPLIED = 'gateway.kube-entry.io/applied';
/** Of an endpoint of our own pods. What names the pod would name one of another namespace. */
const ENDPOINT_FIELDS = ['addresses', 'conditions', 'hints', 'nodeName', 'zone'] as const;

/** As the watches show them. */
export interface StoredServices {
  readonly services: Iterable<WholeObject>;
  readonly slices: Iterable<WholeObject>;
  readonly ownSlices: Iterable<WholeObject>;
}

/** An object that is to be applied. */
export interface Application {
  readonly object: Manifest;
  /** Of the object that is there; undefined: the watch shows none. */
  readonly uid: string | undefined;
  /** The Gateway's, where the object is its Service. */
  readonly owner: string | undefined;
}

export interface ServicePlan {
  readonly apply: readonly Application[];
  readonly remove: readonly (WholeObject & { readonly kind: string })[];
  /** Gateways for whose ports no number is left. */
  readonly crowded: readonly ServiceRef[];
}

type Numbers = Pick<GatewayServices, 'type' | 'isGivenAway'> & { free(taken: Set<number>): number | undefined };

/** @param gateways the uids of all Gateways that there are, of whatever class */
export function planServices(
  readings: readonly GatewayReading[],
  stored: StoredServices,
  gateways: ReadonlySet<string>,
  numbers: Numbers,
): ServicePlan {
  const services = byKey(stored.services);
  const slices = byKey(stored.slices);
  const own = [...stored.ownSlices].map(ownSlice);
  const taken = new Set<number>();
  const apply: Application[] = [];
  const remove: ServicePlan['remove'][number][] = [];
  const crowded: ServiceRef[] = [];
  const wanted = new Set<string>();
  for (const { gateway, refusal, addressing, wantedPorts } of readings) {
    const { namespace, uid: owner } = gateway.metadata;
    const ref = { namespace, name: gatewayServiceName(gateway) };
    const key = serviceKey(ref);
    wanted.add(key);
    if (refusal !== undefined || owner === undefined || wantedPorts.length === 0) continue;
    const targetOf = (port: number): number | undefined => addressing.socketOf(port)?.listen.port;
    const targets = proposeTargets(wantedPorts, targetOf, () => numbers.free(taken));
    if (targets === undefined) {
      crowded.push(ref);
      continue;
    }
    const service = services.get(key);
    if (service !== undefined && !owningGateways(service.metadata).has(owner)) continue;
    const uid = uidOf(service);
    const object = marked(serviceManifest(gateway, numbers.type, targets));
    if (service === undefined || !isApplied(service, object)) apply.push({ object, uid, owner });
    if (service === undefined || uid === undefined) continue;
    // Only where this program listens by now: a new number stands in the Service first, for all replicas.
    const open = targets.filter(({ port }) => targetOf(port) !== undefined);
    const wantedSlices = open.length === 0 ? [] : own.map(slice => marked(sliceManifest(gateway, uid, open, slice)));
    for (const slice of wantedSlices) {
      const known = slices.get(serviceKey(slice.metadata));
      if (known === undefined || !isApplied(known, slice))
        apply.push({ object: slice, uid: uidOf(known), owner: undefined });
    }
    const names = new Set(wantedSlices.map(({ metadata }) => metadata.name));
    for (const slice of slices.values()) {
      if (slice.metadata.namespace !== namespace || !isOwnedBy(slice, uid) || names.has(slice.metadata.name)) continue;
      remove.push({ ...slice, kind: 'EndpointSlice' });
    }
  }
  for (const [key, service] of services) {
    // Those of Gateways that are gone are the garbage collector's.
    const isOrphan = !owningGateways(service.metadata).isDisjointFrom(gateways);
    if (!wanted.has(key) && isOrphan) remove.push({ ...service, kind: 'Service' });
  }
  return { apply, remove, crowded };
}

/** What translation asks of the Services. */
export function readGatewayServices({
  services,
  slices,
}: Pick<StoredServices, 'services' | 'slices'>): GatewayService[] {
  const connected = new Set<unknown>();
  for (const { metadata } of slices) for (const { uid } of ownersOf(metadata)) connected.add(uid);
  return [...services].map(service => {
    const { namespace, name, uid } = service.metadata;
    return {
      ...{ namespace, name, uid: String(uid) },
      owners: owningGateways(service.metadata),
      targets: targetPorts(service.spec),
      addresses: addressesOfService(service).map(({ ip, hostname }) =>
        ip === undefined ? { type: 'Hostname', value: hostname ?? '' } : { type: 'IPAddress', value: ip },
      ),
      isConnected: connected.has(uid),
    };
  });
}

function ownSlice({ metadata, addressType, endpoints }: WholeObject): OwnSlice {
  const items: readonly unknown[] = Array.isArray(endpoints) ? endpoints : [];
  return {
    name: metadata.name,
    addressType: String(addressType),
    endpoints: items.filter(isObject).map(endpoint => {
      return Object.fromEntries(
        ENDPOINT_FIELDS.filter(field => field in endpoint).map(field => [field, endpoint[field]]),
      );
    }),
  };
}

function marked(manifest: Manifest): Manifest {
  const digest = createHash('sha256').update(JSON.stringify(manifest)).digest('hex').slice(0, 16);
  const { metadata } = manifest;
  return { ...manifest, metadata: { ...metadata, annotations: { ...metadata.annotations, [APPLIED]: digest } } };
}

/** Whether an object has all that was to be applied, and nothing that was applied before and is no longer wanted. */
function isApplied(stored: WholeObject, wanted: Manifest): boolean {
  return Object.keys(wanted).every(field => {
    if (field === 'apiVersion' || field === 'kind') return true;
    return holds(stored[field as keyof WholeObject], wanted[field]);
  });
}

/** Whether a value has at least the fields of another one. Lists have the same length. */
function holds(value: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(value) && value.length === wanted.length && wanted.every((item, index) => holds(value[index], item))
    );
  }
  if (!isObject(wanted)) return isDeepStrictEqual(value, wanted);
  return isObject(value) && Object.entries(wanted).every(([key, field]) => holds(value[key], field));
}

function byKey(objects: Iterable<WholeObject>): Map<string, WholeObject> {
  return new Map([...objects].map(object => [serviceKey(object.metadata), object]));
}

function uidOf(object: WholeObject | undefined): string | undefined {
  return typeof object?.metadata.uid === 'string' ? object.metadata.uid : undefined;
}

function isOwnedBy({ metadata }: WholeObject, uid: string): boolean {
  return ownersOf(metadata).some(owner => owner.uid === uid);
}

function ownersOf({ ownerReferences }: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  return Array.isArray(ownerReferences) ? (ownerReferences as unknown[]).filter(isObject) : [];
}
