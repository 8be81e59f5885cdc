/** What `kube-entry check` finds in objects of the Gateway API, and the statuses that would be written. Pure. */
import { HostProfiles } from '../control/catalog/host-profiles.ts';
import { SharedGatewayPorts } from '../control/catalog/shared-gateway-ports.ts';
import { certificateOf, isFault, toServe } from '../control/certificates/certificate-facts.ts';
import { type ServiceRef, serviceKey } from '../model/route.ts';
import { namespaceObject } from '../resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayMetadata, ParentRef, RouteKind } from '../resources/gateway/gateway-object.ts';
import type { ServiceObject } from '../resources/service-object.ts';
import type { Settings } from '../settings/schema.ts';
import type { ManifestContents, ManifestGatewayObject } from '../sources/manifest-contents.ts';
import { gatewayKey } from '../translate/gateway/gateway-key.ts';
import type { Found, GatewayLookups } from '../translate/gateway/gateway-lookups.ts';
import type { GatewayStatus } from '../translate/gateway/gateway-status.ts';
import type { TranslatorOptions } from '../translate/gateway/gateway-translator.ts';
import { type KindedObject, translateGateways } from '../translate/gateway/translate-gateways.ts';
import { authoritiesFault } from '../translate/tls-authorities.ts';
import type { LocatedDiagnostic } from './located-diagnostic.ts';

/** A status, and where its object stands. */
export interface LocatedStatus {
  readonly file: string;
  readonly line: number;
  readonly kind: GatewayKind;
  readonly namespace: string;
  readonly name: string;
  readonly status: GatewayStatus;
}

export interface InspectedGateways {
  readonly diagnostics: readonly LocatedDiagnostic[];
  readonly statuses: readonly LocatedStatus[];
  readonly gatewayCount: number;
  readonly routeCount: number;
  /** Routes of which at least one listener takes requests. */
  readonly attachedCount: number;
}

export interface InspectGatewayOptions
  extends Omit<
    TranslatorOptions,
    'controllerName' | 'addresses' | 'portState' | 'bundleVersion' | 'gatewayServices' | 'sharedPorts'
  > {
  readonly gatewayController: string;
  readonly gatewayMode: Settings['gatewayMode'];
  readonly gatewayAddresses: readonly string[];
}

/** That of deploy/overlays/gateway, for manifests that are checked without a setting. */
const CONTROLLER = 'kube-entry.io/gateway';
const ROUTE_KINDS: ReadonlySet<GatewayKind> = new Set<RouteKind>(['HTTPRoute', 'GRPCRoute', 'TLSRoute']);

/** @param service looks up a Service of the manifests */
export function inspectGateways(
  contents: ManifestContents,
  { gatewayController, gatewayMode, gatewayAddresses, ...options }: InspectGatewayOptions,
  service: (ref: ServiceRef) => ServiceObject | undefined,
): InspectedGateways {
  const objects = contents.gatewayObjects.filter(({ kind }) => kind !== 'Namespace');
  if (objects.length === 0) return { diagnostics: [], statuses: [], gatewayCount: 0, routeCount: 0, attachedCount: 0 };
  const controllerName = gatewayController === '' ? CONTROLLER : gatewayController;
  const addresses = gatewayAddresses.length > 0 ? gatewayAddresses : addressesFor(objects);
  const lookups = lookupsIn(contents, service);
  const known = [...contents.gatewayObjects, ...impliedClasses(objects, controllerName)] as KindedObject[];
  const { diagnostics, statuses } = translateGateways([...impliedNamespaces(objects), ...known], lookups, {
    ...options,
    ...(gatewayMode === 'shared' && { sharedPorts: sharedPorts(addresses) }),
    ...{ controllerName, addresses, portState: () => ({ state: 'listening' }), bundleVersion: () => undefined },
  });
  const located = objects.flatMap(one => {
    const key = gatewayKey(one.kind, one.object.metadata);
    return (diagnostics.get(key) ?? []).map(({ field, severity, message }) => ({
      ...{ file: one.file, line: field === undefined ? one.line : one.lineOf(field), severity, message },
    }));
  });
  const told = objects.flatMap(({ kind, object, file, line }): LocatedStatus[] => {
    const { namespace, name } = object.metadata;
    const status = statuses.get(gatewayKey(kind, object.metadata))?.status;
    // Of a route that names none of our Gateways, nothing would be written.
    if (status === undefined || ('parents' in status && status.parents.length === 0)) return [];
    return [
      { file, line, kind, namespace, name, status: gatewayAddresses.length > 0 ? status : withoutAddresses(status) },
    ];
  });
  const routes = objects.filter(({ kind }) => ROUTE_KINDS.has(kind));
  return {
    diagnostics: [...located, ...routes.flatMap(route => strayParents(route, objects))],
    statuses: told,
    gatewayCount: objects.filter(({ kind }) => kind === 'Gateway').length,
    routeCount: routes.length,
    attachedCount: told.filter(({ status }) => 'parents' in status && status.parents.some(isAccepted)).length,
  };
}

