import { type ServiceRef, serviceKey } from '../../model/route.ts';

/** What decides between two Ingresses that ask for the same. */
export interface Aged {
  readonly ingress: ServiceRef;
  /** RFC 3339; empty where it has none. */
  readonly createdAt: string;
}

/** The older first, and of two of one age the one whose name comes last, as in ingress-nginx. An Ingress without an age is the newest. */
export function byAge(a: Aged, b: Aged): number {
  const [left, right] = [a.createdAt || '~', b.createdAt || '~'];
  if (left !== right) return left < right ? -1 : 1;
  const [leftKey, rightKey] = [serviceKey(a.ingress), serviceKey(b.ingress)];
  return leftKey > rightKey ? -1 : leftKey < rightKey ? 1 : 0;
}
