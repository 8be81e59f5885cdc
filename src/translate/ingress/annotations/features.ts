import type { IngressFeature } from '../ingress-feature.ts';

/** All annotations of ingress-nginx, in the order in which documents show them. */
export const INGRESS_FEATURES: readonly IngressFeature[] = [];
