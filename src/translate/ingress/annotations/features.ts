import type { IngressFeature } from '../ingress-feature.ts';
import { ACCESS_LOG } from './access-log.ts';
import { CORS } from './cors.ts';
import { ERROR_PAGES } from './error-pages.ts';
import { HEADERS } from './headers.ts';
import { MIRROR } from './mirror.ts';
import { REDIRECT } from './redirect.ts';
import { REWRITE } from './rewrite.ts';
import { SERVER_NAMES } from './server-names.ts';
import { TLS_REDIRECT } from './tls-redirect.ts';
import { UPSTREAM_NAMES } from './upstream-names.ts';
import { UPSTREAM_VHOST } from './upstream-vhost.ts';

/** All annotations of ingress-nginx, in the order in which documents show them. */
export const INGRESS_FEATURES: readonly IngressFeature[] = [
  REWRITE,
  REDIRECT,
  TLS_REDIRECT,
  SERVER_NAMES,
  CORS,
  HEADERS,
  UPSTREAM_VHOST,
  UPSTREAM_NAMES,
  ERROR_PAGES,
  MIRROR,
  ACCESS_LOG,
];
