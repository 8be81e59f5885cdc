import { serviceKey } from '../../model/route.ts';
import type { GatewayMetadata } from '../../resources/gateway/gateway-object.ts';

/** The older object first, then by namespace and name. What no API server has stored counts as the newest. */
export function byAge({ metadata: a }: Aged, { metadata: b }: Aged): number {
  const [left, right] = [
    `${a.creationTimestamp || '~'} ${serviceKey(a)}`,
    `${b.creationTimestamp || '~'} ${serviceKey(b)}`,
  ];
  return left < right ? -1 : left > right ? 1 : 0;
}

interface Aged {
  readonly metadata: GatewayMetadata;
}
