import type { Clock } from '../../clock.ts';
import type { ObjectRef } from '../../model/diagnostic.ts';
import type { ConfigMapRef } from '../../resources/config-map.ts';
import type { IngressOptions } from '../../translate/ingress/ingress-options.ts';
import type { TranslateOptions } from '../../translate/service.ts';

export interface CatalogOptions extends TranslateOptions, Partial<Omit<IngressOptions, 'allowExternalName'>> {
  /** The ConfigMap of ingress-nginx. */
  readonly ingressConfigmap?: ConfigMapRef | undefined;
  /** Of GatewayClasses whose Gateways are served; empty: none is. */
  readonly gatewayController?: string;
  /** For Gateways, one for each. */
  readonly gatewayAddresses?: readonly string[];
  /** The source whose first complete set makes the table worth serving. */
  readonly waitsFor: 'services' | 'pushed';
  /** Hears of what only a bug in this program can cause, and of the Service that is refused for it. By default it is thrown. */
  readonly onBug?: (error: unknown, doing: string, object: ObjectRef) => void;
  readonly clock?: Clock;
}
