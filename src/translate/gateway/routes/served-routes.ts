/** The routes of the model for the rules of an HTTPRoute or a GRPCRoute, on all listeners that take it. Pure. */
import type { GatewayRoute, Route } from '../../../model/route.ts';
import type { GatewayMetadata } from '../../../resources/gateway/gateway-object.ts';
import type { ListenerReading } from '../readings.ts';
import type { ServedHost } from './hostnames.ts';
import type { Turn } from './http-matches.ts';
import { rankOf } from './rank.ts';
import type { RuleReading } from './rules.ts';

/** For which hosts which listeners serve a route. */
export type ServedAt = ReadonlyMap<ListenerReading, readonly ServedHost[]>;

/** Routes that are told apart by rules. */
export type RuledKind = GatewayRoute['object']['kind'];

/** There are so many turns for each hostname. */
const TURNS = 3;

/** What one rule says of all its routes, which share it, and where the rule takes requests. */
interface RuleRoutes {
  readonly shared: Omit<Route, 'host' | 'path'>;
  readonly places: readonly {
    readonly where: Pick<Route, 'path' | 'match'>;
    readonly turn: Turn;
    readonly listener: Pick<NonNullable<Route['listener']>, 'match' | 'rank' | 'conditions'>;
  }[];
}

export function servedRoutes(
  kind: RuledKind,
  metadata: GatewayMetadata,
  rules: readonly RuleReading[],
  servedAt: ServedAt,
): Route[] {
  const made = rules.map((rule, index) => ruleRoutes(kind, metadata, rule, index));
  const routes: Route[] = [];
  for (const [{ portId, hostname }, hosts] of servedAt) {
    if (portId === undefined) continue;
    for (const { host, hostRank } of hosts) {
      for (const { shared, places } of made) {
        for (const { where, listener, turn } of places) {
          routes.push({
            ...shared,
            host,
            ...where,
            listener: { port: portId, hostname, ...listener, hostRank: TURNS * hostRank - turn },
          });
        }
      }
    }
  }
  return routes;
}

function ruleRoutes(kind: RuledKind, metadata: GatewayMetadata, rule: RuleReading, index: number): RuleRoutes {
  const { namespace, name, creationTimestamp: createdAt } = metadata;
  const { cluster, backends, policies, overrides } = rule;
  const gateway: GatewayRoute = { object: { kind, namespace, name }, rule: rule.name, ...rule.limits };
  return {
    shared: {
      ...{ profile: 'gateway', stripPrefix: false, rewriteRedirects: false, overrides, tlsRedirect: false },
      cluster: cluster.id,
      ...(backends && { backends }),
      ...(policies.length > 0 && { policies }),
      ...{ gateway, service: cluster.service, createdAt },
    },
    places: rule.places.map(({ path, match, conditions, narrowness, turn = 0 }, number) => ({
      turn,
      where: { path, ...(match && { match }) },
      listener: {
        match: `${kind} ${namespace}/${name} ${index} ${number}`,
        rank: rankOf(narrowness, { namespace, name, createdAt }, index, number),
        ...(conditions && { conditions }),
      },
    })),
  };
}
