/** Why a Gateway is not served, whatever its listeners are. Pure. */
import type { GatewayClassObject, GatewayObject } from '../../../resources/gateway/gateway-object.ts';
import { printable } from '../../../text/printable.ts';
import { quote } from '../../../text/quote.ts';
import type { Fault } from '../conditions.ts';
import { classFault } from '../gateway-class.ts';
import { addressRefusal } from './addresses.ts';
import { listenersFault } from './listener-sets.ts';
import { readNamespaceRule } from './namespaces.ts';

/** As in the API. */
const MOST_ADDRESSES = 16;

export function gatewayFault(gateway: GatewayObject, ofClass: GatewayClassObject): Fault | undefined {
  const { spec } = gateway;
  const fault = classFault(ofClass) ?? parametersFault(spec) ?? addressRefusal(spec);
  if (fault !== undefined) return fault;
  const message =
    unknownFault(spec) ??
    listenersFault(spec.listeners) ??
    addressesFault(spec) ??
    portsFault(spec) ??
    admissionFault(gateway);
  return message === undefined ? undefined : { reason: 'Invalid', message };
}

/** A field that is not known may ask for a protection. */
export function unknownFault({ unknown: [field] }: { readonly unknown: readonly string[] }): string | undefined {
  if (field === undefined) return undefined;
  return `spec.${printable(field)} is a field that this program does not know: remove it`;
}

function parametersFault({ infrastructure }: GatewayObject['spec']): Fault | undefined {
  const ref = infrastructure?.parametersRef;
  if (ref === undefined) return undefined;
  const shown = quote(`${ref.kind} ${ref.name}`);
  const message = `spec.infrastructure.parametersRef names ${shown}, and there are no parameters: remove it`;
  return { reason: 'InvalidParameters', message };
}

function addressesFault({ addresses }: GatewayObject['spec']): string | undefined {
  if (addresses.length > MOST_ADDRESSES) return `spec.addresses has more than ${MOST_ADDRESSES} addresses`;
  const values = addresses.map(({ value }) => value).filter(value => value !== '');
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  return twice === undefined ? undefined : `spec.addresses has ${quote(twice)} twice`;
}

function portsFault({ tls }: GatewayObject['spec']): string | undefined {
  const ports = (tls?.frontend?.perPort ?? []).map(({ port }) => port);
  const twice = ports.find((port, index) => ports.indexOf(port) !== index);
  return twice === undefined ? undefined : `spec.tls.frontend.perPort has port ${twice} twice`;
}

function admissionFault({ metadata, spec }: GatewayObject): string | undefined {
  if (spec.allowedListeners === undefined) return undefined;
  const field = 'spec.allowedListeners.namespaces';
  // Of its fault alone is asked here, which no label decides.
  const noLabels = { namespaceLabels: () => undefined };
  return readNamespaceRule(spec.allowedListeners.namespaces, metadata.namespace, field, noLabels).fault;
}
