import type { GatewayKind, GatewayKinds } from '../../resources/gateway/gateway-object.ts';
import type { GatewayLookups } from './gateway-lookups.ts';
import { type GatewayChanges, GatewayTranslator, type TranslatorOptions } from './gateway-translator.ts';

/** An object of the Gateway API, or a Namespace, and its kind. */
export type KindedObject = {
  readonly [K in GatewayKind]: { readonly kind: K; readonly object: GatewayKinds[K] };
}[GatewayKind];

/** All objects of the Gateway API at once. Pure. */
export function translateGateways(
  objects: Iterable<KindedObject>,
  lookups: Omit<GatewayLookups, 'namespaceLabels'>,
  options: TranslatorOptions,
): GatewayChanges {
  const translator = new GatewayTranslator(options, {
    lookupsFor: () => lookups,
    onBug: error => {
      throw error;
    },
  });
  for (const { kind, object } of objects) translator.upsert(kind, object);
  return translator.settle();
}
