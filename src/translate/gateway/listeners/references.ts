/** The Secrets and ConfigMaps that Gateways and ListenerSets name. Pure. */
import type { Certificate } from '../../../model/certificate.ts';
import { GATEWAY_GROUP, type SecretObjectRef } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import type { Fault } from '../conditions.ts';
import type { Found, GatewayLookups } from '../gateway-lookups.ts';
import type { Grants } from '../grants.ts';
import type { ParentName } from '../readings.ts';

/** What a reference leads to, or why it leads to nothing. */
export type Resolved<T> = { readonly value: T } | { readonly fault: Fault } | 'pending';

export interface ReferenceContext {
  readonly lookups: GatewayLookups;
  readonly grants: Grants;
}

/** The API's words for what is wrong with a reference. */
interface ReferenceReasons {
  readonly wrongKind: string;
  readonly notUsable: string;
}

export function resolveCertificate(
  ref: SecretObjectRef,
  from: ParentName,
  reason: 'InvalidCertificateRef' | 'InvalidClientCertificateRef',
  { lookups, grants }: ReferenceContext,
): Resolved<Certificate> {
  const reasons = { wrongKind: reason, notUsable: reason };
  return resolve(ref, 'Secret', from, reasons, grants, secret => lookups.certificate(secret));
}

export function resolveAuthorities(
  ref: SecretObjectRef,
  from: ParentName,
  { lookups, grants }: ReferenceContext,
): Resolved<string> {
  const reasons = { wrongKind: 'InvalidCACertificateKind', notUsable: 'InvalidCACertificateRef' };
  return resolve(ref, 'ConfigMap', from, reasons, grants, configMap => lookups.authorities(configMap));
}

/** @param kind of the core group, which the reference has to name */
function resolve<T>(
  ref: SecretObjectRef,
  kind: 'Secret' | 'ConfigMap',
  from: ParentName,
  reasons: ReferenceReasons,
  grants: Grants,
  lookUp: (target: { namespace: string; name: string }) => Found<T>,
): Resolved<T> {
  const { group, name, namespace = from.namespace } = ref;
  const shown = `${kind} ${namespace}/${name}`;
  if (group !== '' || ref.kind !== kind) {
    const other = quote(group === '' ? ref.kind : `${ref.kind}.${group}`);
    return fault(reasons.wrongKind, `the reference to ${quote(name)} is to the kind ${other}: name a ${kind}`);
  }
  const source = { group: GATEWAY_GROUP, kind: from.kind, namespace: from.namespace };
  // Before anything is said of what is there: whether another namespace holds a Secret is no one else's business.
  if (namespace !== from.namespace && !grants.isGranted(source, { group, kind, namespace, name })) {
    const advice = `no ReferenceGrant in ${namespace} lets a ${from.kind} of ${from.namespace} name it`;
    return fault('RefNotPermitted', `the ${shown} may not be used: ${advice}`);
  }
  const found = lookUp({ namespace, name });
  if (found === undefined) return 'pending';
  return 'value' in found ? found : fault(reasons.notUsable, `the ${shown} cannot be used: ${found.fault}`);
}

function fault(reason: string, message: string): { readonly fault: Fault } {
  return { fault: { reason, message } };
}
