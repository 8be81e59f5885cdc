import type { IngressFeature } from '../ingress-feature.ts';
import { ACCESS } from './access.ts';
import { ACCESS_LOG } from './access-log.ts';
import { AFFINITY } from './affinity.ts';
import { BACKEND_PROTOCOL } from './backend-protocol.ts';
import { BALANCING } from './balancing.ts';
import { CANARY } from './canary.ts';
import { CLIENT_CERTIFICATES } from './client-certificates.ts';
import { COMPRESSION } from './compression.ts';
import { CORS } from './cors.ts';
import { DEAD_ANNOTATIONS } from './dead.ts';
import { ERROR_PAGES } from './error-pages.ts';
import { HEADERS } from './headers.ts';
import { LIMITS } from './limits.ts';
import { MIRROR } from './mirror.ts';
import { MODSECURITY } from './modsecurity.ts';
import { NEXT_UPSTREAM } from './next-upstream.ts';
import { PROXY_LIMITS } from './proxy-limits.ts';
import { REDIRECT } from './redirect.ts';
import { REWRITE } from './rewrite.ts';
import { SERVER_NAMES } from './server-names.ts';
import { SNIPPETS } from './snippets.ts';
import { SSL_PASSTHROUGH } from './ssl-passthrough.ts';
import { TLS_REDIRECT } from './tls-redirect.ts';
import { UPSTREAM_NAMES } from './upstream-names.ts';
import { UPSTREAM_VHOST } from './upstream-vhost.ts';
import { NOT_DONE, WITHOUT_EFFECT } from './without-effect.ts';

/** All annotations of ingress-nginx, in the order in which documents show them. */
export const INGRESS_FEATURES: readonly IngressFeature[] = [
  // A snippet says more than the ConfigMap, and what answers a request in it comes before what annotations say.
  PROXY_LIMITS,
  SNIPPETS,
  REWRITE,
  REDIRECT,
  TLS_REDIRECT,
  SERVER_NAMES,
  CORS,
  HEADERS,
  LIMITS,
  ACCESS,
  CLIENT_CERTIFICATES,
  UPSTREAM_VHOST,
  UPSTREAM_NAMES,
  ERROR_PAGES,
  MIRROR,
  ACCESS_LOG,
  MODSECURITY,
  BACKEND_PROTOCOL,
  BALANCING,
  AFFINITY,
  CANARY,
  NEXT_UPSTREAM,
  SSL_PASSTHROUGH,
  COMPRESSION,
  WITHOUT_EFFECT,
  NOT_DONE,
  DEAD_ANNOTATIONS,
];
