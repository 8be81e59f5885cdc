import { type ServiceRef, serviceKey } from '../../model/route.ts';
import type { GatewayKind } from '../../resources/gateway/gateway-object.ts';

/** A name for an object of the Gateway API that no object of another kind has. */
export function gatewayKey(kind: GatewayKind, object: ServiceRef): string {
  return `${kind} ${serviceKey(object)}`;
}
