/** The Services that a route names. Pure. */
import type { ServiceRef } from '../../../model/route.ts';
import { type BackendRef, GATEWAY_GROUP, type RouteKind } from '../../../resources/gateway/gateway-object.ts';
import type { ServiceObject, ServicePort } from '../../../resources/service-object.ts';
import { quote } from '../../../text/quote.ts';
import type { Fault } from '../conditions.ts';
import type { RouteContext } from './route-context.ts';

/** A port of a Service that a route may lead to. */
export interface ResolvedRef {
  readonly object: ServiceObject;
  readonly port: ServicePort;
}

/** Why requests cannot be sent to what a backendRef names. */
export interface RefFault extends Fault {
  readonly reason: 'InvalidKind' | 'RefNotPermitted' | 'BackendNotFound' | 'UnsupportedProtocol';
}

/** @param from the route that names it */
export function resolveRef(
  { group, kind, namespace, name, port: number }: BackendRef,
  from: { readonly kind: RouteKind; readonly namespace: string },
  { grants, lookups, options }: Pick<RouteContext, 'grants' | 'lookups' | 'options'>,
): ResolvedRef | RefFault {
  if (group !== '' || kind !== 'Service') {
    const shown = quote(group === '' ? kind : `${kind}.${group}`);
    return { reason: 'InvalidKind', message: `the backend ${quote(name)} is of the kind ${shown}: name a Service` };
  }
  const service: ServiceRef = { namespace: namespace ?? from.namespace, name };
  const shown = `${service.namespace}/${name}`;
  // Before anything is said of what is there: a route must not find out what another namespace holds.
  const source = { group: GATEWAY_GROUP, kind: from.kind, namespace: from.namespace };
  if (service.namespace !== from.namespace && !grants.isGranted(source, { group, kind, ...service })) {
    const message = `no ReferenceGrant in ${service.namespace} lets a ${from.kind} of ${from.namespace} name the Service ${name}`;
    return { reason: 'RefNotPermitted', message };
  }
  const notFound = (message: string): RefFault => ({ reason: 'BackendNotFound', message });
  const object = lookups.service(service);
  if (object === undefined) return notFound(`there is no Service ${shown}`);
  if (number === undefined) return notFound(`the reference to the Service ${shown} names no port`);
  const { type, ports = [] } = object.spec;
  const port = ports.find(one => one.port === number && (one.protocol ?? 'TCP') === 'TCP');
  if (type === 'ExternalName') {
    if (options.allowExternalName) return { object, port: port ?? { port: number } };
    const why = 'is of type ExternalName, which is served only with --allow-external-name';
    return notFound(`the Service ${shown} ${why}`);
  }
  return port === undefined ? notFound(`the Service ${shown} has no TCP port ${number}`) : { object, port };
}
