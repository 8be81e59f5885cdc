import { download, post16k, upload } from './bodies.ts';
import { connectionPerRequest } from './connection-per-request.ts';
import { grpcAlone, grpcUnary } from './grpc.ts';
import { headerRules, httpRouteGet, methodRules, queryRules } from './http-routes.ts';
import { http2Alone, http2Download, http2OverTls, http2OverTlsAlone, http2Shared, http2Small } from './http2.ts';
import { idleConnections, idleHttp2, idleTls } from './idle-connections.ts';
import { ingressPaths, ingressPatterns, ingressRoutes } from './ingress-routes.ts';
import { manyRoutes } from './many-routes.ts';
import {
  addresses,
  authUrl,
  basicAuth,
  br,
  cors,
  gzip,
  headerEdits,
  maxConnections,
  rateLimit,
  zstd,
} from './policies.ts';
import { routeChanges } from './route-changes.ts';
import type { Scenario } from './scenario.ts';
import { smallGet, smallGet512, smallGetLogged } from './small-get.ts';
import {
  ecdsaFullHandshake,
  ecdsaHandshake,
  rsaFullHandshake,
  rsaHandshake,
  tls12Handshake,
  tlsDownload,
  tlsSmall,
  tlsUpload,
} from './tls.ts';
import { tlsCertificates, tlsHosts } from './tls-hosts.ts';
import { webSocketEcho } from './websocket.ts';

/** In the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  smallGet,
  smallGetLogged,
  smallGet512,
  manyRoutes,
  ingressRoutes,
  ingressPaths,
  ingressPatterns,
  httpRouteGet,
  headerRules,
  queryRules,
  methodRules,
  post16k,
  download,
  upload,
  connectionPerRequest,
  idleConnections,
  idleTls,
  idleHttp2,
  tlsSmall,
  tlsDownload,
  tlsUpload,
  ecdsaHandshake,
  rsaHandshake,
  tls12Handshake,
  ecdsaFullHandshake,
  rsaFullHandshake,
  tlsHosts,
  tlsCertificates,
  http2Small,
  http2Alone,
  http2Shared,
  http2Download,
  http2OverTls,
  http2OverTlsAlone,
  grpcUnary,
  grpcAlone,
  addresses,
  headerEdits,
  cors,
  rateLimit,
  maxConnections,
  basicAuth,
  authUrl,
  gzip,
  br,
  zstd,
  webSocketEcho,
  routeChanges,
];
