import type { GatewayKinds, RouteKind } from '../../../resources/gateway/gateway-object.ts';
import type { RouteReading } from '../readings.ts';
import type { RouteContext } from './route-context.ts';
import { readGrpcRoute, readHttpRoute } from './ruled-route.ts';
import { readTlsRoute } from './tls-route.ts';

const READERS: { readonly [K in RouteKind]: (object: GatewayKinds[K], context: RouteContext) => RouteReading } = {
  HTTPRoute: readHttpRoute,
  GRPCRoute: readGrpcRoute,
  TLSRoute: readTlsRoute,
};

/** What becomes of a route. Whatever stands in it, this never throws: what cannot be served is told in its status. */
export function readRoute<K extends RouteKind>(kind: K, object: GatewayKinds[K], context: RouteContext): RouteReading {
  return READERS[kind](object, context);
}