function isAccepted({
  conditions,
}: {
  readonly conditions: readonly { readonly type: string; readonly status: string }[];
}): boolean {
  return conditions.some(({ type, status }) => type === 'Accepted' && status === 'True');
}

/** Whatever is in no manifest may be in the cluster. */
function lookupsIn(
  { secrets, configMaps }: ManifestContents,
  service: (ref: ServiceRef) => ServiceObject | undefined,
): Omit<GatewayLookups, 'namespaceLabels'> {
  const knownSecrets = new Map(secrets.map(({ secret }) => [serviceKey(secret.metadata), secret]));
  const knownMaps = new Map(configMaps.map(({ configMap }) => [serviceKey(configMap.metadata), configMap]));
  return {
    service,
    certificate(ref) {
      const secret = knownSecrets.get(serviceKey(ref));
      if (secret === undefined) return undefined;
      const read = certificateOf(secret);
      const { certificate } = secret;
      if (isFault(read) || certificate === undefined)
        return { fault: isFault(read) ? read.fault : 'it has no tls.key' };
      return { value: toServe(read, certificate.key) };
    },
    authorities(ref): Found<string> {
      const configMap = knownMaps.get(serviceKey(ref));
      if (configMap === undefined) return undefined;
      const pem = configMap.data.get('ca.crt') ?? '';
      const fault = authoritiesFault(pem);
      return fault === undefined ? { value: pem } : { fault };
    },
  };
}

/** Enough for all Gateways, whichever they ask for: those of the cluster are not known here. */
function addressesFor(objects: readonly ManifestGatewayObject[]): string[] {
  const gateways = objects.filter(one => one.kind === 'Gateway') as ManifestGatewayObject<'Gateway'>[];
  const asked = gateways.flatMap(({ object }) => object.spec.addresses.map(({ value }) => value));
  // RFC 5737: no host has them.
  const others = gateways.map((_, index) => `198.51.${100 + Math.floor(index / 250)}.${(index % 250) + 1}`);
  return [...new Set([...asked, ...others])].filter(address => address !== '');
}

/** With a TLS port. Who else names a host there is not known here. */
function sharedPorts(addresses: readonly string[]): SharedGatewayPorts {
  const ports = new SharedGatewayPorts(
    { host: '0.0.0.0', port: 80 },
    { host: '0.0.0.0', port: 443 },
    new HostProfiles(),
  );
  ports.setAddresses(addresses.map(ip => ({ ip })));
  return ports;
}

function withoutAddresses(status: GatewayStatus): GatewayStatus {
  return status.kind === 'Gateway' ? { ...status, addresses: [] } : status;
}

/** A class that no manifest has is taken to be ours: it seldom stands beside the Gateways that name it. */
function impliedClasses(objects: readonly ManifestGatewayObject[], controllerName: string): KindedObject[] {
  const known = new Set(
    objects.filter(({ kind }) => kind === 'GatewayClass').map(({ object }) => object.metadata.name),
  );
  const gateways = objects.filter(one => one.kind === 'Gateway') as ManifestGatewayObject<'Gateway'>[];
  const names = new Set(gateways.map(({ object }) => object.spec.gatewayClassName).filter(name => !known.has(name)));
  return [...names].map(name => ({
    kind: 'GatewayClass',
    object: { metadata: metadataOf(name), spec: { controllerName }, status: undefined },
  }));
}

/** Those that objects belong to. Manifests seldom declare them. */
function impliedNamespaces(objects: readonly ManifestGatewayObject[]): KindedObject[] {
  const names = new Set(objects.map(({ object }) => object.metadata.namespace).filter(name => name !== ''));
  return [...names].map(name => ({ kind: 'Namespace', object: namespaceObject(metadataOf(name)) }));
}

function metadataOf(name: string): GatewayMetadata {
  return { name, namespace: '', generation: 0, creationTimestamp: '', annotations: {}, labels: {} };
}

/** Of a route that names a Gateway which is in no manifest: nothing can be said of it there. */
function strayParents(route: ManifestGatewayObject, objects: readonly ManifestGatewayObject[]): LocatedDiagnostic[] {
  const { namespace } = route.object.metadata;
  const { parentRefs } = route.object.spec as { readonly parentRefs: readonly ParentRef[] };
  const known = new Set(objects.map(({ kind, object }) => gatewayKey(kind, object.metadata)));
  const stray = parentRefs.filter(({ kind, name, namespace: other = namespace }) => {
    return (kind === 'Gateway' || kind === 'ListenerSet') && !known.has(gatewayKey(kind, { namespace: other, name }));
  });
  return [...new Set(stray.map(({ kind, name, namespace: other = namespace }) => `${kind} ${other}/${name}`))].map(
    parent => {
      const message = `the ${parent} is in no manifest: what becomes of the route there is not checked`;
      return { file: route.file, line: route.line, severity: 'warning', message };
    },
  );
}
