/** What of the Kubernetes API is read, and written, only where Gateways are served. */
import { type Clock, systemClock } from '../clock.ts';
import type { KubeClient } from '../sources/kube/client.ts';
import { configMapSource } from '../sources/kube/config-map-source.ts';
import { GatewayKeeper } from '../sources/kube/gateway-keeper.ts';
import { GatewayServiceSource } from '../sources/kube/gateway-service-source.ts';
import { GatewaySource } from '../sources/kube/gateway-source.ts';
import type { KubeObject } from '../sources/kube/list.ts';
import { publishedCollection } from '../sources/kube/published-service.ts';
import { WatchedCollection } from '../sources/kube/watched-collection.ts';
import type { DemandedSource, FollowedSource } from './followed-source.ts';
import type { SourceOptions } from './running-source.ts';
import { GatewayPublication } from './status/gateway-publication.ts';
import { readGatewayServices } from './status/gateway-service-plan.ts';
import { GatewayServicePublication } from './status/gateway-service-publication.ts';
import { addressesOfService } from './status/published-addresses.ts';
import type { StatusElection } from './status/status-election.ts';

export interface KubeGatewaysOptions extends SourceOptions {
  readonly client: KubeClient;
  readonly election: StatusElection;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface KubeGateways {
  /** Between the sources and the catalog, for the state file and the statuses. */
  readonly keeper: GatewayKeeper;
  readonly followed: readonly FollowedSource[];
  readonly demanded: readonly DemandedSource[];
  readonly publication: GatewayPublication;
}

export function kubeGateways(options: KubeGatewaysOptions): KubeGateways {
  const { settings, catalog, logger, client, election, onChange } = options;
  const { gateways } = catalog;
  const keeper = new GatewayKeeper(gateways);
  const source = new GatewaySource({
    ...{ settings, client, logger, onChange, store: keeper },
    restored: kind => keeper.restored(kind),
  });
  const services = gatewayServiceParts(options, keeper);
  const published = publishedAddresses(options);
  return {
    keeper,
    followed: [source, services?.source ?? [], published ?? []].flat(),
    demanded: [configMapSource(keeper.configMaps, { client, logger, onChange })],
    publication: new GatewayPublication({
      controllerName: settings.gatewayController,
      source: gateways,
      versionOf: kind => source.versionOf(kind),
      services: services?.publication,
      ...{ election, keeper, client, logger },
    }),
  };
}

/** Undefined where no Services are made for Gateways. */
function gatewayServiceParts(
  { settings, catalog, logger, client, election, onChange }: KubeGatewaysOptions,
  keeper: GatewayKeeper,
): { readonly source: GatewayServiceSource; readonly publication: GatewayServicePublication } | undefined {
  const { gateways } = catalog;
  const { services } = gateways;
  const own = settings.gatewayEndpoints;
  if (services === undefined || own === undefined) return undefined;
  const source = new GatewayServiceSource({
    ...{ settings, own, client, logger },
    onChange: receivedAt => {
      const stored = { services: source.services.objects(), slices: source.slices.objects() };
      const isWhole = source.services.isKnown && source.slices.isKnown;
      keeper.services.set(readGatewayServices(stored), isWhole);
      if (services.isChanged) onChange(receivedAt);
      publication.look();
    },
  });
  const publication = new GatewayServicePublication({
    ...{ election, source, services, client, logger, onChange },
    readings: () => gateways.readings(),
    gateways: () => new Set([...keeper.all('Gateway')].flatMap(({ metadata }) => metadata.uid ?? [])),
  });
  return { source, publication };
}

/** Follows the Service whose addresses are those of all Gateways; undefined where they have others. */
function publishedAddresses({
  settings,
  catalog,
  client,
  logger,
  onChange,
  clock = systemClock,
  random = Math.random,
}: KubeGatewaysOptions): FollowedSource | undefined {
  const { sharedPorts } = catalog.gateways;
  const { publishService: service } = settings;
  if (sharedPorts === undefined || service === undefined) return undefined;
  const watched = new WatchedCollection<KubeObject>({
    ...{ collections: [publishedCollection(service)], client, logger, clock, random },
    onChange: receivedAt => {
      const [found] = watched.objects();
      sharedPorts.setAddresses(addressesOfService(found));
      onChange(receivedAt);
    },
  });
  return watched;
}
