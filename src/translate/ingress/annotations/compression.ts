import type { ContentCoding } from '../../../model/policy.ts';
import type { IngressFeature } from '../ingress-feature.ts';

/** Compressed responses, for which ingress-nginx has no annotation. */
export const COMPRESSION: IngressFeature = {
  rows: [],
  read({ config: { useGzip, enableBrotli } }) {
    const codings: ContentCoding[] = [...(enableBrotli ? ['br' as const] : []), ...(useGzip ? ['gzip' as const] : [])];
    return codings.length === 0 ? undefined : { policies: [{ kind: 'compress', codings }] };
  },
};
