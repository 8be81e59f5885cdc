import { type ServiceRef, serviceKey } from '../../model/route.ts';

/** A name for an Ingress that no Service has. */
export function ingressKey(ingress: ServiceRef): string {
  return `ingress ${serviceKey(ingress)}`;
}
